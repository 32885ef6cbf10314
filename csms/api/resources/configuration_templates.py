"""Configuration templates: wanted settings by vendor and model, how far chargers are from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from csms.api.context import Context
from csms.api.fields import Int64, Text
from csms.api.paging import Page, PageQuery, Pager, view
from csms.api.problems import field_error, invalid
from csms.api.route import Asked, Nothing, Reply, Route, delete, get
from csms.api.template_shapes import (
    Applied,
    ApplyBody,
    ChargePointDrift,
    DriftCount,
    DriftView,
    JobQuery,
    JobView,
    SettingView,
    Suggestion,
    Suggestions,
    TemplateBody,
    TemplateDrift,
    TemplateView,
)
from csms.api.variable_names import SettingBody, setting_of
from csms.events import ConfigurationJobProgressed
from csms.model import OcppVersion
from csms.services.confidential import may_hold_secret
from csms.services.provisioning.setting_names import parse_name
from csms.services.provisioning.templates import (
    GOOD_DEFAULTS,
    Known,
    SettingDrift,
    Template,
    drift,
    dump_setting,
    settings_for,
)
from csms.services.provisioning.words import SetConfiguration, VariableName
from csms.store.admin import charge_points
from csms.store.admin import configuration_templates as store
from csms.store.admin.window import AdminConnection, Row, Window
from csms.store.provisioning import template_of

TAG: Final = "Configuration templates"
MAX_APPLIED: Final = 10_000


class ConfigurationTemplates:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._templates: Pager[TemplateView] = Pager(tuple[Text], "id")
        self._drifts: Pager[DriftCount] = Pager(tuple[Text], "id")
        self._jobs: Pager[JobView] = Pager(tuple[Int64], "id")

    def routes(self) -> Sequence[Route[Any, Any]]:
        path = "/api/v1/configuration-templates"
        one = path + "/{template_id}"
        return [
            get(
                path,
                self.list_all,
                "List templates",
                tag=TAG,
                query=PageQuery,
                answer=Page[TemplateView],
            ),
            get(
                path + "/suggestions",
                self.suggest,
                "Show templates to adopt",
                tag=TAG,
                query=Nothing,
                answer=Suggestions,
            ),
            get(one, self.read, "Show one", tag=TAG, query=Nothing, answer=TemplateView),
            Route(
                method="PUT",
                path=one,
                handler=self.replace,
                summary="Create or replace a template",
                tag=TAG,
                query=Nothing,
                body=TemplateBody,
                answers={200: TemplateView, 201: TemplateView},
                problems=(409,),
            ),
            delete(one, self.remove, "Delete a template; its jobs go on", tag=TAG),
            get(
                one + "/drift",
                self.drift_of_all,
                "List the charge points it fits, and how far they are from it",
                tag=TAG,
                query=PageQuery,
                answer=Page[DriftCount],
                problems=(404,),
            ),
            Route(
                method="POST",
                path=one + "/apply",
                handler=self.apply,
                summary="Apply it once, a job for each charge point",
                tag=TAG,
                query=Nothing,
                body=ApplyBody,
                answers={202: Applied},
                problems=(404,),
            ),
            get(
                "/api/v1/charge-points/{charge_point_id}/configuration-drift",
                self.drift_of_one,
                "Compare what it told with the templates that fit",
                tag=TAG,
                query=Nothing,
                answer=ChargePointDrift,
                problems=(404,),
            ),
            get(
                "/api/v1/configuration-jobs",
                self.list_jobs,
                "List jobs, the newest first",
                tag=TAG,
                query=JobQuery,
                answer=Page[JobView],
            ),
            get(
                "/api/v1/configuration-jobs/{job_id}",
                self.read_job,
                "Show one, with the result of each setting",
                tag=TAG,
                query=Nothing,
                answer=JobView,
                problems=(404,),
            ),
            Route(
                method="POST",
                path="/api/v1/configuration-jobs/{job_id}/cancel",
                handler=self.cancel_job,
                summary="Give up a job that waits",
                tag=TAG,
                query=Nothing,
                body=Nothing,
                answers={200: JobView},
                problems=(404, 409),
            ),
        ]

    async def list_all(self, asked: Asked[PageQuery, Nothing]) -> Page[TemplateView]:
        window = self._templates.window(asked.query)
        async with self._context.database.begin() as connection:
            rows = await store.list_page(connection, window)
        return self._templates.page(rows, asked.query, lambda row: view(TemplateView, row))

    async def suggest(self, _: Asked[Nothing, Nothing]) -> Suggestions:
        settings = [
            SetConfiguration(parse_name(name), value) for name, value in GOOD_DEFAULTS.items()
        ]
        return Suggestions(
            [Suggestion("Good defaults", "*", "*", "*", [_setting(each) for each in settings])]
        )

    async def read(self, asked: Asked[Nothing, Nothing]) -> TemplateView:
        async with self._context.database.begin() as connection:
            return view(TemplateView, await store.find(connection, asked.path["template_id"]))

    async def replace(self, asked: Asked[Nothing, TemplateBody]) -> Reply:
        template_id, body = str(asked.path["template_id"]), asked.body
        values = {
            **msgspec.to_builtins(body),
            "settings": [dump_setting(setting) for setting in _checked(body.settings)],
        }
        target = f"configuration-templates/{template_id}"
        async with self._context.change(asked.actor.name, "replace", target, values) as connection:
            row, is_new = await store.replace(connection, template_id, values)
        return Reply(view(TemplateView, row), 201 if is_new else 200)

    async def remove(self, asked: Asked[Nothing, Nothing]) -> None:
        template_id = str(asked.path["template_id"])
        target = f"configuration-templates/{template_id}"
        async with self._context.change(asked.actor.name, "delete", target, {}) as connection:
            await store.remove(connection, template_id)

    async def drift_of_all(self, asked: Asked[PageQuery, Nothing]) -> Page[DriftCount]:
        window = self._drifts.window(asked.query)
        async with self._context.database.begin() as connection:
            template = await self._template(connection, asked)
            rows = await store.charge_points_for(connection, template, window)
            known = await store.known_values(connection, [row["key"] for row in rows])
        return self._drifts.page(
            rows, asked.query, lambda row: _count(row, _drift(template, row, known[row["key"]]))
        )

    async def drift_of_one(self, asked: Asked[Nothing, Nothing]) -> ChargePointDrift:
        async with self._context.database.begin() as connection:
            row = await charge_points.find(connection, asked.charge_point_id)
            templates = await store.templates_for(connection, row)
            known = (await store.known_values(connection, [row["key"]]))[row["key"]]
        return ChargePointDrift(
            [
                TemplateDrift(each.id, [_shown(setting) for setting in _drift(each, row, known)])
                for each in templates
            ]
        )

    async def apply(self, asked: Asked[Nothing, ApplyBody]) -> Reply:
        wanted = asked.body.charge_point_ids
        target = f"configuration-templates/{asked.path['template_id']}"
        data = {"charge_point_ids": wanted}
        async with self._context.change(asked.actor.name, "apply", target, data) as connection:
            template = await self._template(connection, asked)
            window = Window(MAX_APPLIED)
            rows = await store.charge_points_for(connection, template, window, wanted)
            _check_all_fit(wanted, rows)
            keys = [row["key"] for row in rows]
            made = await store.add_jobs(connection, template, keys, asked.actor.name)
        for row in rows:
            self._context.events.publish(
                ConfigurationJobProgressed(
                    at=self._context.clock.now(),
                    charge_point_id=row["id"],
                    job_id=None,
                    template_id=template.id,
                    status="waiting",
                )
            )
        return Reply(Applied(made), 202)

    async def list_jobs(self, asked: Asked[JobQuery, Nothing]) -> Page[JobView]:
        query = asked.query
        window = self._jobs.window(query)
        async with self._context.database.begin() as connection:
            rows = await store.list_jobs(
                connection,
                window,
                template_id=query.template_id or None,
                charge_point_id=query.charge_point_id or None,
                status=query.status or None,
            )
        return self._jobs.page(rows, query, lambda row: view(JobView, row))

    async def read_job(self, asked: Asked[Nothing, Nothing]) -> JobView:
        async with self._context.database.begin() as connection:
            return view(JobView, await store.find_job(connection, int(asked.path["job_id"])))

    async def cancel_job(self, asked: Asked[Nothing, Nothing]) -> JobView:
        number = int(asked.path["job_id"])
        target = f"configuration-jobs/{number}"
        async with self._context.change(asked.actor.name, "cancel", target, {}) as connection:
            return view(JobView, await store.cancel_job(connection, number))

    async def _template(self, connection: AdminConnection, asked: Asked[Any, Any]) -> Template:
        return template_of(await store.find(connection, asked.path["template_id"]))


def _checked(bodies: Sequence[SettingBody]) -> list[SetConfiguration]:
    """Return the settings; a password has its own way, where nobody reads it afterwards."""
    for number, body in enumerate(bodies):
        if may_hold_secret(body.variable) or may_hold_secret(body.value):
            allowed = "no passwords, keys and PINs; they are not for everybody who reads templates"
            raise invalid([field_error(f"settings.{number}.variable", body.variable, allowed)])
    settings = [setting_of(body) for body in bodies]
    seen: set[VariableName] = set()
    for number, setting in enumerate(settings):
        if setting.name in seen:
            name = f"settings.{number}.variable"
            raise invalid([field_error(name, bodies[number].variable, "each variable once")])
        seen.add(setting.name)
    return settings


def _check_all_fit(wanted: Sequence[str] | None, rows: Sequence[Row]) -> None:
    fitting = {row["id"].casefold() for row in rows}
    strange = [each for each in wanted or () if each.casefold() not in fitting]
    if strange:
        allowed = "an accepted charge point that the template fits"
        raise invalid([field_error("charge_point_ids", each, allowed) for each in strange[:50]])


def _drift(
    template: Template, charge_point: Row, known: dict[str, Known]
) -> tuple[SettingDrift, ...]:
    version = OcppVersion(charge_point["ocpp_version"] or OcppVersion.V16)
    return drift(settings_for(version, template.settings), known)


def _shown(setting: SettingDrift) -> DriftView:
    return DriftView(
        setting.name, setting.wanted, setting.value, setting.state.value, setting.reported_at
    )


def _count(charge_point: Row, found: Sequence[SettingDrift]) -> DriftCount:
    states = [each.state.value for each in found]
    return DriftCount(
        charge_point["id"],
        states.count("matches"),
        states.count("differs"),
        states.count("unknown"),
    )


def _setting(setting: SetConfiguration) -> SettingView:
    return msgspec.convert(dump_setting(setting), SettingView)

"""Configuration: variables or keys asked for and set, one or many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from csms.api.context import Context
from csms.api.orders import ERRORS, TAG, AnswerView, CommandQuery, Orders, order, view_of
from csms.api.route import Asked, Nothing, Route, get
from csms.api.variable_names import SettingBody, setting_of
from csms.model import OcppVersion
from csms.services.provisioning.device_models import DeviceModels
from csms.services.provisioning.setting_names import parse_name
from csms.services.provisioning.words import SetConfiguration, VariableName
from csms.store.provisioning import ProvisioningStore

MAX_NAMES: Final = 100


class ConfigurationQuery(CommandQuery):
    name: Annotated[
        list[Annotated[str, Meta(pattern="^[ -~]{1,250}$")]],
        Meta(
            max_length=MAX_NAMES,
            description="A configuration key (1.6) or Component.Variable (2.0.1), such as "
            "EVSE@1.AvailabilityState or DeviceDataCtrlr.ItemsPerMessage[GetReport]; repeatable.",
        ),
    ] = msgspec.field(default_factory=list)


class SettingsBody(Struct, forbid_unknown_fields=True):
    settings: Annotated[list[SettingBody], Meta(min_length=1, max_length=MAX_NAMES)]


class Configuration:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._orders = Orders(context)
        self._models = DeviceModels(
            context.commands, context.links, ProvisioningStore(context.database)
        )

    def routes(self) -> Sequence[Route[Any, Any]]:
        summary = "Set a variable or key"
        return [
            order("configuration", SettingBody, self.set_one, summary),
            order("configuration", SettingBody, self.set_one, summary, method="PUT"),
            order(
                "configuration",
                SettingsBody,
                self.set_many,
                "Set several variables or keys; accepted if all are",
                method="PATCH",
            ),
            get(
                "/api/v1/charge-points/{charge_point_id}/configuration",
                self.read,
                "Ask for variables or configuration keys",
                tag=TAG,
                query=ConfigurationQuery,
                answer=AnswerView,
                problems=ERRORS,
            ),
        ]

    async def read(self, asked: Asked[ConfigurationQuery, Nothing]) -> AnswerView:
        await self._orders.check_known(asked)
        link = self._context.links.get(asked.charge_point_id)
        is_v16 = link is not None and link.version is OcppVersion.V16
        # 1.6 vendors put dots into their keys
        names = [VariableName(name) if is_v16 else parse_name(name) for name in asked.query.name]
        return view_of(
            await self._models.read(asked.charge_point_id, names, asked.query.timeout or None)
        )

    async def set_one(self, asked: Asked[CommandQuery, SettingBody]) -> AnswerView:
        await self._orders.note(asked, "configuration", msgspec.to_builtins(asked.body))
        return view_of(await self._orders.send(asked, setting_of(asked.body)))

    async def set_many(self, asked: Asked[CommandQuery, SettingsBody]) -> AnswerView:
        await self._orders.note(asked, "configuration", msgspec.to_builtins(asked.body))
        settings: list[SetConfiguration] = [setting_of(each) for each in asked.body.settings]
        return view_of(
            await self._models.write(asked.charge_point_id, settings, asked.query.timeout or None)
        )

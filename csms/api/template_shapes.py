"""The bodies of configuration templates, of drift from them, and of the jobs that apply them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from csms.api.fields import ChargePointId, Name, Text
from csms.api.paging import PageQuery
from csms.api.variable_names import SettingBody

Pattern = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=100,
        pattern=r"^[^\x00-\x1f\x7f]*$",
        description="* stands for any text, ? for any character; case does not matter.",
    ),
]


class TemplateBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """A setting that OCPP 1.6 and 2.0.1 both have may be written with the name of either.

    `apply_on_approval`: applied once to every charge point that is accepted from now on.
    `restart_if_needed`: restart, when it suits, who says that a setting needs it.
    """

    name: Name
    vendor: Pattern = "*"
    model: Pattern = "*"
    firmware_version: Pattern = "*"
    settings: Annotated[list[SettingBody], Meta(min_length=1, max_length=200)]
    apply_on_approval: bool = False
    restart_if_needed: bool = False


class SettingView(Struct, omit_defaults=True, kw_only=True):
    component: str | None = None
    component_instance: str | None = None
    evse_id: int | None = None
    connector_id: int | None = None
    variable: str
    variable_instance: str | None = None
    attribute: str | None = None
    value: str


class TemplateView(Struct):
    id: str
    name: str
    vendor: str
    model: str
    firmware_version: str
    settings: list[SettingView]
    apply_on_approval: bool
    restart_if_needed: bool
    version: int
    created_at: datetime
    updated_at: datetime


class Suggestion(Struct):
    """A template that suits most sites; PUT it under an id of your own to adopt it."""

    name: str
    vendor: str
    model: str
    firmware_version: str
    settings: list[SettingView]


class Suggestions(Struct):
    items: list[Suggestion]


class DriftView(Struct):
    """`state`: matches, differs, or unknown (the charge point never told)."""

    name: str
    wanted: str
    value: str | None
    state: str
    reported_at: datetime | None


class TemplateDrift(Struct):
    template_id: str
    settings: list[DriftView]


class ChargePointDrift(Struct):
    """Each template that fits, in names of the charge point's own OCPP version."""

    items: list[TemplateDrift]


class DriftCount(Struct):
    charge_point_id: str
    matches: int
    differs: int
    unknown: int


class ApplyBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """To these of the charge points that it fits, or to all of them (without ids)."""

    charge_point_ids: Annotated[list[ChargePointId], Meta(min_length=1, max_length=1000)] | None = (
        None
    )


class Applied(Struct):
    """How many jobs were made; charge points with an open one of this template get no other."""

    jobs: int


class JobResult(Struct):
    """`result`: unchanged, set, reboot_required, refused, not_kept, unknown or read_only."""

    name: str
    wanted: str
    before: str | None
    after: str | None
    result: str
    reason: str | None


class JobView(Struct):
    """`status`: waiting, running, reboot_required, verifying, applied, incomplete, failed or
    cancelled."""

    id: int
    charge_point_id: str
    template_id: str
    template_version: int
    status: str
    reason: str | None
    results: list[JobResult]
    requested_by: str
    requested_at: datetime
    updated_at: datetime


class JobQuery(PageQuery, kw_only=True):
    template_id: Text | UnsetType = UNSET
    charge_point_id: Text | UnsetType = UNSET
    status: Text | UnsetType = UNSET

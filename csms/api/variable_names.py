"""Variables of the device model in the API's bodies."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from csms.api.fields import ConnectorId, EvseId
from csms.services.provisioning.words import SetConfiguration, VariableName

NAME_PATTERN = "^[ -~]+$"

Word: TypeAlias = Annotated[str, Meta(min_length=1, max_length=100, pattern=NAME_PATTERN)]
"""1.6 keys have up to 50 characters, 2.0.1 components and variables as many each."""
Component: TypeAlias = Annotated[str, Meta(max_length=100, pattern="^[ -~]*$")]
Value: TypeAlias = Annotated[str, Meta(max_length=2500, pattern=r"^[^\x00]*$")]


class NameBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """A variable of the device model; all of a component's where `variable` is left out."""

    component: Word
    variable: Component = ""
    component_instance: Word | None = None
    variable_instance: Word | None = None
    evse_id: EvseId | None = None
    connector_id: ConnectorId | None = None


class SettingBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """A variable of the device model with a value; a key of OCPP 1.6 has no component."""

    variable: Word
    value: Value
    component: Component = ""
    component_instance: Word | None = None
    variable_instance: Word | None = None
    evse_id: EvseId | None = None
    connector_id: ConnectorId | None = None
    attribute: Annotated[str, Meta(pattern="^(Actual|Target|MinSet|MaxSet)$")] | None = None


def name_of(body: NameBody) -> VariableName:
    return VariableName(
        body.variable,
        body.component,
        body.component_instance,
        body.variable_instance,
        body.evse_id,
        body.connector_id,
    )


def setting_of(body: SettingBody) -> SetConfiguration:
    name = VariableName(
        body.variable,
        body.component,
        body.component_instance,
        body.variable_instance,
        body.evse_id,
        body.connector_id,
        body.attribute,
    )
    return SetConfiguration(name, body.value)

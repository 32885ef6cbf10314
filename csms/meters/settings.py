"""What the installer enters for each kind of meter, checked.

Secrets never stand here: a password, key or certificate is named, and lies as a file of that
name in the server's directory of secrets.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Final, Generic, Literal, TypeAlias, TypeVar

from msgspec import Meta, Struct

from csms.errors import InvalidValueError
from csms.meters.measurement import Placement
from csms.meters.mistakes import converted
from csms.meters.secrets import NAME_PATTERN
from csms.smart_charging.grid import parse_wiring

T = TypeVar("T")


class MeterKind(StrEnum):
    """How a meter is read."""

    API = "api"
    """Readings come by POST; nothing runs."""
    OCPP = "ocpp"
    """A charge point's own meter of its supply (EVSE 0)."""
    MODBUS = "modbus"
    P1 = "p1"
    MQTT = "mqtt"


Host: TypeAlias = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=253,
        pattern=r"^[A-Za-z0-9._:%\-]+$",
        description="a host name or IP address",
    ),
]
Port: TypeAlias = Annotated[int, Meta(ge=1, le=65535, description="a port from 1 to 65535")]
SecretName: TypeAlias = Annotated[
    str,
    Meta(
        pattern=NAME_PATTERN,
        description="the name of a file in the directory of secrets "
        "(letters, digits, dots, dashes, underscores)",
    ),
]
Topic: TypeAlias = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=512,
        pattern=r"^[^+#\x00]+$",
        description="an MQTT topic without wildcards",
    ),
]
Scale: TypeAlias = Annotated[
    float,
    Meta(ge=-1e9, le=1e9, description="a factor other than 0, for example 0.001 or -1"),
]
Silence: TypeAlias = Annotated[
    float,
    Meta(ge=1, le=3600, description="seconds from 1 to 3600 without a reading, then reconnect"),
]
Seconds: TypeAlias = Annotated[float, Meta(ge=0.1, le=60, description="seconds from 0.1 to 60")]

Voltage: TypeAlias = Annotated[float, Meta(ge=50, le=400, description="volts from 50 to 400")]
SunSpecAddress: TypeAlias = Annotated[
    int, Meta(ge=0, le=65000, description="a register from 0 to 65000")
]
JsonPath: TypeAlias = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=256,
        description="names and list positions joined by dots, for example emeters.0.current",
    ),
]
UserName: TypeAlias = Annotated[str, Meta(min_length=1, max_length=256, description="a user name")]


class Strict(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fields that don't exist are mistakes, not decoration."""


class Placed(Strict, frozen=True, kw_only=True):
    """What is asked of every meter."""

    phases: Annotated[
        str,
        Meta(
            max_length=12,
            description="the phase of the grid at each terminal of the meter: "
            "L1L2L3, L2L3L1, ..., L1L2, L1, L2 or L3",
        ),
    ] = "L1L2L3"
    inverted: Annotated[bool, Meta(description="true where import shows as negative")] = False
    assumed_voltage_v: Voltage | None = None
    """For a meter that tells power without voltage."""
    silence_s: Silence = 30.0

    def placement(self, circuit_id: str) -> Placement:
        return Placement(
            circuit_id=circuit_id,
            phases=parse_wiring(self.phases).phases,
            inverted=self.inverted,
            assumed_voltage_v=self.assumed_voltage_v,
        )


class Tls(Strict, frozen=True, kw_only=True):
    """Encryption; without `ca` the system's authorities are trusted."""

    ca: SecretName | None = None
    """PEM: who signs the other side's certificate, or that certificate itself."""
    certificate: SecretName | None = None
    """PEM: our own certificate, where the other side asks for one."""
    key: SecretName | None = None
    server_name: Host | None = None
    """The name in the other side's certificate where it isn't the host."""


class ByQuantity(Strict, Generic[T], frozen=True, kw_only=True):
    """Something for each quantity that the meter has; see `measurement` for what they mean."""

    current_l1_a: T | None = None
    current_l2_a: T | None = None
    current_l3_a: T | None = None
    voltage_l1_v: T | None = None
    voltage_l2_v: T | None = None
    voltage_l3_v: T | None = None
    power_l1_w: T | None = None
    power_l2_w: T | None = None
    power_l3_w: T | None = None
    export_l1_w: T | None = None
    export_l2_w: T | None = None
    export_l3_w: T | None = None
    power_w: T | None = None
    export_w: T | None = None
    battery_w: T | None = None

    def items(self) -> dict[str, T]:
        """Return those that are set."""
        found = {name: getattr(self, name) for name in self.__struct_fields__}
        return {name: value for name, value in found.items() if value is not None}


class Register(Strict, frozen=True, kw_only=True):
    """Where a Modbus meter keeps a quantity."""

    address: Annotated[
        int, Meta(ge=0, le=65535, description="a register from 0 to 65535, counted from 0")
    ]
    type: Annotated[
        Literal["int16", "uint16", "int32", "uint32", "float32"],
        Meta(description="int16, uint16, int32, uint32 or float32"),
    ] = "int16"
    word_order: Annotated[
        Literal["big", "little"], Meta(description="big (high word first) or little")
    ] = "big"
    scale: Scale = 1.0
    function: Annotated[
        Literal[3, 4], Meta(description="3 (holding registers) or 4 (input registers)")
    ] = 3


class ModbusSettings(Placed, frozen=True, kw_only=True):
    host: Host
    port: Port | None = None
    """502, with TLS 802."""
    unit_id: Annotated[int, Meta(ge=0, le=255, description="a unit id from 0 to 255")] = 1
    interval_s: Seconds = 1.0
    timeout_s: Seconds = 3.0
    tls: Tls | None = None
    registers: ByQuantity[Register] | None = None
    """Without: the meter speaks SunSpec."""
    sunspec_address: SunSpecAddress | None = None
    """Where the SunSpec map begins, if not at 40000, 50000 or 0."""


class P1Settings(Placed, frozen=True, kw_only=True):
    host: Host
    port: Port = 23
    variant: Annotated[
        Literal["dsmr4", "dsmr5", "belgium", "luxembourg", "luxembourg_encrypted", "sweden"],
        Meta(
            description="dsmr4, dsmr5, belgium, luxembourg, luxembourg_encrypted or sweden",
        ),
    ] = "dsmr5"
    encryption_key: SecretName | None = None
    """32 hexadecimal digits, from the grid operator."""
    timeout_s: Seconds = 5.0


class MqttValue(Strict, frozen=True, kw_only=True):
    """Where a quantity is published."""

    topic: Topic | None = None
    path: JsonPath | None = None
    """Into a JSON payload; without, the payload is the number."""
    scale: Scale = 1.0


class MqttSettings(Placed, frozen=True, kw_only=True):
    host: Host
    port: Port | None = None
    """1883, with TLS 8883."""
    username: UserName | None = None
    password: SecretName | None = None
    tls: Tls | None = None
    topic: Topic | None = None
    """For all values that name none."""
    values: ByQuantity[MqttValue]
    max_age_s: Silence = 30.0
    """An older value is no value."""
    timeout_s: Seconds = 5.0


class OcppSettings(Placed, frozen=True, kw_only=True):
    charge_point_id: Annotated[
        str, Meta(min_length=1, max_length=48, description="a charge point's identity")
    ]
    silence_s: Silence = 180.0


class ApiSettings(Strict, frozen=True, kw_only=True):
    """Who posts readings says everything there."""


LinkedSettings: TypeAlias = ModbusSettings | P1Settings | MqttSettings | OcppSettings
MeterSettings: TypeAlias = LinkedSettings | ApiSettings

_TYPES: Final[Mapping[MeterKind, type[MeterSettings]]] = {
    MeterKind.API: ApiSettings,
    MeterKind.OCPP: OcppSettings,
    MeterKind.MODBUS: ModbusSettings,
    MeterKind.P1: P1Settings,
    MeterKind.MQTT: MqttSettings,
}


def read_settings(kind: str, settings: Mapping[str, Any]) -> MeterSettings:
    """Return the settings of a meter of this kind.

    Raises InvalidValueError, which names the field, what it held and what is allowed.
    """
    try:
        type_ = _TYPES[MeterKind(kind)]
    except ValueError:
        raise InvalidValueError("kind", kind, ", ".join(MeterKind)) from None
    read = converted(settings, type_)
    if isinstance(read, Placed):
        _check_placed(read)
    match read:
        case ModbusSettings():
            _check_modbus(read)
        case MqttSettings():
            _check_mqtt(read)
        case P1Settings():
            _check_p1(read)
    return read


def _check_placed(settings: Placed) -> None:
    allowed = "L1L2L3, L2L3L1, ..., L1L2, L1, L2 or L3"
    try:
        wiring = parse_wiring(settings.phases)
    except ValueError:
        raise InvalidValueError("phases", settings.phases, allowed) from None
    if wiring.between_lines:
        raise InvalidValueError("phases", settings.phases, allowed)


def _check_tls(tls: Tls | None) -> None:
    if tls is None:
        return
    if tls.key is not None and tls.certificate is None:
        raise InvalidValueError("tls.certificate", None, "the certificate that the key belongs to")


def _check_modbus(settings: ModbusSettings) -> None:
    _check_tls(settings.tls)
    if settings.registers is None:
        return
    registers = settings.registers.items()
    if settings.sunspec_address is not None:
        raise InvalidValueError(
            "sunspec_address", settings.sunspec_address, "nothing, where registers are given"
        )
    _check_scales("registers", registers)
    _check_enough("registers", registers)


def _check_mqtt(settings: MqttSettings) -> None:
    _check_tls(settings.tls)
    if settings.password is not None and settings.username is None:
        raise InvalidValueError("username", None, "a user name, where there is a password")
    values = settings.values.items()
    _check_scales("values", values)
    _check_enough("values", values)
    for name, value in values.items():
        if value.topic is None and settings.topic is None:
            raise InvalidValueError(
                f"values.{name}.topic", None, "an MQTT topic, here or as `topic` for all values"
            )


def _check_p1(settings: P1Settings) -> None:
    encrypted = settings.variant == "luxembourg_encrypted"
    if encrypted and settings.encryption_key is None:
        raise InvalidValueError(
            "encryption_key", None, "the name of the file that holds the key, for this variant"
        )
    if not encrypted and settings.encryption_key is not None:
        raise InvalidValueError(
            "encryption_key", settings.encryption_key, "nothing, for a variant without encryption"
        )


def _check_scales(field: str, given: Mapping[str, Register] | Mapping[str, MqttValue]) -> None:
    for name, value in given.items():
        if value.scale == 0:
            raise InvalidValueError(f"{field}.{name}.scale", value.scale, "a factor other than 0")


def _check_enough(field: str, given: Mapping[str, object]) -> None:
    """At least one phase must have a current, or a power to reckon it from."""
    if not any(name.startswith(("current_l", "power_l")) for name in given):
        raise InvalidValueError(
            field, sorted(given), "a current or a power for each phase that is measured"
        )

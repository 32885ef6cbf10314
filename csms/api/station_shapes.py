"""The bodies of the commands that OCPP 2.1 alone has."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct

from csms.api.fields import (
    EvseId,
    IdTokenText,
    IdTokenType,
    Int32,
    Moment,
    OutletId,
    RecordId,
)
from csms.api.orders import CommandQuery
from csms.api.transaction_limits import TransactionLimits

TariffId: TypeAlias = Annotated[str, Meta(min_length=1, max_length=60, pattern="^[ -~]+$")]
ControlId: TypeAlias = Annotated[str, Meta(min_length=1, max_length=36, pattern="^[ -~]+$")]
Word: TypeAlias = Annotated[str, Meta(pattern="^[A-Za-z0-9_]{1,50}$")]
OcppTariff: TypeAlias = Annotated[dict[str, Any], Meta(description="A TariffType of OCPP 2.1.")]
PositiveInt: TypeAlias = Annotated[int, Meta(ge=0, le=2**31 - 1)]
_Power: TypeAlias = Annotated[float, Meta(ge=-10_000_000, le=10_000_000)]


class DefaultTariffBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """Either `tariff_id`, one of /tariffs as it is today, or a `tariff` as OCPP writes it.

    `evse_id` 0: every EVSE.
    """

    tariff_id: TariffId | None = None
    tariff: OcppTariff | None = None
    evse_id: EvseId = 0


class TariffsQuery(CommandQuery):
    evse_id: EvseId = 0


class ClearTariffsBody(Struct, forbid_unknown_fields=True):
    """Without `tariff_ids` all tariffs; without `evse_id` those of every EVSE."""

    tariff_ids: Annotated[list[TariffId], Meta(max_length=100)] = msgspec.field(
        default_factory=list
    )
    evse_id: EvseId | None = None


class TransactionTariffBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """Either `tariff_id` or `tariff`, as for default-tariff.

    `transaction_id` is the `id` of /transactions.
    """

    transaction_id: RecordId
    tariff_id: TariffId | None = None
    tariff: OcppTariff | None = None


class DynamicScheduleBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """New values of a dynamic charging profile, in A or W as the profile says.

    Without a phase in its name a value is that of all phases, or of L1 if the others have their
    own. A `discharge_limit` is not above 0. The station also gets them when it asks.
    """

    profile_id: Int32
    limit: _Power | None = None
    limit_l2: _Power | None = None
    limit_l3: _Power | None = None
    discharge_limit: _Power | None = None
    discharge_limit_l2: _Power | None = None
    discharge_limit_l3: _Power | None = None
    setpoint: _Power | None = None
    setpoint_l2: _Power | None = None
    setpoint_l3: _Power | None = None
    setpoint_reactive: _Power | None = None
    setpoint_reactive_l2: _Power | None = None
    setpoint_reactive_l3: _Power | None = None


class DerControlBody(Struct, forbid_unknown_fields=True):
    """`settings` is the object of SetDERControl that belongs to the type, such as `curve`."""

    control_id: ControlId
    control_type: Word
    settings: dict[str, Any]
    is_default: bool = False


class DerChoiceBody(Struct, forbid_unknown_fields=True):
    """By `control_id`, or all of a `control_type`; `is_default` null: scheduled ones too."""

    control_id: ControlId | None = None
    control_type: Word | None = None
    is_default: bool | None = None


class DerClearBody(Struct, forbid_unknown_fields=True):
    """The default ones, or the scheduled ones: one by its id, all of a type, or all."""

    is_default: bool
    control_id: ControlId | None = None
    control_type: Word | None = None


class TransactionLimitBody(TransactionLimits, forbid_unknown_fields=True, kw_only=True):
    """`transaction_id` is the `id` of /transactions. What isn't given stays as it was."""

    transaction_id: RecordId


class PriorityBody(Struct, forbid_unknown_fields=True):
    """`transaction_id` is the `id` of /transactions."""

    transaction_id: RecordId
    activate: bool = True


class BatterySwapBody(Struct, forbid_unknown_fields=True):
    """Who shall get batteries; refused (409) unless the id token may charge there."""

    id_token: IdTokenText
    type: IdTokenType | None = None


class AllowedTransferBody(Struct, forbid_unknown_fields=True):
    """`transaction_id` is the `id` of /transactions."""

    transaction_id: RecordId
    allowed: Annotated[
        list[
            Literal[
                "AC_single_phase",
                "AC_two_phase",
                "AC_three_phase",
                "DC",
                "AC_BPT",
                "AC_BPT_DER",
                "AC_DER",
                "DC_BPT",
                "DC_ACDP",
                "DC_ACDP_BPT",
                "WPT",
            ]
        ],
        Meta(min_length=1, max_length=11),
    ]


class EventStreamBody(Struct, forbid_unknown_fields=True):
    """How often values come: at the latest after `interval_s`, or when so many are there."""

    stream_id: PositiveInt
    interval_s: PositiveInt | None = None
    values_per_message: PositiveInt | None = None


class AfrrBody(Struct, forbid_unknown_fields=True):
    """A signal of the grid's frequency restoration; without `at` it is of now."""

    signal: Int32
    at: Moment | None = None


class WebPaymentBody(Struct, forbid_unknown_fields=True):
    """Somebody pays for the EVSE on a web page: it is kept for them so long at most."""

    evse_id: OutletId
    timeout_s: Annotated[int, Meta(ge=1, le=86_400)]

"""Limits of a transaction as operators write them, for stations that keep to them (E16, F07)."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from msgspec import Meta, Struct

from csms.api.money import Amount
from csms.errors import ConflictError
from csms.model import OcppVersion
from csms.services.charge_point import ChargePoint
from csms.services.stations.limits import MAX_COST, MAX_ENERGY, MAX_SOC, MAX_TIME, StationLimits


class TransactionLimits(Struct, forbid_unknown_fields=True, kw_only=True):
    """Money is with VAT, in the tariff's currency."""

    max_cost: Amount | None = None
    max_energy_wh: Amount | None = None
    max_time_s: Annotated[int, Meta(ge=0, le=1_000_000_000)] | None = None
    max_soc_percent: Annotated[int, Meta(ge=0, le=100)] | None = None

    def named(self) -> dict[str, Decimal]:
        """Return those that are given by OCPP's names."""
        given = {
            MAX_COST: self.max_cost,
            MAX_ENERGY: self.max_energy_wh,
            MAX_TIME: self.max_time_s,
            MAX_SOC: self.max_soc_percent,
        }
        return {name: Decimal(str(limit)) for name, limit in given.items() if limit is not None}


async def check_keeps(
    limits: StationLimits, charge_point: ChargePoint, wanted: dict[str, Decimal]
) -> None:
    """Raises ConflictError for a station that could not keep to some limits."""
    if charge_point.ocpp_version is not OcppVersion.V21:
        raise ConflictError(f"{charge_point.id} does not speak OCPP 2.1, which has such limits")
    await limits.check(charge_point, wanted)

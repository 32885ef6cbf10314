"""A priced transaction as a charge detail record (CDR) of OCPI 2.2.1, section 10.

The CDR's own periods and costs are what counts. Where OCPI has no word for something,
docs/statements.md says what is given instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final, TypeAlias

from csms.signed_readings.samples import SignedSample
from csms.statements.cdr_signed import signed_data
from csms.statements.cdr_tariff import ocpi_tariff, tariff_version_id
from csms.tariff.lines import SECONDS_PER_HOUR, Line, LineKind, Unit
from csms.tariff.model import Tariff

Json: TypeAlias = dict[str, Any]

ZERO: Final = Decimal(0)
_GRAIN: Final = Decimal("0.0001")
_HOUR_GRAIN: Final = Decimal("0.000001")
_MEASURED: Final = frozenset({LineKind.ENERGY, LineKind.TIME, LineKind.PARKING_TIME})
_TIMED: Final = frozenset({LineKind.TIME, LineKind.PARKING_TIME})
_TOKEN_TYPES: Final = {
    "ISO14443": "RFID",
    "ISO15693": "RFID",
    "Local": "RFID",
    "DirectPayment": "AD_HOC_USER",
    "NoAuthorization": "AD_HOC_USER",
}


@dataclass(frozen=True, slots=True)
class Party:
    """Who issues CDRs, as OCPI names parties: PT and ABC, for example."""

    country_code: str
    party_id: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where it was charged, as a CdrLocation wants it."""

    site_id: str
    name: str
    address: str
    city: str
    postal_code: str
    country: str
    """ISO 3166-1, three letters."""
    latitude: float
    longitude: float
    charge_point_id: str
    evse_id: int
    connector_id: int
    standard: str
    """ConnectorType, such as IEC_62196_T2."""
    format: str
    """SOCKET or CABLE."""
    power_type: str
    """AC_1_PHASE, AC_2_PHASE, AC_3_PHASE or DC."""


@dataclass(frozen=True, slots=True)
class CdrFacts:
    """What a CDR is made of; only completely priced transactions have one."""

    party: Party
    place: Place
    transaction_id: int
    revision: int
    started_at: datetime
    ended_at: datetime
    energy_wh: Decimal
    currency: str
    net: Decimal
    gross: Decimal
    lines: Sequence[Line]
    tariff: Tariff
    id_token: str | None
    id_token_type: str | None
    user_id: str | None
    started_by_command: bool
    meter_id: str | None
    priced_at: datetime
    signed: Sequence[SignedSample] = ()
    """What the meter signed, oldest first."""
    public_key: str | None = None
    """Of the meter; without one what a sample brought along is given."""


def cdr(facts: CdrFacts) -> Json:
    """Return a transaction's CDR; numbers are Decimals."""
    party, place = facts.party, facts.place
    known: Json = {
        "country_code": party.country_code,
        "party_id": party.party_id,
        "id": cdr_id(facts.transaction_id, facts.revision),
        "start_date_time": moment(facts.started_at),
        "end_date_time": moment(facts.ended_at),
        "session_id": str(facts.transaction_id),
        "cdr_token": _token(facts),
        "auth_method": "COMMAND" if facts.started_by_command else "WHITELIST",
        "cdr_location": _location(party, place),
    }
    if facts.meter_id:
        known["meter_id"] = facts.meter_id
    signed = signed_data(facts.signed, facts.public_key)
    return {
        **known,
        "currency": facts.currency,
        "tariffs": _tariffs(facts),
        "charging_periods": charging_periods(facts),
        **({} if signed is None else {"signed_data": signed}),
        **_totals(facts),
        "last_updated": moment(facts.priced_at),
    }


def credit(facts: CdrFacts) -> Json:
    """Return the CDR that takes back one which a newer price replaces: all its totals negative."""
    whole = cdr(facts)
    for name, value in whole.items():
        if name.startswith("total_"):
            whole[name] = _negative(value)
    reference = whole["id"]
    return {**whole, "id": f"{reference}-C", "credit": True, "credit_reference_id": reference}


def cdr_id(transaction_id: int, revision: int) -> str:
    """Return a CDR's id; every price that replaces another one has an id of its own."""
    return str(transaction_id) if revision == 1 else f"{transaction_id}-{revision}"


def moment(at: datetime) -> str:
    """Return OCPI's DateTime: UTC, whole seconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def charging_periods(facts: CdrFacts) -> list[Json]:
    """Return a period for each moment at which a priced line begins.

    A line's whole energy or time belongs to the period in which it begins, so the volumes add up
    to what was priced.
    """
    by_start: dict[datetime, list[Line]] = {}
    for line in facts.lines:
        if line.kind in _MEASURED and line.quantity:
            by_start.setdefault(line.started_at, []).append(line)
    periods = []
    for started_at in sorted(by_start):
        lines = by_start[started_at]
        period: Json = {
            "start_date_time": moment(started_at),
            "dimensions": _dimensions(lines),
        }
        if lines[0].version is not None:
            period["tariff_id"] = tariff_version_id(facts.tariff.id, lines[0].version)
        periods.append(period)
    if not periods:
        nothing = {"type": "ENERGY", "volume": ZERO}
        periods = [{"start_date_time": moment(facts.started_at), "dimensions": [nothing]}]
    return periods


def _dimensions(lines: Iterable[Line]) -> list[Json]:
    volumes: dict[str, Decimal] = {}
    for line in lines:
        volume = line.quantity if line.unit is Unit.KWH else _hours(line.quantity)
        volumes[line.kind.value] = volumes.get(line.kind.value, ZERO) + volume
    return [{"type": kind, "volume": volume} for kind, volume in volumes.items()]


def _tariffs(facts: CdrFacts) -> list[Json]:
    numbers = sorted({line.version for line in facts.lines if line.version is not None})
    versions = [each for each in facts.tariff.versions if each.number in numbers]
    return [
        {
            "country_code": facts.party.country_code,
            "party_id": facts.party.party_id,
            **ocpi_tariff(facts.tariff, version, facts.lines),
            "last_updated": moment(facts.priced_at),
        }
        for version in versions
    ]


def _totals(facts: CdrFacts) -> Json:
    parked_s = sum(
        (line.quantity for line in facts.lines if line.kind is LineKind.PARKING_TIME), ZERO
    )
    totals: Json = {
        "total_cost": {"excl_vat": facts.net, "incl_vat": facts.gross},
        "total_energy": facts.energy_wh.scaleb(-3),
        "total_time": _hours(_seconds(facts)),
    }
    for name, kind in _COSTS.items():
        lines = [line for line in facts.lines if _paid_for(line, facts.lines) is kind]
        if lines:
            totals[name] = _price(lines, tax_included=facts.tariff.tax_included)
    if parked_s:
        totals["total_parking_time"] = _hours(parked_s)
    return totals


_COSTS: Final[Mapping[str, LineKind]] = {
    "total_fixed_cost": LineKind.FLAT,
    "total_energy_cost": LineKind.ENERGY,
    "total_time_cost": LineKind.TIME,
    "total_parking_cost": LineKind.PARKING_TIME,
}


def _paid_for(line: Line, lines: Sequence[Line]) -> LineKind:
    """Return what a line is for; a step of time is for what came last, charging or parking."""
    if line.kind is not LineKind.STEP:
        return line.kind
    if line.unit is Unit.KWH:
        return LineKind.ENERGY
    timed = [each for each in lines if each.kind in _TIMED]
    return max(timed, key=lambda each: each.ended_at).kind


def _price(lines: Iterable[Line], *, tax_included: bool) -> Json:
    excl, incl = ZERO, ZERO
    for line in lines:
        factor = 1 + (line.vat_percent or ZERO) / 100
        amount = line.amount or ZERO
        excl += amount / factor if tax_included else amount
        incl += amount if tax_included else amount * factor
    return {"excl_vat": _rounded(excl), "incl_vat": _rounded(incl)}


def _token(facts: CdrFacts) -> Json:
    uid = (facts.id_token or "UNKNOWN")[:36]
    return {
        "country_code": facts.party.country_code,
        "party_id": facts.party.party_id,
        "uid": uid,
        "type": _TOKEN_TYPES.get(facts.id_token_type or "", "OTHER"),
        "contract_id": (facts.user_id or uid)[:36],
    }


def _location(party: Party, place: Place) -> Json:
    location: Json = {
        "id": place.site_id[:36],
        "name": place.name,
        "address": place.address[:45],
        "city": place.city[:45],
        "postal_code": place.postal_code[:10],
        "country": place.country,
        "coordinates": {
            "latitude": f"{place.latitude:.6f}",
            "longitude": f"{place.longitude:.6f}",
        },
        "evse_uid": f"{place.charge_point_id}-{place.evse_id}"[-36:],
        "evse_id": _evse_id(party, place),
        "connector_id": str(place.connector_id),
        "connector_standard": place.standard,
        "connector_format": place.format,
        "connector_power_type": place.power_type,
    }
    return {name: value for name, value in location.items() if value != ""}


def _evse_id(party: Party, place: Place) -> str:
    """Return an EVSE id in eMI3's form, of the charge point's letters and digits."""
    letters = "".join(
        char for char in place.charge_point_id.upper() if char.isascii() and char.isalnum()
    )
    return f"{party.country_code}*{party.party_id}*E{letters}*{place.evse_id}"[:48]


def _seconds(facts: CdrFacts) -> Decimal:
    return Decimal(str((facts.ended_at - facts.started_at).total_seconds()))


def _hours(seconds: Decimal) -> Decimal:
    return (seconds / SECONDS_PER_HOUR).quantize(_HOUR_GRAIN, ROUND_HALF_UP)


def _rounded(amount: Decimal) -> Decimal:
    return amount.quantize(_GRAIN, ROUND_HALF_UP)


def _negative(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _negative(each) for name, each in value.items()}
    return -value

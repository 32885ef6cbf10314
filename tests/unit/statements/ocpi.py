"""What OCPI 2.2.1 asks of a CDR (10.3.1) and of what is in it, as a JSON schema."""

from __future__ import annotations

from typing import Any, Final

import jsonschema_rs

_NUMBER: Final = {"type": "number"}
_AT: Final = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"}


def _text(most: int, pattern: str = "^[ -~]*$") -> dict[str, Any]:
    return {"type": "string", "maxLength": most, "pattern": pattern}


def _string(most: int) -> dict[str, Any]:
    return {"type": "string", "maxLength": most}


def _object(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


_PRICE: Final = _object({"excl_vat": _NUMBER}, {"incl_vat": _NUMBER})
_PARTY: Final = {"country_code": _text(2, "^[A-Z]{2}$"), "party_id": _text(3, "^[A-Z0-9]{3}$")}
_SIGNED: Final = _object(
    {
        "encoding_method": _text(36),
        "signed_values": {
            "type": "array",
            "minItems": 1,
            "items": _object(
                {"nature": _text(32), "plain_data": _text(512), "signed_data": _text(5000)}
            ),
        },
    },
    {"public_key": _text(512)},
)
_TOKEN: Final = _object(
    {
        **_PARTY,
        "uid": _text(36),
        "type": {"enum": ["AD_HOC_USER", "APP_USER", "OTHER", "RFID"]},
        "contract_id": _text(36),
    }
)
_LOCATION: Final = _object(
    {
        "id": _text(36),
        "address": _string(45),
        "city": _string(45),
        "country": _string(3),
        "coordinates": _object(
            {
                "latitude": {"type": "string", "pattern": r"^-?[0-9]{1,2}\.[0-9]{5,7}$"},
                "longitude": {"type": "string", "pattern": r"^-?[0-9]{1,3}\.[0-9]{5,7}$"},
            }
        ),
        "evse_uid": _text(36),
        "evse_id": _text(48),
        "connector_id": _text(36),
        "connector_standard": {"type": "string"},
        "connector_format": {"enum": ["SOCKET", "CABLE"]},
        "connector_power_type": {"enum": ["AC_1_PHASE", "AC_2_PHASE", "AC_3_PHASE", "DC"]},
    },
    {"name": _string(255), "postal_code": _string(10), "state": _string(20)},
)
_COMPONENT: Final = _object(
    {
        "type": {"enum": ["ENERGY", "FLAT", "PARKING_TIME", "TIME"]},
        "price": _NUMBER,
        "step_size": {"type": "integer", "minimum": 1},
    },
    {"vat": _NUMBER},
)
_CLOCK: Final = {"type": "string", "pattern": "^([0-1][0-9]|2[0-3]):[0-5][0-9]$"}
_DAY: Final = {"type": "string", "pattern": r"^[12]\d{3}-(0[1-9]|1[0-2])-\d\d$"}
_RESTRICTIONS: Final = _object(
    {},
    {
        "start_time": _CLOCK,
        "end_time": _CLOCK,
        "start_date": _DAY,
        "end_date": _DAY,
        "min_kwh": _NUMBER,
        "max_kwh": _NUMBER,
        "min_duration": {"type": "integer"},
        "max_duration": {"type": "integer"},
        "day_of_week": {"type": "array", "items": {"type": "string", "pattern": "DAY$"}},
    },
)
_TARIFF: Final = _object(
    {
        **_PARTY,
        "id": _text(36),
        "currency": _string(3),
        "elements": {
            "type": "array",
            "minItems": 1,
            "items": _object(
                {"price_components": {"type": "array", "minItems": 1, "items": _COMPONENT}},
                {"restrictions": _RESTRICTIONS},
            ),
        },
        "last_updated": _AT,
    },
    {
        "tariff_alt_text": {
            "type": "array",
            "items": _object({"language": _string(2), "text": _string(512)}),
        },
        "min_price": _PRICE,
        "max_price": _PRICE,
    },
)
_DIMENSION: Final = _object(
    {"type": {"enum": ["ENERGY", "PARKING_TIME", "TIME"]}, "volume": _NUMBER}
)
_PERIOD: Final = _object(
    {
        "start_date_time": _AT,
        "dimensions": {"type": "array", "minItems": 1, "items": _DIMENSION},
    },
    {"tariff_id": _text(36)},
)
CDR: Final = _object(
    {
        **_PARTY,
        "id": _text(39),
        "start_date_time": _AT,
        "end_date_time": _AT,
        "cdr_token": _TOKEN,
        "auth_method": {"enum": ["AUTH_REQUEST", "COMMAND", "WHITELIST"]},
        "cdr_location": _LOCATION,
        "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
        "charging_periods": {"type": "array", "minItems": 1, "items": _PERIOD},
        "total_cost": _PRICE,
        "total_energy": _NUMBER,
        "total_time": _NUMBER,
        "last_updated": _AT,
    },
    {
        "session_id": _text(36),
        "meter_id": _string(255),
        "tariffs": {"type": "array", "items": _TARIFF},
        "signed_data": _SIGNED,
        "total_fixed_cost": _PRICE,
        "total_energy_cost": _PRICE,
        "total_time_cost": _PRICE,
        "total_parking_time": _NUMBER,
        "total_parking_cost": _PRICE,
        "credit": {"type": "boolean"},
        "credit_reference_id": _text(39),
    },
)
CDR_ENVELOPE: Final = jsonschema_rs.validator_for(
    _object({"type": {"const": "cdr"}, "cdrs": {"type": "array", "minItems": 1, "items": CDR}})
)
"""What webhooks are sent."""

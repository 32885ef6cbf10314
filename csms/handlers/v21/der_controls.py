"""How OCPP 2.1 writes settings for distributed energy resources (R04)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from csms.handlers.contract import Payload
from csms.handlers.v201.fields import Fields, group, groups, text
from csms.services.station_records import DerControl

ID_LENGTH: Final = 36
CURVE: Final = "curve"

KINDS: Final = {
    "enterService": "EnterService",
    "fixedPFAbsorb": "FixedPFAbsorb",
    "fixedPFInject": "FixedPFInject",
    "fixedVar": "FixedVar",
    "freqDroop": "FreqDroop",
    "gradient": "Gradients",
    "limitMaxDischarge": "LimitMaxDischarge",
}
"""The type of the settings in each field; those in `curve` tell theirs."""


def read_reported(
    charge_point_key: int, payload: Payload, received_at: datetime
) -> Iterator[DerControl]:
    """Read the settings of a ReportDERControl; those without an id are left out."""
    for field in (CURVE, *KINDS):
        for entry in groups(payload, field):
            control_id = text(entry, "id", ID_LENGTH)
            if control_id is not None:
                yield DerControl(
                    charge_point_key=charge_point_key,
                    control_id=control_id,
                    control_type=KINDS.get(field) or text(entry, "curveType") or "",
                    told_at=received_at,
                    settings={field: dict(group(entry, field))},
                    is_default=_flag(entry, "isDefault"),
                    is_superseded=_flag(entry, "isSuperseded"),
                )


def read_set(charge_point_key: int, payload: Payload, received_at: datetime) -> DerControl:
    """Read the setting of a SetDERControl of ours."""
    settings: dict[str, Any] = {key: payload[key] for key in (CURVE, *KINDS) if key in payload}
    return DerControl(
        charge_point_key=charge_point_key,
        control_id=payload["controlId"],
        control_type=payload["controlType"],
        told_at=received_at,
        settings=settings,
        is_default=payload["isDefault"],
        is_superseded=False,
    )


def _flag(fields: Fields, key: str) -> bool | None:
    value = fields.get(key)
    return value if isinstance(value, bool) else None

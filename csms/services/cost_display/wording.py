"""What a display of OCPP 1.6 is told: a text of the vendor's own, with names in it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from string import Template
from typing import Final

from csms.errors import InvalidValueError
from csms.events import TransactionPriced

_SAMPLE: Final = dict.fromkeys(
    (
        "transaction_id", "evse_id", "total_cost", "currency", "energy_kwh", "energy_wh",
        "unit_price", "state",
    ),
    "",
)  # fmt: skip
NAMES: Final = tuple(sorted(_SAMPLE))
_CENT: Final = Decimal("0.01")


def check(template: str) -> None:
    """Raises InvalidValueError for a name that there isn't, or a lonely $."""
    try:
        Template(template).substitute(_SAMPLE)
    except (KeyError, ValueError) as error:
        allowed = f"text with the names {', '.join('$' + name for name in NAMES)}; $$ for a $"
        raise InvalidValueError("template", template, allowed) from error


def words(priced: TransactionPriced, evse_id: int) -> Mapping[str, str]:
    """Return what each name stands for; what is not known is empty."""
    energy_wh = priced.energy_wh
    return {
        "transaction_id": str(priced.transaction_id),
        "evse_id": str(evse_id),
        "total_cost": "" if priced.gross is None else str(cents(priced.gross)),
        "currency": priced.currency or "",
        "energy_kwh": "" if energy_wh is None else f"{energy_wh / 1000:.3f}",
        "energy_wh": "" if energy_wh is None else f"{energy_wh:.0f}",
        "unit_price": "" if priced.unit_price is None else f"{priced.unit_price:f}",
        "state": "running" if priced.running else "final",
    }


def say(template: str, priced: TransactionPriced, evse_id: int) -> str:
    """Fill in a template that was checked."""
    return Template(template).substitute(words(priced, evse_id))


def cents(amount: Decimal) -> Decimal:
    """Return an amount as it is shown."""
    return amount.quantize(_CENT, ROUND_HALF_UP)

"""Bodies of requests about tariffs."""

from __future__ import annotations

from typing import Any, Final

WEEKDAYS: Final = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"]
CHEIA: Final = 0.227756
PONTA: Final = 0.245102
SUPER_VAZIO: Final = 0.197780
VAZIO: Final = 0.198418

_DAYS: Final = {
    "weekday": WEEKDAYS,
    "Saturday": ["SATURDAY"],
    "Sunday": ["SUNDAY", "HOLIDAY"],
}
_CLOCKS: Final = {
    ("Summer", "weekday"): (
        ("Vazio 1", VAZIO, "00:00", "02:00"),
        ("Super vazio", SUPER_VAZIO, "02:00", "06:00"),
        ("Vazio 2", VAZIO, "06:00", "07:00"),
        ("Cheia 1", CHEIA, "07:00", "09:15"),
        ("Ponta", PONTA, "09:15", "12:15"),
        ("Cheia 2", CHEIA, "12:15", "00:00"),
    ),
    ("Summer", "Saturday"): (
        ("Vazio 1", VAZIO, "00:00", "02:00"),
        ("Super vazio", SUPER_VAZIO, "02:00", "06:00"),
        ("Vazio 2", VAZIO, "06:00", "09:00"),
        ("Cheia 1", CHEIA, "09:00", "14:00"),
        ("Vazio 3", VAZIO, "14:00", "20:00"),
        ("Cheia 2", CHEIA, "20:00", "22:00"),
        ("Vazio 4", VAZIO, "22:00", "00:00"),
    ),
    ("Summer", "Sunday"): (
        ("Vazio 1", VAZIO, "00:00", "02:00"),
        ("Super vazio", SUPER_VAZIO, "02:00", "06:00"),
        ("Vazio 2", VAZIO, "06:00", "00:00"),
    ),
    ("Winter", "weekday"): (
        ("Vazio 1", VAZIO, "00:00", "02:00"),
        ("Super vazio", SUPER_VAZIO, "02:00", "06:00"),
        ("Vazio 2", VAZIO, "06:00", "07:00"),
        ("Cheia 1", CHEIA, "07:00", "09:30"),
        ("Ponta 1", PONTA, "09:30", "12:00"),
        ("Cheia 2", CHEIA, "12:00", "18:30"),
        ("Ponta 2", PONTA, "18:30", "21:00"),
        ("Cheia 3", CHEIA, "21:00", "00:00"),
    ),
    ("Winter", "Saturday"): (
        ("Vazio 1", VAZIO, "00:00", "02:00"),
        ("Super vazio", SUPER_VAZIO, "02:00", "06:00"),
        ("Vazio 2", VAZIO, "06:00", "09:30"),
        ("Cheia 1", CHEIA, "09:30", "13:00"),
        ("Vazio 3", VAZIO, "13:00", "18:30"),
        ("Cheia 2", CHEIA, "18:30", "22:00"),
        ("Vazio 4", VAZIO, "22:00", "00:00"),
    ),
    ("Winter", "Sunday"): (
        ("Vazio 1", VAZIO, "00:00", "02:00"),
        ("Super vazio", SUPER_VAZIO, "02:00", "06:00"),
        ("Vazio 2", VAZIO, "06:00", "00:00"),
    ),
}


def energy(price: float, **more: Any) -> dict[str, Any]:
    return {"type": "ENERGY", "price": price, **more}


def four_periods() -> dict[str, Any]:
    """The Portuguese weekly cycle: super off-peak, off-peak, half-peak and peak."""
    return {
        "id": "tetra",
        "name": "Four periods",
        "currency": "EUR",
        "versions": [
            {
                "valid_from": "2020-01-01",
                "seasons": [
                    {"name": "Summer", "legal_time": "summer"},
                    {"name": "Winter", "legal_time": "winter"},
                ],
                "holidays": {"country": "PT"},
                "elements": [
                    {
                        "section": f"{season}/{day}",
                        "name": name,
                        "components": [energy(price)],
                        "restrictions": {
                            "season": season,
                            "day_of_week": _DAYS[day],
                            "start_time": start,
                            "end_time": end,
                        },
                    }
                    for (season, day), periods in _CLOCKS.items()
                    for name, price, start, end in periods
                ],
            }
        ],
    }


def flat_rate(price: float, tariff_id: str = "flat", **more: Any) -> dict[str, Any]:
    """One price per kWh at all times."""
    return {
        "id": tariff_id,
        "name": "Flat rate",
        "currency": "EUR",
        "versions": [version(price)],
        **more,
    }


def version(price: float, valid_from: str = "2020-01-01") -> dict[str, Any]:
    return {"valid_from": valid_from, "elements": [{"components": [energy(price)]}]}

"""Units of measure as chargers write them, normalised to SI.

Sources: OCPP 1.6 UnitOfMeasure, OCPP 2.0.1 appendix 3 (StandardizedUnitsOfMeasure), and the
spellings seen in the field. A unit that is not listed is kept as text; its value is not scaled.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Unit(NamedTuple):
    """A normalised unit and the factor that leads to it."""

    name: str
    factor: float = 1.0
    offset: float = 0.0


_UNITS: Final[dict[str, Unit]] = {
    "wh": Unit("Wh"),
    "kwh": Unit("Wh", 1000.0),
    "mwh": Unit("Wh", 1_000_000.0),
    "varh": Unit("varh"),
    "kvarh": Unit("varh", 1000.0),
    "vah": Unit("VAh"),
    "kvah": Unit("VAh", 1000.0),
    "w": Unit("W"),
    "kw": Unit("W", 1000.0),
    "va": Unit("VA"),
    "kva": Unit("VA", 1000.0),
    "var": Unit("var"),
    "vars": Unit("var"),
    "kvar": Unit("var", 1000.0),
    "a": Unit("A"),
    "ma": Unit("A", 0.001),
    "v": Unit("V"),
    "kv": Unit("V", 1000.0),
    "percent": Unit("Percent"),
    "%": Unit("Percent"),
    "hz": Unit("Hz"),
    "hertz": Unit("Hz"),
    "celsius": Unit("Celsius"),
    "celcius": Unit("Celsius"),
    "c": Unit("Celsius"),
    "°c": Unit("Celsius"),
    "fahrenheit": Unit("Celsius", 5.0 / 9.0, -160.0 / 9.0),
    "f": Unit("Celsius", 5.0 / 9.0, -160.0 / 9.0),
    "k": Unit("Celsius", 1.0, -273.15),
}

_WORDS: Final = {
    "watthour": "wh",
    "kilowatthour": "kwh",
    "kwhr": "kwh",
    "whr": "wh",
    "watt": "w",
    "kilowatt": "kw",
    "amp": "a",
    "ampere": "a",
    "volt": "v",
}
"""Names written out, in the singular."""
_LONGEST: Final = 20
_MARKS: Final = str.maketrans("", "", " .·*-/")


def normalise_unit(text: str) -> Unit | None:
    """Return the SI unit and scale for a unit as a charger wrote it, or None if unknown."""
    word = text.strip().casefold()
    known = _UNITS.get(word)
    if known is not None or len(word) > _LONGEST:
        return known
    word = word.translate(_MARKS)
    return _UNITS.get(word) or _UNITS.get(_WORDS.get(word.removesuffix("s"), ""))

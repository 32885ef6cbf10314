"""What can be wrong with a frame: its structure, types, sizes, encoding, ids."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from typing import Any, Final

import orjson

MAX_BYTES: Final = 60_000
"""Below what one frame may have: longer ones end a connection, as they should."""

ODD_VALUES: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, -1, 2**31, 2**63, -(2**63), 10**400, 0.1, -0.0, 1e308, 5e-324),
    *("", " ", "null", "NaN", "Infinity", "1e999", "\u0000", "\u202e", "\ud7ff", "𝟙", "A" * 5_000),
    *("9999-12-31T23:59:59Z", "0000-00-00T00:00:00Z", "2026-02-30T25:61:61Z", "2026-01-31"),
    *([], {}, [[]], [None], {"": None}, {"customData": {"vendorId": "x" * 300}}, [0] * 500),
)
ODD_IDS: Final[tuple[Any, ...]] = (
    "",
    "1",
    "x" * 37,
    "x" * 4_000,
    1,
    -1.5,
    None,
    [],
    {},
    True,
    "\u0000",
)
ODD_TYPES: Final[tuple[Any, ...]] = (0, 1, 3, 4, 5, 6, 7, -2, 2.5, "2", "CALL", None, [], 10**30)
ODD_BYTES: Final = (
    b"\xff\xfe",
    b"\x00",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"\xf5",
    b"\xc0\x80",
    b'"',
)

Frame = list[Any]


def _odd(chance: random.Random) -> Any:
    """Never the same object twice: later mutations change it."""
    return copy.deepcopy(chance.choice(ODD_VALUES))


def mutated(frame: Frame, chance: random.Random) -> bytes:
    """Return the frame with one to three things wrong with it, as bytes of a text message."""
    for _ in range(chance.randint(1, 3)):
        chance.choice(_OF_FRAMES)(frame, chance)
    raw = _written(frame)
    if chance.random() < 0.3:
        raw = chance.choice(_OF_BYTES)(raw, chance)
    return raw[:MAX_BYTES]


def _written(frame: Frame) -> bytes:
    try:
        return orjson.dumps(frame)
    except (TypeError, orjson.JSONEncodeError):  # numbers that only Python's own writer writes
        return json.dumps(frame).encode("utf-8", "surrogatepass")


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every container below, with each of its keys."""
    found: list[tuple[Any, Any]] = []
    pending = [value]
    while pending:
        held = pending.pop()
        keys = (
            held if isinstance(held, dict) else range(len(held)) if isinstance(held, list) else ()
        )
        for key in keys:
            found.append((held, key))
            pending.append(held[key])
    return found


def _change(frame: Frame, chance: random.Random) -> None:
    """Another value, of any type."""
    if places := _places(frame[3:]):
        held, key = chance.choice(places)
        held[key] = _odd(chance)


def _remove(frame: Frame, chance: random.Random) -> None:
    if places := _places(frame[3:]):
        held, key = chance.choice(places)
        del held[key]


def _add(frame: Frame, chance: random.Random) -> None:
    """A field that nobody knows, or one in another spelling."""
    objects = [held for held, _ in _places(frame) if isinstance(held, dict)]
    if objects:
        held = chance.choice(objects)
        name = chance.choice([*held, "vendorExtra"])
        held[chance.choice((name.upper(), name + " ", "x" * 300, name))] = _odd(chance)


def _wrap(frame: Frame, chance: random.Random) -> None:
    """One level too deep, or very many."""
    if places := _places(frame[3:]):
        held, key = chance.choice(places)
        for _ in range(chance.choice((1, 2, 40, 150))):
            held[key] = [held[key]]


def _grow(frame: Frame, chance: random.Random) -> None:
    if places := _places(frame[3:]):
        held, key = chance.choice(places)
        if isinstance(held[key], list) and len(held[key]) < 500:
            held[key] = held[key] * 200
        elif isinstance(held[key], str) and len(held[key]) < MAX_BYTES:
            held[key] = held[key] * 2_000


def _rename(frame: Frame, chance: random.Random) -> None:
    if len(frame) > 2:
        name = str(frame[2])
        frame[2] = chance.choice((name.lower(), name + "Request", "", "x" * 500, 17, None, "Reset"))


def _re_id(frame: Frame, chance: random.Random) -> None:
    if len(frame) > 1:
        frame[1] = chance.choice(ODD_IDS)


def _retype(frame: Frame, chance: random.Random) -> None:
    if frame:
        frame[0] = chance.choice(ODD_TYPES)


def _resize(frame: Frame, chance: random.Random) -> None:
    """More or fewer elements in the frame itself."""
    if frame and chance.random() < 0.5:
        del frame[chance.randrange(len(frame))]
    else:
        frame.insert(chance.randint(0, len(frame)), _odd(chance))


def _cut(raw: bytes, chance: random.Random) -> bytes:
    return raw[: chance.randint(0, len(raw))]


def _soil(raw: bytes, chance: random.Random) -> bytes:
    place = chance.randint(0, len(raw))
    return raw[:place] + chance.choice(ODD_BYTES) + raw[place:]


def _repeat(raw: bytes, _: random.Random) -> bytes:
    return raw + raw


def _escape(raw: bytes, _: random.Random) -> bytes:
    """Half a surrogate pair, as JSON lets one write it."""
    return raw.replace(b"CARD-1", b"\\ud800")


_OF_FRAMES: Final[tuple[Callable[[Frame, random.Random], None], ...]] = (
    *(_change, _change, _change, _remove, _add, _wrap, _grow, _rename, _re_id, _retype, _resize),
)
_OF_BYTES: Final[tuple[Callable[[bytes, random.Random], bytes], ...]] = (
    *(_cut, _soil, _repeat, _escape),
)

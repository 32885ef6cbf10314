"""The API lets in exactly the identities that the gateway does."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable
from typing import Final

import jsonschema_rs
import msgspec
import pytest

from csms.api.fields import ChargePointId, check_identity
from csms.errors import InvalidValueError
from csms.gateway.identity import BadIdentityError, checked

SURROGATES: Final = range(0xD800, 0xE000)
BEYOND_ALPHABETS: Final = 0x3000
SCHEMA = jsonschema_rs.validator_for(msgspec.json.schema(ChargePointId))


def enters(identity: str) -> bool:
    """Tell whether the API makes a charge point of this name."""
    try:
        check_identity(identity)
    except InvalidValueError:
        return False
    return SCHEMA.is_valid(identity)


def connects(identity: str) -> bool:
    """Tell whether a charger of this name gets in, under just this name."""
    try:
        return checked(identity) == identity
    except BadIdentityError:
        return False


def judged_differently(characters: Iterable[str]) -> list[str]:
    return [c for c in characters if enters(f"A{c}1") != connects(f"A{c}1")]


def test_every_kind_of_character_is_judged_alike() -> None:
    """All of the alphabets, and beyond them one of each category in each row of 256."""
    common = [chr(n) for n in range(BEYOND_ALPHABETS)]
    rare = {
        (n >> 8, unicodedata.category(chr(n))): chr(n)
        for n in range(BEYOND_ALPHABETS, sys.maxunicode + 1)
        if n not in SURROGATES
    }
    assert judged_differently([*common, *rare.values()]) == []


@pytest.mark.slow
def test_every_character_is_judged_alike() -> None:
    assert (
        judged_differently(chr(n) for n in range(sys.maxunicode + 1) if n not in SURROGATES) == []
    )


def test_length_spaces_and_dots_are_judged_alike() -> None:
    names = ["", "A" * 48, "A" * 49, " A", "A ", "A 1", " ", ".", "..", "...", ".A", "ü" * 48]
    assert [name for name in names if enters(name) != connects(name)] == []

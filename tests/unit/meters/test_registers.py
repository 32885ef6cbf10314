"""Numbers in Modbus registers."""

from __future__ import annotations

import struct
from itertools import pairwise
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.meters.errors import MeterError
from csms.meters.registers import MAX_REGISTERS, Span, decode, spans
from csms.meters.sunspec import END, MARK, find_meter


@pytest.mark.parametrize(
    ("words", "type_", "order", "expected"),
    [
        ([0xFFFE], "int16", "big", -2),
        ([0xFFFE], "uint16", "big", 65534),
        ([0x0001, 0x0000], "int32", "big", 65536),
        ([0x0001, 0x0000], "int32", "little", 1),
        ([0xFFFF, 0xFFFE], "int32", "big", -2),
        ([0x8000], "int16", "big", None),
        ([0xFFFF], "uint16", "big", None),
        ([0x8000, 0x0000], "int32", "big", None),
        ([0xFFFF, 0xFFFF], "uint32", "big", None),
        ([0x7FC0, 0x0000], "float32", "big", None),  # NaN
        ([0x7F80, 0x0000], "float32", "big", None),  # infinity
        ([0x0000, 0x4148], "float32", "little", 12.5),
    ],
)
def test_registers_become_a_number_or_nothing(
    words: list[int],
    type_: Literal["int16", "uint16", "int32", "uint32", "float32"],
    order: Literal["big", "little"],
    expected: float | None,
) -> None:
    assert decode(words, type_, order) == expected


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_float_survives(value: float) -> None:
    words = struct.unpack(">2H", struct.pack(">f", value))
    assert decode(words, "float32", "big") == value


@given(
    st.lists(
        st.builds(Span, st.sampled_from([3, 4]), st.integers(0, 400), st.integers(1, 2)),
        max_size=40,
    )
)
def test_what_is_asked_for_is_exactly_what_is_wanted(wanted: list[Span]) -> None:
    joined = list(spans(wanted))
    assert _registers(joined) == _registers(wanted)
    assert all(span.length <= MAX_REGISTERS for span in joined)
    for one, other in pairwise(joined):
        touch = one.function == other.function and other.address <= one.address + one.length
        assert not touch or other.address + other.length - one.address > MAX_REGISTERS


def _registers(given_: list[Span]) -> set[tuple[int, int]]:
    return {
        (span.function, address)
        for span in given_
        for address in range(span.address, span.address + span.length)
    }


async def test_a_map_whose_models_never_end_is_given_up() -> None:
    async def read(address: int, count: int) -> list[int]:
        return list(MARK) if address == 0 else [1, 0]

    with pytest.raises(MeterError, match="no SunSpec meter model"):
        await find_meter(read, base=0)


async def test_a_map_that_leaves_the_address_space_is_given_up() -> None:
    async def read(address: int, count: int) -> list[int]:
        assert address < END
        return list(MARK) if address == 0 else [1, 60000]

    with pytest.raises(MeterError, match=r"only \[1, 1\]"):
        await find_meter(read, base=0)

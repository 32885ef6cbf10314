"""Telegrams cut out of a stream, however it is chopped."""

from __future__ import annotations

from itertools import pairwise

from fake_meters.p1 import encrypted, telegram
from hypothesis import given
from hypothesis import strategies as st

from csms.meters.telegrams import MAX_TELEGRAM_BYTES, CiphertextCutter, TelegramCutter

WHOLE = telegram(current_a=("001.00", "002.00", "003.00"))
SEALED = encrypted(WHOLE, bytes(16))
CUTS = st.lists(st.integers(0, 3 * len(SEALED)), max_size=30)


def _pieces(stream: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    return [stream[start:end] for start, end in pairwise(edges)]


@given(CUTS)
def test_telegrams_are_found_however_the_stream_is_cut(cuts: list[int]) -> None:
    cutter = TelegramCutter()
    stream = WHOLE[50:] + WHOLE + b"\xff\x00noise" + WHOLE
    found = [text for piece in _pieces(stream, cuts) for text in cutter.feed(piece)]
    assert found == [WHOLE.decode()] * 2


@given(CUTS)
def test_encrypted_telegrams_are_found_however_the_stream_is_cut(cuts: list[int]) -> None:
    cutter = CiphertextCutter()
    stream = b"\xdb\x09noise" + SEALED + SEALED
    found = [text for piece in _pieces(stream, cuts) for text in cutter.feed(piece)]
    assert found == [SEALED.hex()] * 2


def test_a_telegram_that_was_cut_off_is_left_away() -> None:
    cutter = TelegramCutter()
    assert list(cutter.feed(WHOLE[:80] + b"\r\n" + WHOLE)) == [WHOLE.decode()]


@given(st.lists(st.binary(max_size=5000), max_size=20))
def test_whatever_comes_no_more_is_kept_than_a_telegram(pieces: list[bytes]) -> None:
    plain, sealed = TelegramCutter(), CiphertextCutter()
    for piece in pieces:
        list(plain.feed(piece))
        list(sealed.feed(piece))
        assert len(plain._waiting) <= MAX_TELEGRAM_BYTES
        assert len(sealed._waiting) <= MAX_TELEGRAM_BYTES + 13

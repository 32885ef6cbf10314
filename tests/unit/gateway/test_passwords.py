"""Charge points' passwords in all the forms chargers present them."""

from __future__ import annotations

import time

import pytest
from gateway_world import Passwords

from csms.gateway.credentials import PasswordCheck
from csms.services.passwords import hash_password, verify_password

KEY_HEX = "4F43415F4F4354545F61646D696E5F74657374FF"
KEY_BYTES = bytes.fromhex(KEY_HEX)


@pytest.mark.parametrize("presented", [KEY_HEX.encode(), KEY_HEX.lower().encode(), KEY_BYTES])
def test_an_authorization_key_is_right_as_digits_and_as_bytes(presented: bytes) -> None:
    assert verify_password(hash_password(KEY_HEX), presented)


@pytest.mark.parametrize("presented", [b"sixteen-letters!", b"sixteen-letters!".hex().encode()])
def test_a_word_is_right_as_text_and_as_digits(presented: bytes) -> None:
    assert verify_password(hash_password("sixteen-letters!"), presented)


@pytest.mark.parametrize("presented", [b"", b"wrong", b"\xff\xfe" * 10, KEY_HEX[:-2].encode()])
def test_anything_else_is_wrong(presented: bytes) -> None:
    assert not verify_password(hash_password(KEY_HEX), presented)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\0", b"\0\0\0\0"])
@pytest.mark.parametrize("password", ["sixteen-letters!", KEY_HEX])
def test_what_ends_a_line_or_a_buffer_is_no_part_of_a_password(password: str, end: bytes) -> None:
    assert verify_password(hash_password(password), password.encode() + end)


def test_case_matters_in_a_word() -> None:
    assert not verify_password(hash_password("Secret-Word"), b"secret-word")


def test_equal_passwords_have_different_hashes() -> None:
    assert hash_password("same-password") != hash_password("same-password")


async def test_a_thousand_reconnects_cost_one_check() -> None:
    check = PasswordCheck(Passwords({"cp-1": hash_password(KEY_HEX)}))
    assert await check.is_right("CP-1", KEY_BYTES)
    began = time.process_time()

    for _ in range(1000):
        assert await check.is_right("CP-1", KEY_BYTES)

    assert time.process_time() - began < 1.0
    check.close()


async def test_reconnects_with_the_old_password_stay_cheap_while_a_new_one_is_not_settled() -> None:
    old, new = hash_password("the-old-password"), hash_password("the-new-password")
    passwords = Passwords({"cp-1": old}, {"cp-1": (new,)})
    check = PasswordCheck(passwords)
    assert await check.is_right("CP-1", b"the-old-password")
    began = time.process_time()

    for _ in range(1000):
        assert await check.is_right("CP-1", b"the-old-password")

    assert time.process_time() - began < 1.0
    check.close()


async def test_the_new_password_ends_the_old_one_also_where_that_was_right_before() -> None:
    old, new = hash_password("the-old-password"), hash_password("the-new-password")
    check = PasswordCheck(Passwords({"cp-1": old}, {"cp-1": (new,)}))

    presented = [b"the-old-password", b"the-new-password", b"the-old-password"]
    assert [await check.is_right("CP-1", each) for each in presented] == [True, True, False]
    check.close()


def test_a_hash_that_is_none_fits_nothing() -> None:
    assert not verify_password("plain text in the database", b"plain text in the database")

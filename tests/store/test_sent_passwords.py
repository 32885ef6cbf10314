"""What lets a charge point in while nobody knows which password it has."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from store.running_store import running_store

from csms.clock import SystemClock
from csms.model import RegistrationStatus
from csms.services.passwords import PasswordHashes
from csms.store.live import Passwords


@dataclass
class Kept:
    """The passwords of CP-1, which has "old"."""

    passwords: Passwords

    async def sent(self, *hashes: str) -> None:
        for each in hashes:
            await self.passwords.password_sent("cp-1", each)

    async def hashes(self) -> PasswordHashes:
        return await self.passwords.password_hashes("CP-1")


@pytest.fixture
async def kept(database_url: str) -> AsyncIterator[Kept]:
    async with running_store(database_url) as store:
        await store.live.create("CP-1", RegistrationStatus.ACCEPTED, SystemClock().now())
        await store.rows("UPDATE charge_points SET password_hash = 'old'")
        yield Kept(Passwords(store.database))


async def test_a_password_that_was_sent_counts_beside_the_present_one(kept: Kept) -> None:
    await kept.sent("new")
    assert await kept.hashes() == PasswordHashes("old", ("new",))


async def test_a_password_that_was_taken_is_the_only_one(kept: Kept) -> None:
    await kept.sent("lost", "new")
    assert await kept.passwords.password_taken("CP-1", "new")
    assert await kept.hashes() == PasswordHashes("new")


async def test_what_was_sent_after_the_one_that_was_taken_still_counts(kept: Kept) -> None:
    await kept.sent("new", "newer")
    assert await kept.passwords.password_taken("CP-1", "new")
    assert await kept.hashes() == PasswordHashes("new", ("newer",))


async def test_a_password_that_was_refused_counts_no_more_and_the_one_before_does(
    kept: Kept,
) -> None:
    await kept.sent("unanswered", "refused")
    await kept.passwords.password_refused("CP-1", "refused")
    assert await kept.hashes() == PasswordHashes("old", ("unanswered",))


async def test_of_many_that_were_sent_only_the_last_two_count(kept: Kept) -> None:
    await kept.sent("first", "second", "third")
    assert await kept.hashes() == PasswordHashes("old", ("third", "second"))


async def test_a_password_that_was_never_sent_cannot_be_taken(kept: Kept) -> None:
    await kept.sent("new")
    assert not await kept.passwords.password_taken("CP-1", "another")
    assert await kept.hashes() == PasswordHashes("old", ("new",))


async def test_nothing_lets_in_who_is_not_known(kept: Kept) -> None:
    assert await kept.passwords.password_hashes("CP-2") == PasswordHashes(None)

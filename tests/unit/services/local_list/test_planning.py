"""What goes into a list, and in which messages."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from csms.handlers.v16.local_list import DIALECT as V16
from csms.handlers.v201.local_list import DIALECT as V201
from csms.model import Authorization, AuthorizationStatus
from csms.services.local_list.planning import (
    changing_update,
    difference,
    full_update,
    wanted_list,
)
from csms.services.local_list.words import (
    MAX_VERSION,
    Candidate,
    ListEntry,
    ListLimits,
    SentList,
    UpdateType,
)

NAMES = st.sampled_from([f"CARD-{number}" for number in range(12)])
GROUPS = st.sampled_from([None, "A", "B"])
LISTS = st.dictionaries(NAMES, GROUPS, max_size=12)
LIMITS = st.builds(
    ListLimits,
    items_per_message=st.none() | st.integers(1, 5),
    bytes_per_message=st.none() | st.integers(250, 500),
)


def entries(groups: dict[str, str | None]) -> dict[str, ListEntry]:
    accepted = AuthorizationStatus.ACCEPTED
    return {
        name: ListEntry(name, "ISO14443", Authorization(accepted, None, group))
        for name, group in groups.items()
    }


def taken(held: dict[str, ListEntry], parts: list[SentList]) -> dict[str, ListEntry]:
    """What a charge point holds that takes these messages."""
    for part in parts:
        if part.update_type is UpdateType.FULL:
            held = {}
        for entry in part.removed:
            held = {name: each for name, each in held.items() if name != entry.id_token}
        held = held | {entry.id_token: entry for entry in part.put}
    return held


@given(LISTS, LISTS, LIMITS)
def test_changes_make_the_list_what_is_wanted(
    before: dict[str, str | None], after: dict[str, str | None], limits: ListLimits
) -> None:
    held, wanted = entries(before), entries(after)
    parts = changing_update(difference(held, wanted), 7, V201, limits)
    assert taken(held, parts) == wanted
    assert [part.version for part in parts] == list(range(8, 8 + len(parts)))


@given(LISTS, LISTS, LIMITS)
def test_a_full_update_makes_any_list_what_is_wanted(
    before: dict[str, str | None], after: dict[str, str | None], limits: ListLimits
) -> None:
    wanted = entries(after)
    parts = full_update(wanted.values(), 7, V201, limits)
    assert taken(entries(before), parts) == wanted
    assert [part.update_type for part in parts[1:]] == [UpdateType.DIFFERENTIAL] * (len(parts) - 1)


@given(LISTS, LIMITS)
def test_no_message_is_longer_than_allowed(
    after: dict[str, str | None], limits: ListLimits
) -> None:
    for part in full_update(entries(after).values(), 0, V201, limits):
        assert len(part.put) <= (limits.items_per_message or 20)
        size = 200 + sum(map(V201.size_bytes, part.put))
        assert len(part.put) <= 1 or size <= (limits.bytes_per_message or size)


def test_versions_begin_anew_before_they_end() -> None:
    (part,) = full_update([], MAX_VERSION, V16, ListLimits())
    assert part.version == 1


def test_what_1_6_cannot_say_makes_no_difference() -> None:
    card = ListEntry(
        "CARD-1",
        "MacAddress",
        Authorization(AuthorizationStatus.ACCEPTED, None, "A-GROUP-OF-MANY-CHARACTERS"),
    )
    wanted = wanted_list([Candidate(card, master_pass=False)], V16, ListLimits())
    told = wanted.entries["CARD-1"]
    assert (told.type, told.authorization.group_id) == ("", None)

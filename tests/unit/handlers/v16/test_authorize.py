from __future__ import annotations

from datetime import UTC, datetime

import pytest
from unit.handlers.v16.conversation import say
from unit.world import World

from csms.handlers.contract import CallRefusedError, Refusal
from csms.handlers.v16.id_tag_info import id_tag_info
from csms.model import Authorization, AuthorizationStatus
from csms.services.charge_point import ChargePoint


async def test_a_known_card_may_charge(world: World, charge_point: ChargePoint) -> None:
    answer = await say(world, charge_point, "Authorize", {"idTag": "CARD-1"})
    assert answer == {"idTagInfo": {"status": "Accepted"}}


async def test_a_card_is_known_whatever_its_case_and_control_characters(
    world: World, charge_point: ChargePoint
) -> None:
    answer = await say(world, charge_point, "Authorize", {"idTag": "card-1\x02\x03 "})
    assert answer == {"idTagInfo": {"status": "Accepted"}}


async def test_an_unknown_card_is_invalid(world: World, charge_point: ChargePoint) -> None:
    answer = await say(world, charge_point, "Authorize", {"idTag": "STRANGER"})
    assert answer == {"idTagInfo": {"status": "Invalid"}}


async def test_expiry_and_group_are_told_where_they_are_set(
    world: World, charge_point: ChargePoint
) -> None:
    world.add_token(
        "CARD-2", expires_at=datetime(2027, 1, 2, 3, 4, 5, 678, tzinfo=UTC), group_id="FAMILY"
    )
    answer = await say(world, charge_point, "Authorize", {"idTag": "CARD-2"})
    assert answer == {
        "idTagInfo": {
            "expiryDate": "2027-01-02T03:04:05Z",
            "parentIdTag": "FAMILY",
            "status": "Accepted",
        }
    }
    assert list(answer["idTagInfo"]) == ["expiryDate", "parentIdTag", "status"]


async def test_a_group_too_long_for_a_parent_id_tag_is_left_out(
    world: World, charge_point: ChargePoint
) -> None:
    world.add_token("CARD-2", group_id="A-GROUP-WITH-A-VERY-LONG-NAME")
    answer = await say(world, charge_point, "Authorize", {"idTag": "CARD-2"})
    assert answer == {"idTagInfo": {"status": "Accepted"}}


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("Accepted", "Accepted"),
        ("Blocked", "Blocked"),
        ("Expired", "Expired"),
        ("Invalid", "Invalid"),
        ("ConcurrentTx", "ConcurrentTx"),
        ("NoCredit", "Blocked"),
        ("NotAllowedTypeEVSE", "Invalid"),
        ("NotAtThisLocation", "Invalid"),
        ("NotAtThisTime", "Invalid"),
        ("Unknown", "Invalid"),
    ],
)
def test_every_decision_has_a_word_in_1_6(status: str, told: str) -> None:
    assert id_tag_info(Authorization(AuthorizationStatus(status))) == {"status": told}


async def test_a_request_without_a_card_is_refused_as_nothing_in_it_can_be_used(
    world: World, charge_point: ChargePoint
) -> None:
    with pytest.raises(CallRefusedError) as refused:
        await say(world, charge_point, "Authorize", {"idTag": "\x00"})
    assert refused.value.refusal is Refusal.OCCURRENCE_CONSTRAINT_VIOLATION

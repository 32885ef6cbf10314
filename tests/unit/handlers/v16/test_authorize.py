from __future__ import annotations

from datetime import UTC, datetime

import pytest
from unit.handlers.v16.conversation import say
from unit.world import World, make_world

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


@pytest.mark.parametrize("entered", ["2069C021", "20:69:C0:21", "20-69-C0-21"])
@pytest.mark.parametrize("shown", ["2069C021", "20:69:c0:21", "20-69-C0-21", "20 69 C0 21"])
async def test_a_cards_number_is_the_same_with_other_marks_between_its_bytes(
    world: World, charge_point: ChargePoint, entered: str, shown: str
) -> None:
    world.add_token(entered)
    assert await say(world, charge_point, "Authorize", {"idTag": shown}) == {
        "idTagInfo": {"status": "Accepted"}
    }
    start = {"connectorId": 1, "idTag": shown, "meterStart": 0, "timestamp": world.clock.text()}
    await say(world, charge_point, "StartTransaction", start)
    assert world.store.transaction().id_token == entered


@pytest.mark.parametrize("shown", ["2069C0", "2069C0211", "20:69:C0:22", "2:069:C0:21", "CARD1"])
async def test_another_number_is_another_card(
    world: World, charge_point: ChargePoint, shown: str
) -> None:
    world.add_token("2069C021")
    answer = await say(world, charge_point, "Authorize", {"idTag": shown})
    assert answer == {"idTagInfo": {"status": "Invalid"}}


@pytest.mark.parametrize(
    ("shown", "status"), [("x;CARD-1", "Accepted"), ("card-1", "Accepted"), ("CARD-1;", "Invalid")]
)
async def test_what_a_terminal_puts_before_a_token_is_left_out_if_so_configured(
    shown: str, status: str
) -> None:
    world = make_world(id_token_mark=";")
    world.add_token("CARD-1")
    charge_point = await world.connect("CP-1")
    answer = await say(world, charge_point, "Authorize", {"idTag": shown})
    assert answer == {"idTagInfo": {"status": status}}

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from unit.handlers.v201.conversation import check, mumble, say
from unit.handlers.v201.requests import HASHES
from unit.world import World, make_world

from csms.handlers.editions import V201
from csms.handlers.v201.id_token import id_token_info, read_id_token
from csms.model import Authorization, AuthorizationStatus, OcppVersion
from csms.services.charge_point import ChargePoint


def card(value: str, kind: str = "ISO14443") -> dict[str, Any]:
    return {"idToken": {"idToken": value, "type": kind}}


async def test_a_known_card_may_charge(world: World, charge_point: ChargePoint) -> None:
    answer = await say(world, charge_point, "Authorize", card("CARD-1"))
    assert answer == {"idTokenInfo": {"status": "Accepted"}}


async def test_a_card_is_known_whatever_its_case_and_control_characters(
    world: World, charge_point: ChargePoint
) -> None:
    answer = await say(world, charge_point, "Authorize", card("card-1\x02\x03 "))
    assert answer == {"idTokenInfo": {"status": "Accepted"}}


async def test_an_unknown_card_is_invalid(world: World, charge_point: ChargePoint) -> None:
    answer = await say(world, charge_point, "Authorize", card("STRANGER"))
    assert answer == {"idTokenInfo": {"status": "Invalid"}}


async def test_expiry_and_group_are_told_where_they_are_set(
    world: World, charge_point: ChargePoint
) -> None:
    world.add_token(
        "CARD-2", expires_at=datetime(2027, 1, 2, 3, 4, 5, 678, tzinfo=UTC), group_id="FAMILY"
    )
    answer = await say(world, charge_point, "Authorize", card("CARD-2"))
    assert answer == {
        "idTokenInfo": {
            "status": "Accepted",
            "cacheExpiryDateTime": "2027-01-02T03:04:05Z",
            "groupIdToken": {"idToken": "FAMILY", "type": "Central"},
        }
    }


async def test_a_group_too_long_for_the_wire_is_left_out(
    world: World, charge_point: ChargePoint
) -> None:
    world.add_token("CARD-2", group_id="G" * 37)
    answer = await say(world, charge_point, "Authorize", card("CARD-2"))
    assert answer == {"idTokenInfo": {"status": "Accepted"}}


@pytest.mark.parametrize("status", list(AuthorizationStatus))
def test_every_decision_is_told_in_its_own_word(status: AuthorizationStatus) -> None:
    info = id_token_info(V201, Authorization(status))
    check("AuthorizeResponse", {"idTokenInfo": info})
    assert info == {"status": status.value}


async def test_a_start_button_needs_no_identifier(world: World, charge_point: ChargePoint) -> None:
    answer = await say(world, charge_point, "Authorize", card("", "NoAuthorization"))
    assert answer == {"idTokenInfo": {"status": "Accepted"}}


@pytest.mark.parametrize("request_", [{}, card(""), card("\x00"), {"idToken": [1]}])
async def test_who_names_nobody_is_invalid_even_where_unknown_cards_may_charge(
    request_: dict[str, Any],
) -> None:
    world = make_world(unknown_id_tokens="accept")
    charge_point = await world.connect("CP-1", OcppVersion.V201)
    answer = await mumble(world, charge_point, "Authorize", request_)
    assert answer == {"idTokenInfo": {"status": "Invalid"}}


async def test_a_bare_identifier_in_place_of_the_object_is_understood(
    world: World, charge_point: ChargePoint
) -> None:
    answer = await mumble(world, charge_point, "Authorize", {"idToken": "card-1"})
    assert answer == {"idTokenInfo": {"status": "Accepted"}}


@pytest.mark.parametrize(
    "proof", [{"certificate": "-----BEGIN"}, {"iso15118CertificateHashData": [HASHES]}]
)
async def test_a_contract_certificate_that_nobody_can_verify_is_refused_and_reported(
    world: World, charge_point: ChargePoint, proof: dict[str, Any]
) -> None:
    world.add_token("DE8AA1", type="eMAID")
    request = card("DE8AA1", "eMAID") | proof
    answer = await say(world, charge_point, "Authorize", request)
    assert answer == {
        "idTokenInfo": {"status": "Invalid"},
        "certificateStatus": "CertChainError",
    }
    (notification,) = world.store.notifications
    assert (notification.kind, notification.severity) == ("contract_certificate", "warning")


async def test_an_emaid_without_a_certificate_is_a_token_like_any_other(
    world: World, charge_point: ChargePoint
) -> None:
    world.add_token("DE8AA1", type="eMAID")
    answer = await say(world, charge_point, "Authorize", card("DE8AA1", "eMAID"))
    assert answer == {"idTokenInfo": {"status": "Accepted"}}


def test_a_token_keeps_the_type_that_the_charger_gave_it() -> None:
    token = read_id_token({"idToken": "1234", "type": "KeyCode"})
    assert token is not None
    assert (token.value, token.type) == ("1234", "KeyCode")

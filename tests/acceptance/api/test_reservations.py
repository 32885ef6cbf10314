"""Reservations are on the book, whichever door they were ordered through."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from running import V16_BOOT, V201_BOOT, Running


def at(**delta: float) -> str:
    return (datetime.now(UTC) + timedelta(**delta)).strftime("%Y-%m-%dT%H:%M:%SZ")


def reserve_now(number: int, **more: Any) -> dict[str, Any]:
    return {
        "connectorId": 1,
        "expiryDate": at(hours=1),
        "idTag": "card",
        "reservationId": number,
        **more,
    }


async def statuses(server: Running, query: str = "") -> list[tuple[int, str]]:
    items = (await server.get(f"/reservations?{query}"))["items"]
    return [(one["reservation_id"], one["status"]) for one in items]


async def test_a_reservation_by_the_raw_door_is_on_the_book(server: Running) -> None:
    async with server.charge_point("CP-1") as charger:
        charger.expect("ReserveNow")
        await server.post("/charge-points/CP-1/calls/ReserveNow", reserve_now(7))
    (kept,) = (await server.get("/reservations?charge_point_id=cp-1"))["items"]
    assert (kept["reservation_id"], kept["status"], kept["id_token"]) == (7, "active", "CARD")
    assert (kept["charge_point_id"], kept["evse_id"]) == ("CP-1", 1)


async def test_a_reservation_is_ordered_in_1_6(server: Running) -> None:
    until = at(hours=1)
    async with server.charge_point("CP-1") as charger:
        sent = charger.expect("ReserveNow")
        answer = await server.post(
            "/charge-points/CP-1/reservations",
            {"id_token": "card", "evse_id": 1, "expires_at": until},
        )
        assert await sent.happened() == {
            "connectorId": 1,
            "expiryDate": until,
            "idTag": "CARD",
            "reservationId": 1,
        }
    assert (answer["accepted"], answer["reservation_id"]) == (True, 1)
    assert await statuses(server) == [(1, "active")]


async def test_a_reservation_is_ordered_in_2_0_1(server: Running) -> None:
    until = at(hours=1)
    async with server.charge_point("CP-1", "ocpp2.0.1") as charger:
        await charger.send("BootNotification", V201_BOOT)
        sent = charger.expect("ReserveNow")
        await server.post(
            "/charge-points/CP-1/reservations",
            {"id_token": "card", "expires_at": until, "group_id": "family"},
        )
        assert await sent.happened() == {
            "id": 1,
            "expiryDateTime": until,
            "idToken": {"idToken": "CARD", "type": "ISO14443"},
            "groupIdToken": {"idToken": "family", "type": "Central"},
        }
    assert await statuses(server) == [(1, "active")]


async def test_a_reservation_that_the_charge_point_refuses_does_not_hold(server: Running) -> None:
    async with server.charge_point("CP-1") as charger:
        charger.expect("ReserveNow", {"status": "Occupied"})
        await server.post("/charge-points/CP-1/calls/ReserveNow", reserve_now(7))
    assert await statuses(server) == [(7, "rejected")]


async def test_a_refused_change_leaves_the_reservation_that_holds(server: Running) -> None:
    async with server.charge_point("CP-1") as charger:
        charger.expect("ReserveNow")
        await server.post("/charge-points/CP-1/calls/ReserveNow", reserve_now(7))
        charger.expect("ReserveNow", {"status": "Faulted"})
        await server.post("/charge-points/CP-1/calls/ReserveNow", reserve_now(7, idTag="other"))
    assert await statuses(server, "id_token=card") == [(7, "active")]


async def test_a_reservation_used_before_its_answer_was_read_is_used(server: Running) -> None:
    async with server.charge_point("CP-1") as charger:
        await charger.send("BootNotification", V16_BOOT)

        async def use(_: object) -> None:
            await charger.send(
                "StartTransaction",
                {
                    "connectorId": 1,
                    "idTag": "card",
                    "meterStart": 0,
                    "timestamp": at(),
                    "reservationId": 7,
                },
            )

        charger.expect("ReserveNow", before=use)
        await server.post("/charge-points/CP-1/calls/ReserveNow", reserve_now(7))
    assert await statuses(server) == [(7, "used")]


async def test_a_cancelled_reservation_is_over(server: Running) -> None:
    async with server.charge_point("CP-1") as charger:
        charger.expect("ReserveNow")
        await server.post("/charge-points/CP-1/calls/ReserveNow", reserve_now(7))
        charger.expect("CancelReservation", check={"reservationId": 7})
        answer = await server.api("DELETE", "/charge-points/CP-1/reservations/7")
        assert (answer.status, answer.body["accepted"]) == (200, True)
    assert (await server.get("/charge-points/CP-1/reservations/7"))["status"] == "cancelled"


async def test_a_reservation_expires_by_itself(server: Running) -> None:
    async with server.charge_point("CP-1") as charger:
        charger.expect("ReserveNow")
        past = reserve_now(7, expiryDate=at(seconds=-1))
        await server.post("/charge-points/CP-1/calls/ReserveNow", past)
    assert await statuses(server, "status=expired") == [(7, "expired")]
    assert await statuses(server, "status=active") == []


async def test_a_reservation_that_would_be_over_already_is_not_ordered(server: Running) -> None:
    await server.accept("CP-1")
    order = {"id_token": "card", "evse_id": 1, "expires_at": at(hours=-1)}
    answer = await server.api("POST", "/charge-points/CP-1/reservations", order)
    assert answer.status == 422
    assert answer.body["errors"][0]["allowed"] == "a time in the future"
    assert await statuses(server) == []


async def test_what_cannot_be_sent_is_not_on_the_book_as_held(server: Running) -> None:
    async with server.charge_point("CP-1"):
        broken = reserve_now(7, expiryDate="2030-01-01T00:00:00Z", parentIdTag="x" * 21)
        answer = await server.api("POST", "/charge-points/CP-1/calls/ReserveNow", broken)
        assert answer.status == 422
    assert await statuses(server, "status=active") == []


async def test_a_reservation_that_the_charge_point_does_not_know_is_over(server: Running) -> None:
    async with server.charge_point("CP-1") as charger:
        charger.expect("ReserveNow")
        await server.post("/charge-points/CP-1/calls/ReserveNow", reserve_now(7))
        charger.expect("CancelReservation", {"status": "Rejected"})
        await server.post("/charge-points/CP-1/calls/CancelReservation", {"reservationId": 7})
    assert await statuses(server) == [(7, "removed")]


async def test_an_order_that_was_never_answered_expires_as_well(server: Running) -> None:
    async with server.charge_point("CP-1") as charger:
        charger.expect("ReserveNow", instead="silence")
        past = reserve_now(7, expiryDate=at(seconds=-1))
        path = "/charge-points/CP-1/calls/ReserveNow?timeout=0.2"
        await server.post(path, past, status=504)
    assert await statuses(server) == [(7, "expired")]


async def test_an_order_that_was_never_sent_reserves_nothing(server: Running) -> None:
    calls = "/charge-points/CP-1/calls"
    async with server.charge_point("CP-1") as charger:
        silent = charger.expect("ClearCache", instead="silence")
        first = asyncio.create_task(server.post(f"{calls}/ClearCache?timeout=0.5", {}, status=504))
        await silent.happened()
        await server.post(f"{calls}/ReserveNow?timeout=0.5", reserve_now(7), status=504)
        await first
    assert await statuses(server) == [(7, "rejected")]


async def test_connector_0_of_1_6_is_any_evse(server: Running) -> None:
    async with server.charge_point("CP-1") as charger:
        charger.expect("ReserveNow")
        await server.post("/charge-points/CP-1/calls/ReserveNow", reserve_now(7, connectorId=0))
    assert (await server.get("/charge-points/CP-1/reservations/7"))["evse_id"] is None


async def test_a_kind_of_plug_can_only_be_kept_free_in_2_0_1(server: Running) -> None:
    order = {"id_token": "card", "connector_type": "cType2", "expires_at": at(hours=1)}
    async with server.charge_point("CP-1"):
        answer = await server.api("POST", "/charge-points/CP-1/reservations", order)
    assert answer.status == 409
    assert await statuses(server) == []


async def test_a_reservation_names_the_kind_that_its_token_was_entered_with(
    server: Running,
) -> None:
    await server.add_token("CAR-1", type="MacAddress")
    async with server.charge_point("CP-1", "ocpp2.0.1") as charger:
        order = charger.expect("ReserveNow")
        await server.post(
            "/charge-points/CP-1/reservations", {"id_token": "car-1", "expires_at": at(hours=1)}
        )
        assert (await order.happened())["idToken"] == {"idToken": "CAR-1", "type": "MacAddress"}


async def starts(server: Running, card: str, connector_id: int = 1) -> None:
    """A charge point starts a transaction, and does not say that a reservation is used."""
    async with server.charge_point("CP-1") as charger:
        await charger.send(
            "StartTransaction",
            {"connectorId": connector_id, "idTag": card, "meterStart": 0, "timestamp": at()},
        )


async def reserved(server: Running, **more: Any) -> None:
    await server.add_token("CARD")
    async with server.charge_point("CP-1") as charger:
        charger.expect("ReserveNow")
        await server.post("/charge-points/CP-1/calls/ReserveNow", reserve_now(7, **more))


async def test_who_comes_uses_a_reservation_also_if_the_charge_point_does_not_say_so(
    server: Running,
) -> None:
    await reserved(server)
    await starts(server, "card")
    (kept,) = (await server.get("/reservations"))["items"]
    (transaction,) = await server.transactions()
    assert (kept["status"], kept["transaction_id"]) == ("used", transaction["id"])


async def test_another_of_the_group_uses_it_as_well(server: Running) -> None:
    await server.add_token("OTHER", group_id="FAMILY")
    await reserved(server, parentIdTag="FAMILY")
    await starts(server, "OTHER")
    assert await statuses(server) == [(7, "used")]


async def test_a_stranger_or_another_connector_leaves_a_reservation_alone(server: Running) -> None:
    await server.add_token("OTHER")
    await reserved(server)
    await starts(server, "OTHER")
    await starts(server, "card", connector_id=2)
    assert await statuses(server) == [(7, "active")]

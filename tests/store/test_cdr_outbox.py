"""CDRs reach a real HTTP server: signed, once for each price, again after every kind of failure."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from ipaddress import ip_network
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import text
from statement_world import StatementWorld, again, june_prices
from unit.statements.ocpi import CDR_ENVELOPE
from unit.world import FakeClock

from csms.events import Events, TransactionPriced
from csms.metrics import Metrics
from csms.services.cdrs.delivery import CdrDelivery
from csms.services.cdrs.webhooks import PAUSES, new_secret
from csms.services.destinations import Destinations
from csms.store.admin import cdr_webhooks
from csms.store.cdr_outbox import CdrOutbox
from csms.store.database import Database
from csms.tariff.pricing import unpriced


class Receiver:
    """An outside billing program that says what it is told to say."""

    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        self.silent = False
        self.closing = asyncio.Event()
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/cdrs"

    @property
    def told(self) -> list[list[dict[str, Any]]]:
        return [json.loads(body)["cdrs"] for _, body in self.requests]

    async def take(self, request: web.Request) -> web.Response:
        self.requests.append(
            ({name.lower(): value for name, value in request.headers.items()}, await request.read())
        )
        if self.silent:
            await self.closing.wait()
        status = self.answers.pop(0) if self.answers else 204
        headers = {"Location": "/elsewhere"} if 300 <= status < 400 else {}
        return web.Response(status=status, headers=headers)


@asynccontextmanager
async def listening(receiver: Receiver) -> AsyncIterator[Receiver]:
    application = web.Application()
    application.router.add_post("/{path}", receiver.take)
    receiver.closing.clear()
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=5)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", receiver.port)
    await site.start()
    receiver.port = runner.addresses[0][1]
    yield receiver
    receiver.closing.set()  # or a connection whose handler still waits would be left open
    await runner.cleanup()


class WatchedOutbox(CdrOutbox):
    """Tells when somebody found nothing more to send."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.found_empty = asyncio.Event()

    async def next_due(self, now: datetime) -> datetime | None:
        due_at = await super().next_due(now)
        self.found_empty.set()
        return due_at


class Office:
    """A database with a webhook, and the delivery that works for it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.world = StatementWorld(database)
        self.clock = FakeClock(datetime.now(UTC) + timedelta(seconds=1))
        self.secret = new_secret()
        self.events = Events()
        self.destinations = Destinations([ip_network("127.0.0.0/8")])

    async def webhook(self, url: str, **values: Any) -> int:
        row = {"url": url, "site_id": None, "enabled": True, "secret": self.secret, **values}
        async with self.database.begin() as connection:
            return int((await cdr_webhooks.create(connection, row))["id"])

    async def deliveries(self) -> list[dict[str, Any]]:
        async with self.database.begin() as connection:
            rows = await connection.execute(text("SELECT * FROM cdr_deliveries ORDER BY id"))
            return [dict(row) for row in rows.mappings()]

    async def states(self) -> list[tuple[str, int]]:
        return [(row["state"], row["attempts"]) for row in await self.deliveries()]

    async def until(self, *states: tuple[str, int]) -> None:
        """Wait until the deliveries are as they shall be."""
        async with asyncio.timeout(30):
            while await self.states() != list(states):
                await asyncio.sleep(0.02)

    @asynccontextmanager
    async def delivering(
        self, look_s: float = 0.01, timeout_s: float = 15.0
    ) -> AsyncIterator[WatchedOutbox]:
        outbox = WatchedOutbox(self.database)
        delivery = CdrDelivery(
            outbox,
            self.events,
            self.clock,
            Metrics(),
            self.destinations,
            look_s=look_s,
            timeout_s=timeout_s,
        )
        delivery.start()
        delivery.look()
        yield outbox
        await delivery.stop()


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    database = Database(database_url)
    office = Office(database)
    await office.world.garage()
    await office.world.charge_point()
    await office.world.tariff()
    yield office
    await database.close()


async def test_every_price_is_told_as_a_cdr_that_the_receiver_can_verify(office: Office) -> None:
    async with listening(Receiver()) as receiver, office.delivering():
        await office.webhook(receiver.url)
        await office.world.price(june_prices()[:2])
        await office.until(("delivered", 1), ("delivered", 1))

    headers, body = receiver.requests[0]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(office.secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert int(headers["webhook-timestamp"]) == int(office.clock.now().timestamp())
    CDR_ENVELOPE.validate(json.loads(body))
    assert sorted(cdrs[0]["id"] for cdrs in receiver.told) == ["1", "2"]


async def test_a_price_is_told_at_once_and_not_when_it_is_looked_for(office: Office) -> None:
    async with listening(Receiver()) as receiver, office.delivering(look_s=1000) as outbox:
        await office.webhook(receiver.url)
        async with asyncio.timeout(10):
            await outbox.found_empty.wait()
        await office.world.price(june_prices()[:1])
        office.events.publish(
            TransactionPriced(
                at=office.clock.now(),
                charge_point_id="CP-1",
                transaction_id=1,
                id_token=None,
                running=False,
                currency="EUR",
                net=Decimal(10),
                gross=Decimal("12.30"),
                energy_wh=Decimal(50_000),
            )
        )
        await office.until(("delivered", 1))


async def test_what_was_priced_before_there_was_a_webhook_is_not_told(office: Office) -> None:
    await office.world.price(june_prices()[:1])
    await office.webhook("http://127.0.0.1:9/")
    assert await office.deliveries() == []


async def test_what_has_no_price_is_told_once_it_has_one(office: Office) -> None:
    await office.webhook("http://127.0.0.1:9/")
    await office.world.price([unpriced(june_prices()[0].usage, "no tariff")])
    assert await office.deliveries() == []
    await office.world.price(june_prices()[:1], revision=2)
    assert [row["revision"] for row in await office.deliveries()] == [2]


async def test_a_webhook_of_a_site_hears_of_that_site_alone(office: Office) -> None:
    await office.world.garage(site_id="annex")
    await office.webhook("http://127.0.0.1:9/", site_id="annex")
    await office.world.price(june_prices()[:1])
    assert await office.deliveries() == []


async def test_a_new_price_takes_the_old_one_back(office: Office) -> None:
    async with listening(Receiver()) as receiver, office.delivering():
        await office.webhook(receiver.url)
        await office.world.price(june_prices()[:1])
        await office.until(("delivered", 1))
        await office.world.price([again(june_prices()[0], energy_wh=10_000)], revision=2)
        await office.until(("delivered", 1), ("delivered", 1))

    assert [[each["id"] for each in cdrs] for cdrs in receiver.told] == [["1"], ["1-C", "1-2"]]
    back = receiver.told[1][0]
    assert (back["credit"], back["total_cost"]["incl_vat"]) == (True, -6.88)


@pytest.mark.parametrize("answer", [500, 404, 302])
async def test_an_answer_that_is_no_success_is_tried_again_later(
    office: Office, answer: int
) -> None:
    receiver = Receiver()
    receiver.answers = [answer]
    async with listening(receiver), office.delivering():
        await office.webhook(receiver.url)
        await office.world.price(june_prices()[:1])
        await office.until(("waiting", 1))
        (waiting,) = await office.deliveries()
        office.clock.advance(PAUSES[0].total_seconds() + 1)
        await office.until(("delivered", 2))

    assert (waiting["status"], waiting["error"]) == (answer, f"the receiver answered {answer}")
    assert waiting["due_at"] > waiting["attempted_at"]
    ids = {headers["webhook-id"] for headers, _ in receiver.requests}
    assert (len(receiver.requests), len(ids)) == (2, 1)


async def test_a_receiver_on_a_private_address_is_not_asked_unless_settings_allow_it(
    office: Office,
) -> None:
    """Not even by a name: it may lead somewhere else than it did when it was entered."""
    office.destinations = Destinations()
    async with listening(Receiver()) as receiver, office.delivering():
        await office.webhook(receiver.url.replace("127.0.0.1", "localhost"))
        await office.world.price(june_prices()[:1])
        await office.until(("waiting", 1))
        (waiting,) = await office.deliveries()

    assert "its address is not allowed" in waiting["error"]
    assert receiver.requests == []


async def test_a_receiver_that_says_nothing_is_given_up_for_now(office: Office) -> None:
    receiver = Receiver()
    receiver.silent = True
    async with listening(receiver), office.delivering(timeout_s=0.3):
        await office.webhook(receiver.url)
        await office.world.price(june_prices()[:1])
        await office.until(("waiting", 1))
        receiver.silent = False
        office.clock.advance(PAUSES[0].total_seconds() + 1)
        await office.until(("delivered", 2))


async def test_a_receiver_that_is_away_gets_everything_when_it_is_back(office: Office) -> None:
    receiver = Receiver()
    async with listening(receiver):
        pass  # now nobody listens at its port
    async with office.delivering():
        await office.webhook(receiver.url)
        await office.world.price(june_prices()[:1])
        await office.until(("waiting", 1))
    async with listening(receiver), office.delivering():
        office.clock.advance(PAUSES[0].total_seconds() + 1)
        await office.until(("delivered", 2))


async def test_after_the_last_attempt_it_has_failed_until_somebody_wants_it_again(
    office: Office,
) -> None:
    receiver = Receiver()
    receiver.answers = [503] * (len(PAUSES) + 1)
    async with listening(receiver), office.delivering():
        webhook_id = await office.webhook(receiver.url)
        await office.world.price(june_prices()[:1])
        for attempt, pause in enumerate(PAUSES, start=1):
            await office.until(("waiting", attempt))
            office.clock.advance(pause.total_seconds() + 1)
        await office.until(("failed", len(PAUSES) + 1))
        async with office.database.begin() as connection:
            assert await cdr_webhooks.retry(connection, webhook_id) == 1
        await office.until(("delivered", 1))


async def test_a_dead_receiver_does_not_hold_up_another_one(office: Office) -> None:
    async with listening(Receiver()) as receiver:
        await office.webhook("http://127.0.0.1:9/")
        await office.webhook(receiver.url)
        await office.world.price(june_prices())
        async with office.delivering(), asyncio.timeout(15):
            while len(receiver.requests) < len(june_prices()):
                await asyncio.sleep(0.02)

    states = [row["state"] for row in await office.deliveries()]
    assert states.count("delivered") >= len(june_prices()) - 10


async def test_a_disabled_webhook_hears_nothing(office: Office) -> None:
    await office.webhook("http://127.0.0.1:9/", enabled=False)
    await office.world.price(june_prices()[:1])
    assert await office.deliveries() == []


async def test_a_site_that_does_not_say_as_whom_waits_and_says_so(office: Office) -> None:
    async with office.database.begin() as connection:
        await connection.execute(text("UPDATE statement_issuers SET cdr = '{}'"))
    async with office.delivering():
        await office.webhook("http://127.0.0.1:9/")
        await office.world.price(june_prices()[:1])
        await office.until(("waiting", 1))

    (waiting,) = await office.deliveries()
    assert waiting["error"] == "site 'garage' has no cdr in its statement-issuer"


async def test_two_servers_send_nothing_twice(office: Office) -> None:
    async with listening(Receiver()) as receiver, office.delivering(), office.delivering():
        await office.webhook(receiver.url)
        prices = [
            replace(price, usage=replace(price.usage, transaction_id=number))
            for number, price in enumerate(june_prices() * 2, start=1)
        ]
        await office.world.price(prices)
        await office.until(*[("delivered", 1)] * len(prices))

    ids = [cdrs[0]["id"] for cdrs in receiver.told]
    assert sorted(ids) == sorted(str(number) for number in range(1, len(prices) + 1))

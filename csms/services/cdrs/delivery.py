"""Sends CDRs from the outbox to webhooks, a few at a time, again and again until they arrive.

The outbox is a table: nothing is forgotten when this server stops, and several may send at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import aiohttp

from csms.clock import Clock
from csms.errors import ConflictError
from csms.events import Event, Events, TransactionPriced
from csms.metrics import Metrics
from csms.services.cdrs.ports import DeliveryStore
from csms.services.cdrs.webhooks import Delivery, headers, next_attempt
from csms.services.destinations import Destinations
from csms.services.rounds import Boundary, Rounds

log = logging.getLogger(__name__)

LOOK_S: Final = 30.0
"""Between looks for what another node was asked to send, or began to and did not."""
TIMEOUT_S: Final = 10.0
AT_ONCE: Final = 10
LEASE: Final = timedelta(minutes=1)
SHOWN_CHARS: Final = 200


class CdrDelivery:
    """Looks for what is due and sends it."""

    def __init__(
        self,
        store: DeliveryStore,
        events: Events,
        clock: Clock,
        metrics: Metrics,
        destinations: Destinations,
        *,
        look_s: float = LOOK_S,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._store = store
        self._clock = clock
        self._deliveries = metrics.cdr_deliveries
        self._destinations = destinations
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._boundary = Boundary("CDR delivery", metrics)
        self._rounds = Rounds("CDR delivery", self._send_due, metrics, every_s=look_s)
        events.hang_bell(self.look, TransactionPriced, when=_fills_the_outbox)

    def start(self) -> None:
        self._rounds.start()

    async def stop(self) -> None:
        """Stop; what was being sent is sent again when its lease ends."""
        await self._rounds.stop()

    def look(self) -> None:
        """Look now: something may have come into the outbox."""
        self._rounds.ring()

    async def _send_due(self) -> float | None:
        """Send what is due; returns in how many seconds something else is."""
        due = await self._claim()
        if due:
            async with self._session() as http:
                while due:
                    await asyncio.gather(*(self._send(http, delivery) for delivery in due))
                    due = await self._claim()
        now = self._clock.now()
        next_at = await self._store.next_due(now)
        return None if next_at is None else (next_at - now).total_seconds()

    async def _claim(self) -> Sequence[Delivery]:
        now = self._clock.now()
        return await self._store.claim(now, now + LEASE, AT_ONCE)

    def _session(self) -> aiohttp.ClientSession:
        jar = aiohttp.DummyCookieJar()
        connector = self._destinations.connector()
        return aiohttp.ClientSession(timeout=self._timeout, cookie_jar=jar, connector=connector)

    async def _send(self, http: aiohttp.ClientSession, delivery: Delivery) -> None:
        with self._boundary.survive(f"delivery {delivery.id}"):
            await self._attempt(http, delivery)

    async def _attempt(self, http: aiohttp.ClientSession, delivery: Delivery) -> None:
        status: int | None = None
        try:
            body = await self._store.body(delivery)
            signed = headers(delivery, body, self._clock.now())
            async with http.post(
                delivery.url, data=body, headers=signed, allow_redirects=False
            ) as response:
                status = response.status
        except ConflictError as error:
            problem = str(error)
        except TimeoutError:
            problem = f"no answer within {self._timeout.total:g} s"
        except (OSError, aiohttp.ClientError, ValueError) as error:
            problem = f"{type(error).__name__}: {error}"[:SHOWN_CHARS]
        else:
            if 200 <= status < 300:
                self._deliveries.labels("delivered").inc()
                await self._store.delivered(delivery, self._clock.now(), status)
                return
            problem = f"the receiver answered {status}"
        await self._note_failure(delivery, problem, status)

    async def _note_failure(self, delivery: Delivery, problem: str, status: int | None) -> None:
        now = self._clock.now()
        again_at = next_attempt(delivery.attempts + 1, now)
        self._deliveries.labels("failed" if again_at is None else "retried").inc()
        log.warning(
            "a CDR was not delivered: %s",
            problem,
            extra={"webhook": delivery.webhook_id, "transaction": delivery.transaction_id},
        )
        await self._store.failed(delivery, now, problem, status, again_at)


def _fills_the_outbox(event: Event) -> bool:
    """Only what has a price for everything is told (OCPI: a CDR has its total cost)."""
    return isinstance(event, TransactionPriced) and not event.running and event.gross is not None

"""Sends CDRs from the outbox to webhooks, a few at a time, again and again until they arrive.

The outbox is a table: nothing is forgotten when this server stops, and several may send at once.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import Final

import aiohttp

from csms.clock import Clock
from csms.errors import ConflictError, DatabaseUnavailableError
from csms.metrics import Metrics
from csms.services.cdrs.ports import DeliveryStore
from csms.services.cdrs.webhooks import Delivery, headers, next_attempt

log = logging.getLogger(__name__)

LOOK_S: Final = 2.0
TIMEOUT_S: Final = 10.0
AT_ONCE: Final = 10
LEASE: Final = timedelta(minutes=1)
SHOWN_CHARS: Final = 200


class CdrDelivery:
    """Looks for what is due and sends it."""

    def __init__(
        self,
        store: DeliveryStore,
        clock: Clock,
        metrics: Metrics,
        *,
        look_s: float = LOOK_S,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._store = store
        self._clock = clock
        self._deliveries = metrics.cdr_deliveries
        self._look_s = look_s
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._send_forever(), name="CDR delivery")

    async def stop(self) -> None:
        """Stop; what was being sent is sent again when its lease ends."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _send_forever(self) -> None:
        jar = aiohttp.DummyCookieJar()
        async with aiohttp.ClientSession(timeout=self._timeout, cookie_jar=jar) as http:
            while True:
                try:
                    sent = await self._send_due(http)
                except DatabaseUnavailableError as error:
                    log.warning("CDRs wait: %s", error)
                    sent = 0
                except Exception:  # the boundary of the task: the next look must not suffer
                    log.exception("the delivery of CDRs failed")
                    sent = 0
                if not sent:
                    await asyncio.sleep(self._look_s)

    async def _send_due(self, http: aiohttp.ClientSession) -> int:
        now = self._clock.now()
        due = await self._store.claim(now, now + LEASE, AT_ONCE)
        await asyncio.gather(*(self._attempt(http, delivery) for delivery in due))
        return len(due)

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

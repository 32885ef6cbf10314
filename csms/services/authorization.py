"""May this token charge here, now?"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import Final, Literal, Protocol

from csms.clock import Clock
from csms.metrics import Metrics
from csms.model import NO_TOKEN_TYPE, Authorization, AuthorizationStatus, IdToken
from csms.services.accounts.model import Payer, SpendingVerdict
from csms.services.charge_point import ChargePoint
from csms.services.id_token import IdTokenRecord
from csms.services.ports import IdTokenStore, OpenTransactionCount
from csms.services.token_spellings import behind, other_spellings
from csms.services.unknown_tokens import UnknownTokens

UnknownIdTokens = Literal["reject", "accept"]

CACHE_SIZE: Final = 50_000
CACHE_TTL_S: Final = 60.0
"""Another node's change is seen after this long at the latest; our own at once."""

DIRECT_PAYMENT_TYPE: Final = "DirectPayment"
"""Of 2.1: the reference of a payment that a terminal at the charge point got authorised (C18)."""


class IdTokenCache:
    """The latest tokens asked for, known and unknown, for a short while each."""

    def __init__(self, store: IdTokenStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._entries: OrderedDict[str, tuple[float, IdTokenRecord | None]] = OrderedDict()
        self._generation = 0
        self.on_change: Callable[[], None] | None = None
        """Called when this server has changed tokens or groups."""

    async def get(self, id_token: str) -> IdTokenRecord | None:
        entry = self._entries.get(id_token)
        now = self._clock.monotonic()
        if entry is not None and entry[0] > now:
            return entry[1]
        generation = self._generation
        record = await self._store.find(id_token)
        if generation == self._generation:  # nothing was changed while we asked
            self._entries[id_token] = (now + CACHE_TTL_S, record)
            self._entries.move_to_end(id_token)
            if len(self._entries) > CACHE_SIZE:
                self._entries.popitem(last=False)
        return record

    def forget(self, id_token: str | None = None) -> None:
        """Drop one token, or all (a group changed)."""
        self._generation += 1
        if id_token is None:
            self._entries.clear()
        else:
            self._entries.pop(id_token, None)
        if self.on_change is not None:
            self.on_change()


class SpendingCheck(Protocol):
    """Whoever knows whether there is credit."""

    async def judge(
        self,
        payer: Payer,
        charge_point_id: str,
        at: datetime,
        *,
        starting: bool,
        transaction_id: int | None,
    ) -> SpendingVerdict:
        """Decide whether a payer's token may charge, and how much.

        For a transaction that is `starting` credit is held at once.
        """
        ...


class AuthorizationService:
    spending: SpendingCheck | None = None

    def __init__(
        self,
        id_tokens: IdTokenStore,
        transactions: OpenTransactionCount,
        clock: Clock,
        metrics: Metrics,
        unknown_id_tokens: UnknownIdTokens,
        id_token_mark: str | None = None,
    ) -> None:
        self._decisions = {
            status: metrics.authorizations.labels(status.value) for status in AuthorizationStatus
        }
        self.cache = IdTokenCache(id_tokens, clock)
        self.unknown = UnknownTokens()
        self._transactions = transactions
        self._unknown_accepted = unknown_id_tokens == "accept"
        self._mark = id_token_mark

    async def known_as(self, shown: IdToken) -> IdToken:
        """Return a token as it was entered, whatever the reader put into it besides.

        That is what follows the mark, and a card's number with other marks between its bytes.
        """
        value = behind(shown.value, self._mark)
        if await self.cache.get(value) is None:
            for other in other_spellings(value):
                if await self.cache.get(other) is not None:
                    return IdToken(other, shown.type)
        return shown if value == shown.value else IdToken(value, shown.type)

    async def authorize(
        self,
        charge_point: ChargePoint,
        id_token: IdToken,
        at: datetime,
        *,
        starting: bool = True,
        transaction_id: int | None = None,
    ) -> Authorization:
        """Decide about a token at a charge point.

        `starting` is a transaction that begins with it, and not the mere question who this is:
        both versions tell of ConcurrentTx in the answer to a start alone, because whoever shows a
        token may be about to end the transaction it is in. `transaction_id` names the transaction
        it is about, which never counts against itself.
        """
        authorization = await self._decide(charge_point, id_token, at, starting, transaction_id)
        self._decisions[authorization.status].inc()
        return authorization

    async def _decide(
        self,
        charge_point: ChargePoint,
        id_token: IdToken,
        at: datetime,
        starting: bool,
        transaction_id: int | None,
    ) -> Authorization:
        if not charge_point.accepted:
            return Authorization(
                AuthorizationStatus.INVALID, reason="the charge point is not accepted"
            )
        if id_token.type == NO_TOKEN_TYPE:
            return Authorization(AuthorizationStatus.ACCEPTED)
        id_token = await self.known_as(id_token)
        record = await self.cache.get(id_token.value)
        if record is None and id_token.type == DIRECT_PAYMENT_TYPE:
            return Authorization(AuthorizationStatus.ACCEPTED, reason="paid at the charge point")
        if record is None:
            self.unknown.shown(charge_point, id_token, at)
            return self._of_unknown()
        status, reason = _standing(record, charge_point, at)
        if status is AuthorizationStatus.ACCEPTED and starting:
            status, reason = await self._beginning(record, transaction_id)
        payer = record.payer
        if payer is None:
            return Authorization(status, record.expires_at, record.group_id, reason)
        allowance = None
        if status is AuthorizationStatus.ACCEPTED:
            verdict = await self._credit(payer, charge_point, at, starting, transaction_id)
            allowance = verdict.allowance
            if verdict.refusal is not None:
                status, reason = AuthorizationStatus.NO_CREDIT, verdict.refusal
        prepaid_at = None if payer.account_id is None else at
        return Authorization(
            status, record.expires_at, record.group_id, reason, prepaid_at, allowance
        )

    async def _beginning(
        self, record: IdTokenRecord, transaction_id: int | None
    ) -> tuple[AuthorizationStatus, str]:
        """Decide whether a token in good standing may begin one more transaction."""
        if record.master_pass:  # C16.FR.03
            return AuthorizationStatus.INVALID, "a master pass only ends transactions"
        limit = record.max_concurrent_transactions
        if limit is None or await self._transactions.count(record.id_token, transaction_id) < limit:
            return AuthorizationStatus.ACCEPTED, ""
        return AuthorizationStatus.CONCURRENT_TX, f"at most {limit} transactions at once"

    async def _credit(
        self,
        payer: Payer,
        charge_point: ChargePoint,
        at: datetime,
        starting: bool,
        transaction_id: int | None,
    ) -> SpendingVerdict:
        """Decide whether there is credit; whoever may be about to stop charging needs none."""
        stopping = not starting and await self._transactions.count(payer.id_token)
        if self.spending is None or stopping:
            return SpendingVerdict()
        return await self.spending.judge(
            payer, charge_point.id, at, starting=starting, transaction_id=transaction_id
        )

    def _of_unknown(self) -> Authorization:
        if self._unknown_accepted:
            return Authorization(AuthorizationStatus.ACCEPTED, reason="unknown tokens are accepted")
        return Authorization(AuthorizationStatus.INVALID, reason="unknown id token")


def _standing(
    record: IdTokenRecord, charge_point: ChargePoint, at: datetime
) -> tuple[AuthorizationStatus, str]:
    if record.status is not AuthorizationStatus.ACCEPTED:
        return record.status, f"the id token is {record.status}"
    if record.max_concurrent_transactions == 0:
        return AuthorizationStatus.BLOCKED, "not a single transaction is allowed"
    if record.expires_at is not None and record.expires_at <= at:
        return AuthorizationStatus.EXPIRED, f"expired at {record.expires_at:%Y-%m-%d %H:%M}Z"
    places = record.allowed_charge_points
    sites = record.allowed_sites
    if places is None and sites is None:
        return AuthorizationStatus.ACCEPTED, ""
    identity = charge_point.id.casefold()
    if places and any(place.casefold() == identity for place in places):
        return AuthorizationStatus.ACCEPTED, ""
    if sites and charge_point.site_id in sites:
        return AuthorizationStatus.ACCEPTED, ""
    return AuthorizationStatus.NOT_AT_THIS_LOCATION, "not allowed at this charge point"

"""Which transactions are open for an id token, over all charge points, without a race.

Only those the token was accepted for: a charger that was refused often never tells that nothing
came of it, and must not keep the token from charging elsewhere.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from csms.model import AuthorizationStatus
from csms.services.ports import TransactionStore
from csms.services.transactions.model import Transaction

_NOTHING: AbstractSet[int] = frozenset()


class OpenTransactions:
    """The store's open transactions, corrected by what this server knows but has not saved yet."""

    def __init__(self, store: TransactionStore) -> None:
        self._store = store
        self._token_of: dict[int, str] = {}
        self._by_token: dict[str, set[int]] = {}
        self._closing: dict[str, set[int]] = {}

    def opened(self, transaction: Transaction) -> None:
        """Note an open transaction, also again when its token became known or its standing."""
        token = _holder(transaction)
        if self._token_of.get(transaction.id) == token:
            return
        self.forget(transaction)
        if token is not None:
            self._token_of[transaction.id] = token
            self._by_token.setdefault(token, set()).add(transaction.id)

    def closed(self, transaction: Transaction) -> None:
        """Note an end that the store does not know yet; `saved` forgets it again."""
        self.forget(transaction)
        if transaction.id_token is not None:
            self._closing.setdefault(transaction.id_token, set()).add(transaction.id)

    def saved(self, transaction: Transaction) -> None:
        if transaction.id_token is not None:
            _discard(self._closing, transaction.id_token, transaction.id)

    def forget(self, transaction: Transaction) -> None:
        """Leave a transaction to the store: its charge point is no longer held here."""
        token = self._token_of.pop(transaction.id, None)
        if token is not None:
            _discard(self._by_token, token, transaction.id)

    def here(self, id_token: str) -> AbstractSet[int]:
        """Return the ids of a token's open transactions on this server, as they are now."""
        return frozenset(self._by_token.get(id_token, _NOTHING))

    async def count(self, id_token: str, except_id: int | None = None) -> int:
        """Count the open transactions of a token, one of them left out."""
        stored = set(await self._store.open_ids(id_token))
        stored -= self._closing.get(id_token, _NOTHING)
        stored |= self._by_token.get(id_token, _NOTHING)
        stored.discard(except_id or 0)
        return len(stored)


def _holder(transaction: Transaction) -> str | None:
    """Return the token a transaction counts for; None if nobody asked, or it was refused."""
    refused = transaction.authorization_status not in (None, AuthorizationStatus.ACCEPTED)
    return None if refused else transaction.id_token


def _discard(index: dict[str, set[int]], token: str, number: int) -> None:
    if token in index:
        index[token].discard(number)
        if not index[token]:
            del index[token]

"""Which transactions are open for an id token, over all charge points, without a race."""

from __future__ import annotations

from csms.services.ports import TransactionStore
from csms.services.transactions.model import Transaction


class OpenTransactions:
    """The store's open transactions, corrected by what this server knows but has not saved yet."""

    def __init__(self, store: TransactionStore) -> None:
        self._store = store
        self._by_token: dict[str, set[int]] = {}
        self._closing: dict[str, set[int]] = {}

    def opened(self, transaction: Transaction) -> None:
        if transaction.id_token is not None:
            self._by_token.setdefault(transaction.id_token, set()).add(transaction.id)

    def closed(self, transaction: Transaction) -> None:
        """Note an end that the store does not know yet; `saved` forgets it again."""
        _discard(self._by_token, transaction)
        if transaction.id_token is not None:
            self._closing.setdefault(transaction.id_token, set()).add(transaction.id)

    def saved(self, transaction: Transaction) -> None:
        _discard(self._closing, transaction)

    def forget(self, transaction: Transaction) -> None:
        """Leave a transaction to the store: its charge point is no longer held here."""
        _discard(self._by_token, transaction)

    async def count(self, id_token: str, except_id: int | None = None) -> int:
        """Count the open transactions of a token, one of them left out."""
        stored = set(await self._store.open_ids(id_token))
        stored -= self._closing.get(id_token, set())
        stored |= self._by_token.get(id_token, set())
        stored.discard(except_id or 0)
        return len(stored)


def _discard(index: dict[str, set[int]], transaction: Transaction) -> None:
    token = transaction.id_token
    if token is None or token not in index:
        return
    index[token].discard(transaction.id)
    if not index[token]:
        del index[token]

"""Learns what lists charge points hold from all they answer, whatever way they were asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from csms.clock import Clock
from csms.model import OcppVersion
from csms.services.local_list.ports import ListReader, LocalListStore
from csms.services.local_list.words import SentList, ToldVersion, UnknownList
from csms.services.ports import Link


class LocalListMemory:
    """Implements `csms.services.commands.AnswerWatcher`."""

    def __init__(
        self, store: LocalListStore, readers: Mapping[OcppVersion, ListReader], clock: Clock
    ) -> None:
        self._store = store
        self._readers = readers
        self._clock = clock

    async def answered(
        self, link: Link, action: str, payload: Mapping[str, Any], answer: dict[str, Any]
    ) -> None:
        """Keep a list that was taken, or the version that was told; forget what can't be known."""
        news = self._readers[link.version](action, payload, answer)
        if news is None:
            return
        key, now = link.charge_point.key, self._clock.now()
        match news:
            case SentList():
                await self._store.keep_sent(key, news, now)
            case ToldVersion():
                await self._store.keep_told(key, news.version, now)
            case UnknownList():
                await self._store.forget(key, now)

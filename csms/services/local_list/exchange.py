"""The messages of one synchronisation of a local authorization list (D01, D02).

The version is asked first: a list that is not the one we sent is replaced, any other is changed
only where it differs. Afterwards the version is asked again. What was taken is remembered message
by message (`memory.py`), so whatever interrupts this, the next time goes on from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from csms.errors import CommandRefusedError, NotSupportedError
from csms.services.charge_point import ChargePoint
from csms.services.commands import (
    Command,
    CommandAnswer,
    GetConfiguration,
    GetLocalListVersion,
    SendLocalList,
)
from csms.services.local_list.choosing import ListChooser
from csms.services.local_list.planning import changing_update, difference, full_update
from csms.services.local_list.words import MAX_VERSION, Dialect, SentList, UpdateType
from csms.services.provisioning.words import VariableName

_NO_SUCH_COMMAND: Final = frozenset({"NotImplemented", "NotSupported"})


class Outcome(StrEnum):
    IN_SYNC = "in_sync"
    FAILED = "failed"
    NOT_SUPPORTED = "not_supported"


@dataclass(frozen=True, slots=True)
class Step:
    """One message and what the charge point said to it; `version` is the list's."""

    action: str
    status: str
    version: int | None = None
    update_type: UpdateType | None = None
    put: int = 0
    removed: int = 0


@dataclass(slots=True)
class Synchronisation:
    """How it went."""

    outcome: Outcome = Outcome.IN_SYNC
    reason: str | None = None
    steps: list[Step] = field(default_factory=list)


class StoppedError(Exception):
    """The charge point does not go along."""

    def __init__(self, outcome: Outcome, reason: str) -> None:
        super().__init__(reason)
        self.outcome = outcome
        self.reason = reason


class Commander(Protocol):
    async def execute(
        self, charge_point_id: str, command: Command, timeout_s: float | None = None
    ) -> CommandAnswer: ...


class Exchange:
    """Raises StoppedError, and CommandError where there was no answer."""

    def __init__(
        self,
        chooser: ListChooser,
        commands: Commander,
        charge_point: ChargePoint,
        steps: list[Step],
    ) -> None:
        self._chooser = chooser
        self._commands = commands
        self._charge_point = charge_point
        self._dialect: Dialect = chooser.dialect(charge_point)
        self._steps = steps

    async def ask_version(self) -> int:
        """Ask for the version of the list that the charge point holds; 0: it holds none."""
        answer = await self._execute(GetLocalListVersion())
        version = answer.results[0]["version"] if answer.results else None
        self._steps.append(Step("GetLocalListVersion", answer.status, version))
        if version is None:
            raise StoppedError(Outcome.FAILED, "it told no version of its list")
        if version < 0:
            raise StoppedError(
                Outcome.NOT_SUPPORTED,
                f"it says that it can't hold a list (version {version}); "
                "LocalAuthListEnabled may be false",
            )
        return int(version)

    async def check(self) -> None:
        """Ask for the version, and tell it from the one that was sent last."""
        known = await self._chooser.known(self._charge_point)
        told = await self.ask_version()
        if known.version is not None and told != known.version and (told or known.entries):
            raise StoppedError(
                Outcome.FAILED, f"it took version {known.version} of the list, and tells {told}"
            )

    async def bring_up_to_date(self, *, full: bool) -> None:
        """Change what differs; replace a list that isn't ours, or any if it has to be `full`."""
        known = await self._chooser.known(self._charge_point)
        told = await self.ask_version()
        if known.entries is None or full or told != known.version:
            await self._replace(max(told, known.version or 0), anyway=full or told > 0)
            return
        wanted, limits = await self._chooser.choose(self._charge_point)
        changes = difference(known.entries, wanted.entries)
        if not changes:
            return
        after = max(told, known.version or 0)
        parts = changing_update(changes, after, self._dialect, limits)
        if parts[-1].version <= MAX_VERSION and await self._refusal(parts) is None:
            await self._verify(parts[-1].version, is_empty=not wanted.entries)
            return
        # D01.FR.03: refused changes are followed by the whole list
        await self._replace(min(parts[-1].version, MAX_VERSION), anyway=True)

    async def empty(self) -> None:
        """Leave an empty list (D01.FR.04)."""
        known = await self._chooser.known(self._charge_point)
        version = max(known.version or 0, known.told_version or 0) % MAX_VERSION + 1
        refusal = await self._refusal([SentList(version, UpdateType.FULL)])
        if refusal is not None:
            raise StoppedError(Outcome.FAILED, f"it answered {refusal} to an empty list")
        await self._verify(version, is_empty=True)

    async def _replace(self, after: int, *, anyway: bool) -> None:
        """Send the whole list; where nothing is held and nothing wanted, only if `anyway`."""
        wanted, limits = await self._chooser.choose(self._charge_point)
        if not wanted.entries and not anyway:
            return
        parts = full_update(wanted.entries.values(), after, self._dialect, limits)
        refusal = await self._refusal(parts)
        if refusal is not None:
            # it may take less than most do, so it is asked how much
            await self._ask_limits()
            wanted, told = await self._chooser.choose(self._charge_point)
            if told != limits:
                parts = full_update(wanted.entries.values(), parts[-1].version, self._dialect, told)
                refusal = await self._refusal(parts)
        if refusal is not None:
            raise StoppedError(Outcome.FAILED, f"it answered {refusal} to a full list")
        await self._verify(parts[-1].version, is_empty=not wanted.entries)

    async def _refusal(self, parts: Sequence[SentList]) -> str | None:
        """Send parts in their order; returns the charge point's word for the first refused."""
        for part in parts:
            answer = await self._execute(SendLocalList(part))
            self._steps.append(
                Step(
                    "SendLocalList",
                    answer.status,
                    part.version,
                    part.update_type,
                    len(part.put),
                    len(part.removed),
                )
            )
            if answer.status == "NotSupported":
                raise StoppedError(Outcome.NOT_SUPPORTED, "it answered NotSupported")
            if not answer.accepted:
                return answer.status or "without a status"
        return None

    async def _verify(self, version: int, *, is_empty: bool) -> None:
        told = await self.ask_version()
        if told != version and (told or not is_empty):
            raise StoppedError(
                Outcome.FAILED,
                f"it took version {version} of the list, and now tells {told}"
                + ("; LocalAuthListEnabled may be false" if told == 0 else ""),
            )

    async def _ask_limits(self) -> None:
        """Ask how much the charge point takes; what it tells is remembered by who watches."""
        keys = [self._dialect.most_items, self._dialect.most_entries, self._dialect.most_bytes]
        names = [VariableName(key.variable, key.component) for key in keys if key is not None]
        try:
            answer = await self._execute(GetConfiguration(tuple(names)))
        except StoppedError:  # then nobody knows
            return
        self._steps.append(Step("GetConfiguration", answer.status))

    async def _execute(self, command: Command) -> CommandAnswer:
        try:
            return await self._commands.execute(self._charge_point.id, command)
        except NotSupportedError as error:
            raise StoppedError(Outcome.NOT_SUPPORTED, str(error)) from error
        except CommandRefusedError as error:
            is_unknown = error.code in _NO_SUCH_COMMAND
            outcome = Outcome.NOT_SUPPORTED if is_unknown else Outcome.FAILED
            raise StoppedError(outcome, str(error)) from error

"""What one OCPP version offers to chargers: each action's schema, handler and counters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, TypeAlias

from prometheus_client import Counter

from csms.gateway.actions import BILLABLE
from csms.gateway.frames import Json
from csms.gateway.refusals import SPELLING
from csms.gateway.schemas import MessageSchema, Schemas
from csms.handlers.contract import Handler, Routes
from csms.metrics import Metrics
from csms.model import OcppVersion

STRANGE_ACTION: Final = "other"
"""The label of all actions we don't know, so that chargers can't make labels without end."""


Outcomes: TypeAlias = Mapping[str, Counter]
"""Counters of one action by outcome, bound once."""


def _outcomes(metrics: Metrics, version: OcppVersion, direction: str, action: str) -> Outcomes:
    return {
        outcome: metrics.messages.labels(version.value, direction, action, outcome)
        for outcome in ("ok", "refused", "failed")
    }


class Endpoint:
    """One action a charge point may start."""

    __slots__ = (
        "_bind_outcomes",
        "_observe_seconds",
        "_outcomes",
        "_seconds",
        "action",
        "billable",
        "handler",
        "is_valid",
        "ordered",
        "schema",
    )

    def __init__(
        self,
        action: str,
        handler: Handler,
        schema: MessageSchema,
        metrics: Metrics,
        version: OcppVersion,
        response: MessageSchema | None = None,
    ) -> None:
        self.action = action
        self.handler = handler
        self.schema = schema
        self.is_valid: Callable[[Json], bool] = schema.is_valid
        self.ordered = None if response is None else response.ordered
        """Puts an answer's keys into the schema's order, where the handler may have another."""
        self.billable = action in BILLABLE
        # Each is many series, and most actions no charger here ever calls.
        self._bind_outcomes = partial(_outcomes, metrics, version, "in", action)
        self._outcomes: Outcomes | None = None
        self._seconds = partial(metrics.handler_seconds.labels, version.value, action)
        self._observe_seconds: Callable[[float], None] | None = None

    @property
    def outcomes(self) -> Outcomes:
        """The counters of its messages; once there was one, all of them."""
        if self._outcomes is None:
            self._outcomes = self._bind_outcomes()
        return self._outcomes

    def observe_seconds(self, seconds: float) -> None:
        """Count how long a message took."""
        if self._observe_seconds is None:
            self._observe_seconds = self._seconds().observe
        self._observe_seconds(seconds)


class Dialect:
    """One OCPP version as this server speaks it, shared by all its connections."""

    def __init__(self, schemas: Schemas, routes: Routes, metrics: Metrics) -> None:
        self.version = version = schemas.version
        self.schemas = schemas
        self.spelling = SPELLING[version]
        self.has_send = version is OcppVersion.V21
        """Whether there are SEND and CALLRESULTERROR."""
        self.has_open_words = version is OcppVersion.V21
        """Whether words that the schema does not list reach the handlers: 2.1 goes on growing."""
        self.endpoints = {
            action: Endpoint(
                action,
                handler,
                schemas.requests[action],
                metrics,
                version,
                # 2.1 shares the handlers of 2.0.1, but not everywhere its order of keys
                schemas.responses.get(action) if version is OcppVersion.V21 else None,
            )
            for action, handler in routes.items()
        }
        self.strangers = _outcomes(metrics, version, "in", STRANGE_ACTION)
        self._metrics = metrics
        self._commands: dict[str, Outcomes] = {}

    def command_outcomes(self, action: str) -> Outcomes:
        """Return the counters of a command we sent."""
        known = self._commands.get(action)
        if known is None:
            known = self._commands[action] = _outcomes(self._metrics, self.version, "out", action)
        return known

    def looks_like(self, action: str, payload: Json) -> bool:
        """Whether this version knows the action and finds the payload flawless."""
        schema = self.schemas.requests.get(action)
        return schema is not None and schema.is_valid(payload)

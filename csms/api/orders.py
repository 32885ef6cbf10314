"""Orders to charge points: noted in the audit log, sent, and answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType

from csms.api.context import Context
from csms.api.fields import TimeoutS
from csms.api.problems import FieldError, field_error
from csms.api.route import Asked, Route
from csms.services.answers import as_told, violations_of
from csms.services.commands import Command, CommandAnswer
from csms.services.confidential import address_shown, may_hold_secret
from csms.store.admin import audit_log, charge_points

TAG: Final = "Commands"
ERRORS: Final = (404, 409, 422, 429, 502, 504)

B = TypeVar("B", bound=Struct)


class CommandQuery(Struct, forbid_unknown_fields=True):
    timeout: TimeoutS | UnsetType = UNSET


class AnswerView(Struct):
    """What the charge point said: its own word, what that means, and the whole CALLRESULT.

    `violations` says what of the CALLRESULT is not as its schema has it.
    """

    status: str
    accepted: bool
    response: dict[str, Any]
    results: list[dict[str, Any]]
    violations: list[FieldError]


class Orders:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def check_known(self, asked: Asked[Any, Any]) -> None:
        """Raises NotFoundError for a charge point that nobody knows."""
        async with self._context.database.begin() as connection:
            await charge_points.key_of(connection, asked.charge_point_id)

    async def note(self, asked: Asked[Any, Any], verb: str, data: Any) -> None:
        """Note an order before it is sent: what came of it is in the message log."""
        target = f"charge-points/{asked.charge_point_id}"
        async with self._context.database.begin() as connection:
            await charge_points.key_of(connection, asked.charge_point_id)
            order = {"order": without_secrets(data)}
            await audit_log.record(connection, asked.actor.name, verb, target, order)

    async def send(self, asked: Asked[Any, Any], command: Command) -> CommandAnswer:
        """Send a command, and wait as long as `asked` wants."""
        return await self._context.commands.execute(
            asked.charge_point_id, command, asked.query.timeout or None
        )


def order(
    verb: str,
    body: type[B],
    handler: Callable[[Asked[CommandQuery, B]], Awaitable[Any]],
    summary: str,
    method: str = "POST",
    answer: type[Struct] = AnswerView,
) -> Route[CommandQuery, B]:
    """Make the route of a verb that commands one charge point."""
    return Route(
        method=method,
        path=f"/api/v1/charge-points/{{charge_point_id}}/{verb}",
        handler=handler,
        summary=summary,
        tag=TAG,
        query=CommandQuery,
        body=body,
        answers={200: answer},
        problems=ERRORS,
    )


def view_of(answer: CommandAnswer) -> AnswerView:
    return AnswerView(*said(answer), answer.results, violations_shown(answer.response))


def said(answer: CommandAnswer) -> tuple[str, bool, dict[str, Any]]:
    """Return an answer's own word, what it means, and the CALLRESULT as it came."""
    return answer.status, answer.accepted, as_told(answer.response)


def violations_shown(response: dict[str, Any]) -> list[FieldError]:
    """Return what is wrong with a CALLRESULT by its schema."""
    return [field_error(each.field, each.value, each.allowed) for each in violations_of(response)]


def joined(answers: Sequence[CommandAnswer]) -> CommandAnswer:
    """Return the answers to parts of one question as one; it is a yes if any of them is."""
    if len(answers) == 1:
        return answers[0]
    response: dict[str, Any] = {}
    for answer in answers:
        for key, value in answer.response.items():
            known = response.get(key)
            if isinstance(known, list) and isinstance(value, list):
                value = known + value
            response[key] = value
    told = next((answer for answer in answers if answer.accepted), answers[0])
    results = [result for answer in answers for result in answer.results]
    return CommandAnswer(told.status, told.accepted, response, results)


def without_secrets(data: Any) -> Any:
    """Return what the audit log may hold of an order: nothing of one that may carry a secret."""
    text = msgspec.json.encode(data).decode()
    if may_hold_secret(text) or address_shown(text) != text:
        return "(withheld: may hold a secret)"
    return data

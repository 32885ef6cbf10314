"""Passwords given to charge points over the connection they have."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any, Final

from msgspec import UNSET, Struct, UnsetType

from csms.api.context import Context
from csms.api.fields import Password
from csms.api.orders import AnswerView, CommandQuery, Orders, order, said, violations_shown
from csms.api.problems import Problem, problem_of
from csms.api.route import Asked, Route
from csms.errors import CommandError
from csms.services.commands import SetPassword
from csms.services.password_changes import may_have_taken

RANDOM_BYTES: Final = 20
"""As many as an AuthorizationKey of OCPP 1.6 has; written with 40 digits, it fits every version."""
UNSETTLED: Final = (
    "it may have taken the new password all the same. Both are let in: the old one until the "
    "charge point logs in with the new one, or says yes to another"
)


class PasswordBody(Struct, forbid_unknown_fields=True):
    """Without `password` a random one is made."""

    password: Password | UnsetType = UNSET


class PasswordAnswer(AnswerView):
    """`password` is the random one that the charge point has taken; it is not shown again."""

    password: str | None


class Passwords:
    def __init__(self, context: Context) -> None:
        self._orders = Orders(context)

    def routes(self) -> Sequence[Route[Any, Any]]:
        return [
            order(
                "password",
                PasswordBody,
                self.give,
                "Give a charge point a password; once it has taken it, it logs in with this one",
                answer=PasswordAnswer,
            )
        ]

    async def give(self, asked: Asked[CommandQuery, PasswordBody]) -> PasswordAnswer:
        """What the charge point has taken is kept by whoever carries it there (A01.FR.03)."""
        chosen = asked.body.password
        password = chosen or secrets.token_hex(RANDOM_BYTES)  # A01.FR.07
        await self._orders.note(asked, "password", {})
        try:
            answer = await self._orders.send(asked, SetPassword(password))
        except CommandError as error:
            raise _unsettled(error, None if chosen else password) from error
        shown = password if answer.accepted and not chosen else None
        return PasswordAnswer(
            *said(answer), answer.results, violations_shown(answer.response), shown
        )


def _unsettled(error: CommandError, made: str | None) -> Problem:
    """Tell what to do where nobody knows which password the charge point has."""
    problem = problem_of(error)
    if may_have_taken(error):
        problem.detail = f"{problem.detail}; {UNSETTLED}"
        problem.password = made
    return problem

"""Passwords given to charge points over the connection they have."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any, Final

from msgspec import UNSET, Struct, UnsetType

from csms.api.context import Context
from csms.api.fields import Password
from csms.api.orders import AnswerView, CommandQuery, Orders, order, said, violations_shown
from csms.api.route import Asked, Route
from csms.services.commands import SetPassword

RANDOM_BYTES: Final = 20
"""As many as an AuthorizationKey of OCPP 1.6 has; written with 40 digits, it fits every version."""


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
        """What the charge point has taken is kept by whoever watches its answers (A01.FR.03)."""
        chosen = asked.body.password
        password = chosen or secrets.token_hex(RANDOM_BYTES)  # A01.FR.07
        await self._orders.note(asked, "password", {})
        answer = await self._orders.send(asked, SetPassword(password))
        shown = password if answer.accepted and not chosen else None
        return PasswordAnswer(
            *said(answer), answer.results, violations_shown(answer.response), shown
        )

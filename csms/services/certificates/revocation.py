"""Whether a certificate was revoked: asked of its responder, remembered as long as it says."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final

from csms.clock import Clock
from csms.services.certificates import ocsp
from csms.services.certificates.ocsp import OcspAnswer
from csms.services.certificates.responders import Responders
from csms.services.certificates.words import OcspQuestion
from csms.services.charge_point import ChargePoint

CACHE_SIZE: Final = 5_000
LONGEST: Final = timedelta(days=7)
"""Charging stations ask anew once a week at least (M06.FR.10); so do we."""


class RevocationService:
    """One for all charge points. What is remembered is bound to the responder's address too, so
    that no charge point can answer for another's certificates."""

    def __init__(self, responders: Responders, clock: Clock) -> None:
        self._responders = responders
        self._clock = clock
        self._answers: OrderedDict[OcspQuestion, tuple[datetime, OcspAnswer]] = OrderedDict()

    async def ask(self, charge_point: ChargePoint, question: OcspQuestion) -> OcspAnswer:
        """Return what the responder says (C07.FR.05, M06.FR.02). Raises OcspError."""
        now = self._clock.now()
        remembered = self._answers.get(question)
        if remembered is not None and remembered[0] > now:
            self._answers.move_to_end(question)
            return remembered[1]
        request = ocsp.request_for(question.certificate)
        der = await self._responders.ask(
            question.responder_url, request, charge_point.remote_address
        )
        answer = ocsp.read_answer(der, question.certificate, now)
        if answer.next_update is not None:
            self._answers[question] = (min(answer.next_update, now + LONGEST), answer)
            self._answers.move_to_end(question)
            if len(self._answers) > CACHE_SIZE:
                self._answers.popitem(last=False)
        return answer

"""May a transaction begin? There has to be credit for it, which is held for it at once."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from csms.errors import DatabaseUnavailableError
from csms.services.accounts.judging import allowance, going_on, refusal
from csms.services.accounts.model import Payer, Reservation, SpendingVerdict, Standing
from csms.services.accounts.ports import Notices, SpendingStore

log = logging.getLogger(__name__)

HELD_FOR: Final = timedelta(minutes=5)
"""A charger that is told yes begins within this time, or tells of it later."""


class Admission:
    """Implements `csms.services.authorization.SpendingCheck`."""

    def __init__(self, store: SpendingStore, notices: Notices) -> None:
        self._store = store
        self._notices = notices

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

        For one that is `starting` credit is held; one that has begun has its own. Credit is of no
        use where nothing has a price in its currency: that would be electricity for nothing.
        Without an answer of the database it may not: nobody could say afterwards that there was
        credit.
        """
        uncovered: str | None = None
        try:
            async with self._store.opened(payer, charge_point_id, transaction_id, at) as opened:
                credit = opened.standing.credit
                if transaction_id is not None:
                    return _verdict(going_on(opened.standing), opened.standing)
                reason = refusal(opened.standing)
                if reason is None and credit is not None:
                    uncovered = reason = await opened.why_uncovered()
                if reason is None and starting and credit is not None:
                    await opened.reserve(
                        Reservation(
                            charge_point_id=charge_point_id,
                            transaction_id=None,
                            currency=credit.currency,
                            amount=credit.start_credit,
                            energy_wh=Decimal(0),
                            at=at,
                            expires_at=at + HELD_FOR,
                        )
                    )
            if uncovered is not None:
                await self._notices.uncovered(charge_point_id, payer.id_token, uncovered, at)
        except DatabaseUnavailableError as error:
            log.warning("credit of %s is not known: %s", payer.id_token, error)
            return SpendingVerdict("whether there is credit is not known just now")
        return _verdict(reason, opened.standing)


def _verdict(reason: str | None, standing: Standing) -> SpendingVerdict:
    return SpendingVerdict(reason, None if reason else allowance(standing, None))

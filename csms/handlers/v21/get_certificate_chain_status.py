"""GetCertificateChainStatus: was any of these certificates revoked? (M07)"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Final

from csms.handlers import certificate_hashes
from csms.handlers.contract import CallRefusedError, Payload, Refusal
from csms.handlers.v201.fields import Fields, group, groups, text
from csms.services.certificates.chain_status import RevocationSource, Standing, StandingQuestion
from csms.services.charge_point import ChargePoint
from csms.services.clocks import format_time
from csms.services.services import Services

MOST_CERTIFICATES: Final = 4
MOST_URLS: Final = 5
_URL_LENGTH: Final = 2000


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    asked = groups(payload, "certificateStatusRequests")[:MOST_CERTIFICATES]
    if not asked:
        raise CallRefusedError(
            Refusal.OCCURRENCE_CONSTRAINT_VIOLATION,
            "certificateStatusRequests names no certificate",
        )
    standings = await asyncio.gather(
        *(_standing(services, charge_point, each, received_at) for each in asked)
    )
    told = [_written(each, standing) for each, standing in zip(asked, standings, strict=True)]
    words = ", ".join(standing.status for standing in standings)
    await services.notifications.record(
        charge_point,
        "certificate_status",
        f"asks whether certificates of a chain are revoked: {words}",
        payload,
        received_at,
    )
    return {"certificateStatus": told}  # M07.FR.08


async def _standing(
    services: Services, charge_point: ChargePoint, asked: Fields, received_at: datetime
) -> Standing:
    certificate = certificate_hashes.read(asked.get("certificateHashData"))
    raw = asked.get("urls")
    urls = (
        [text({"url": each}, "url", _URL_LENGTH) for each in raw] if isinstance(raw, list) else []
    )
    if certificate is None:
        return Standing("Failed", received_at)
    question = StandingQuestion(
        certificate,
        RevocationSource.CRL if text(asked, "source") == "CRL" else RevocationSource.OCSP,
        tuple(each for each in urls[:MOST_URLS] if each is not None),
    )
    return await services.certificates.chain_status.ask(charge_point, question)


def _written(asked: Fields, standing: Standing) -> Payload:
    return {
        "certificateHashData": dict(group(asked, "certificateHashData")),
        "source": "CRL" if text(asked, "source") == "CRL" else "OCSP",
        "status": standing.status,
        "nextUpdate": format_time(standing.next_update),
    }

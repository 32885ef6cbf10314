"""VatNumberValidation: a driver wants a VAT number on the receipt (C18)."""

from __future__ import annotations

from datetime import datetime

from csms.handlers.contract import Payload
from csms.handlers.v201.fields import natural, text
from csms.services.charge_point import ChargePoint
from csms.services.services import Services
from csms.services.stations.vat_numbers import Company

NUMBER_LENGTH = 20


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    number = text(payload, "vatNumber", NUMBER_LENGTH) or ""
    verdict = await services.stations.vat_numbers.check(number)
    await services.notifications.record(
        charge_point,
        "vat_number",
        f"a driver enters the VAT number {number!r}"
        + ("" if verdict.accepted else f", refused: {verdict.reason}"),
        payload,
        received_at,
        evse_id=natural(payload, "evseId"),
    )
    answer: Payload = {}
    if verdict.company is not None:
        answer["company"] = _company(verdict.company)
    if not verdict.accepted:
        info = {"reasonCode": "InvalidValue", "additionalInfo": verdict.reason}
        answer["statusInfo"] = info
    answer["vatNumber"] = number
    evse_id = natural(payload, "evseId")
    if evse_id is not None:  # C18.FR.10
        answer["evseId"] = evse_id
    answer["status"] = "Accepted" if verdict.accepted else "Rejected"  # C18.FR.09
    return answer


def _company(company: Company) -> Payload:
    written = {
        "name": company.name[:50],
        "address1": company.address[:100],
        "city": company.city[:100],
        "country": company.country[:50],
    }
    if company.postal_code is not None:
        written["postalCode"] = company.postal_code[:20]
    return written

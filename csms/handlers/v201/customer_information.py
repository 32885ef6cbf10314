"""CustomerInformation: what a charging station knows of a customer (N09, N10)."""

from __future__ import annotations

from typing import Final

from csms.errors import InvalidValueError
from csms.handlers import certificate_hashes
from csms.handlers.contract import Payload
from csms.handlers.editions import edition_of
from csms.handlers.phrasebook import reader, within
from csms.handlers.v201.id_token import id_token_of
from csms.services.charge_point import ChargePoint
from csms.services.commands import CustomerInformation, Outgoing

CUSTOMER_ID_LENGTH: Final = 64


def customer_information(charge_point: ChargePoint, command: CustomerInformation) -> Outgoing:
    """Raises InvalidValueError unless the customer is named in exactly one way (N09.FR.09)."""
    ways = (command.certificate, command.id_token, command.customer_id)
    if sum(way is not None for way in ways) != 1:
        raise InvalidValueError(
            "id_token", None, "either an id token, a certificate or a customer_id"
        )
    edition = edition_of(charge_point)
    payload: Payload = {}
    if command.certificate is not None:
        payload["customerCertificate"] = certificate_hashes.written(command.certificate)
    if command.id_token is not None:
        payload["idToken"] = id_token_of(edition, command.id_token)
    payload |= {
        "requestId": command.request_id,
        "report": command.report,  # N09.FR.01
        "clear": command.clear,
    }
    if command.customer_id is not None:
        payload["customerIdentifier"] = within(
            "customer_id", command.customer_id, CUSTOMER_ID_LENGTH, edition.name
        )
    return Outgoing("CustomerInformation", payload, reader("Accepted"))

"""Verbs about what charge points know: their logs, and their customers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from csms.api.context import Context
from csms.api.fields import IdTokenText, IdTokenType, Moment
from csms.api.operation_orders import Location, OperationOrders, Retries, RetryIntervalS, utc
from csms.api.orders import CommandQuery
from csms.api.resources.certificates import HashBody
from csms.api.resources.commands import UNKNOWN_TYPE
from csms.api.route import Asked, Route
from csms.errors import InvalidValueError
from csms.model import IdToken, normalise_id_token
from csms.services.certificates.words import CertificateHash, HashAlgorithm
from csms.services.charge_point import ChargePoint
from csms.services.commands import CustomerInformation
from csms.services.operations.desk import LogOrder, OperationDesk, Placed, Transfer


class LogBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """Without a `location` the charge point uploads to this server by HTTP.

    For one that can only do FTP, name a location of your own. OCPP 1.6 has GetDiagnostics for the
    diagnostics and, with its security extension, GetLog for the security log.
    """

    log_type: Literal["diagnostics", "security"] = "diagnostics"
    location: Location | None = None
    since: Moment | None = None
    until: Moment | None = None
    retries: Retries | None = None
    retry_interval_s: RetryIntervalS | None = None


class CustomerBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """One customer, named by one of `id_token`, `certificate` and `customer_id`.

    `report`: tell what is known; `clear`: forget it. What is told is at
    `/operations/{id}/customer-information`, for admins.
    """

    report: bool = True
    clear: bool = False
    id_token: IdTokenText | None = None
    type: IdTokenType | None = None
    certificate: HashBody | None = None
    customer_id: Annotated[str, Meta(min_length=1, max_length=64, pattern="^[ -~]+$")] | None = None


class DiagnosticsCommands:
    def __init__(self, context: Context, desk: OperationDesk) -> None:
        self._context = context
        self._desk = desk
        self._operations = OperationOrders(context)

    def routes(self) -> Sequence[Route[Any, Any]]:
        verb = self._operations.verb
        return [
            verb("get-log", LogBody, self._get_log, "Have a log uploaded"),
            verb(
                "customer-information",
                CustomerBody,
                self._customer_information,
                "Ask what is known of a customer, or have it forgotten",
            ),
        ]

    async def _get_log(
        self,
        charge_point: ChargePoint,
        asked: Asked[CommandQuery, LogBody],
        timeout_s: float | None,
    ) -> Placed:
        body = asked.body
        if body.since is not None and body.until is not None and body.until <= body.since:
            raise InvalidValueError("until", body.until, "a time after since")
        order = LogOrder(
            is_security_log=body.log_type == "security",
            location=body.location,
            since=utc(body.since),
            until=utc(body.until),
            transfer=Transfer(retries=body.retries, retry_interval_s=body.retry_interval_s),
        )
        return await self._desk.get_log(charge_point, order, asked.actor.name, timeout_s)

    async def _customer_information(
        self,
        charge_point: ChargePoint,
        asked: Asked[CommandQuery, CustomerBody],
        timeout_s: float | None,
    ) -> Placed:
        body = asked.body
        if not body.report and not body.clear:  # N09.FR.07
            raise InvalidValueError("report", value=False, allowed="report, clear or both")
        certificate = body.certificate
        command = CustomerInformation(
            request_id=0,
            report=body.report,
            clear=body.clear,
            id_token=await self._token(body),
            customer_id=body.customer_id,
            certificate=None
            if certificate is None
            else CertificateHash(
                HashAlgorithm(certificate.hash_algorithm),
                certificate.issuer_name_hash,
                certificate.issuer_key_hash,
                certificate.serial_number,
            ),
        )
        return await self._desk.customer_information(
            charge_point, command, asked.actor.name, timeout_s
        )

    async def _token(self, body: CustomerBody) -> IdToken | None:
        """Return the token with its type: that which was given, else that it was entered with."""
        if body.id_token is None:
            return None
        if body.type is not None:
            return IdToken.of(body.id_token, body.type)
        cache = self._context.services.authorization.cache
        record = await cache.get(normalise_id_token(body.id_token))
        return IdToken.of(body.id_token, UNKNOWN_TYPE if record is None else record.type)

"""Certificates: what charge points hold, what was signed for them, and by whom."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from csms.api.context import Context
from csms.api.fields import Int64, Text
from csms.api.orders import ERRORS, TAG, AnswerView, CommandQuery, Orders, joined, order, view_of
from csms.api.paging import Page, PageQuery, Pager, view
from csms.api.route import Asked, Nothing, Route, get
from csms.model import OcppVersion
from csms.services.certificates.words import CertificateHash, CertificateUse, HashAlgorithm
from csms.services.commands import (
    DeleteCertificate,
    GetInstalledCertificates,
    InstallCertificate,
    SetNetworkProfile,
)
from csms.store.admin import certificates as store
from csms.store.admin import charge_points

CERTIFICATES: Final = "Certificates"

RootUse: TypeAlias = Literal[
    "V2GRootCertificate",
    "MORootCertificate",
    "CSMSRootCertificate",
    "ManufacturerRootCertificate",
    "OEMRootCertificate",
]
InstalledUse: TypeAlias = Literal[
    "V2GRootCertificate",
    "MORootCertificate",
    "CSMSRootCertificate",
    "V2GCertificateChain",
    "ManufacturerRootCertificate",
    "OEMRootCertificate",
]
Pem: TypeAlias = Annotated[
    str,
    Meta(
        max_length=10_000,
        pattern="^-----BEGIN CERTIFICATE-----\n",
        description="A certificate in PEM.",
    ),
]
_Hash: TypeAlias = Annotated[str, Meta(pattern="^[0-9A-Fa-f]{1,128}$")]
_Serial: TypeAlias = Annotated[str, Meta(pattern="^[0-9A-Fa-f]{1,40}$")]


class InstallBody(Struct, forbid_unknown_fields=True):
    """OCPP 1.6 knows the roots of the CSMS and of the manufacturer; those of OEMs are of 2.1."""

    use: RootUse
    certificate: Pem


class HashBody(Struct, forbid_unknown_fields=True):
    """A certificate as `installed-certificates` shows it, `hash_algorithm` included."""

    issuer_name_hash: _Hash
    issuer_key_hash: _Hash
    serial_number: _Serial
    hash_algorithm: Literal["SHA256", "SHA384", "SHA512"] = "SHA256"


class InstalledQuery(CommandQuery):
    use: Annotated[
        list[InstalledUse],
        Meta(max_length=6, description="Only of this use; repeatable. Without, of all."),
    ] = msgspec.field(default_factory=list)


class NetworkProfileBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """How a charge point of OCPP 2.0.1 shall connect.

    It comes into force when `OCPPCommCtrlr.NetworkConfigurationPriority` names the slot and the
    charge point restarts. `apn` and `vpn` are as OCPP writes them.
    """

    slot: Annotated[int, Meta(ge=0, le=1000)]
    url: Annotated[str, Meta(max_length=512, pattern="^wss?://[!-~]+$")]
    security_profile: Annotated[int, Meta(ge=0, le=3)]
    interface: Literal[
        "Wired0",
        "Wired1",
        "Wired2",
        "Wired3",
        "Wireless0",
        "Wireless1",
        "Wireless2",
        "Wireless3",
    ] = "Wired0"
    message_timeout_s: Annotated[int, Meta(ge=1, le=3600)] = 30
    apn: dict[str, Any] | None = None
    vpn: dict[str, Any] | None = None


class KnownInstalledView(Struct):
    use: str
    hash_algorithm: str
    issuer_name_hash: str
    issuer_key_hash: str
    serial_number: str
    parent_serial_number: str | None
    reported_at: datetime


class KnownInstalled(Struct):
    """What the charge point told when it was last asked."""

    items: list[KnownInstalledView]


class IssuedView(Struct):
    """`status`: issued (not sent yet), accepted, rejected, undelivered.

    `security_profile` is what the charge point had to prove when it asked: with 0, nothing.
    """

    id: int
    charge_point_id: str
    use: str | None
    serial_number: str
    fingerprint: str
    subject: str
    issuer: str
    chain: str
    not_before: datetime
    not_after: datetime
    security_profile: int
    status: str
    status_at: datetime
    issued_at: datetime
    revoked_at: datetime | None
    revoked_by: str | None


class IssuedQuery(PageQuery, kw_only=True):
    charge_point_id: Text | UnsetType = UNSET
    status: Text | UnsetType = UNSET


class AuthorityView(Struct):
    """PEM; what a charge point needs to trust the certificates that are signed here."""

    certificates: list[str]


class Certificates:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._orders = Orders(context)
        self._pager: Pager[IssuedView] = Pager(tuple[Int64], "id")

    def routes(self) -> Sequence[Route[Any, Any]]:
        one = "/api/v1/charge-points/{charge_point_id}"
        return [
            order("install-certificate", InstallBody, self.install, "Install a root certificate"),
            order("delete-certificate", HashBody, self.delete, "Remove an installed certificate"),
            order("network-profile", NetworkProfileBody, self.set_profile, "Set how to connect"),
            get(
                f"{one}/installed-certificates",
                self.ask_installed,
                "Ask which certificates are installed",
                tag=TAG,
                query=InstalledQuery,
                answer=AnswerView,
                problems=ERRORS,
            ),
            get(
                f"{one}/known-certificates",
                self.list_installed,
                "Show which certificates were installed when last asked",
                tag=CERTIFICATES,
                query=Nothing,
                answer=KnownInstalled,
                problems=(404,),
            ),
            get(
                "/api/v1/certificates",
                self.list_issued,
                "List certificates that were signed for charge points, the newest first",
                tag=CERTIFICATES,
                query=IssuedQuery,
                answer=Page[IssuedView],
            ),
            Route(
                method="POST",
                path="/api/v1/certificates/{certificate_id}/revoke",
                handler=self.revoke,
                summary="Let nobody log in with a certificate any more",
                tag=CERTIFICATES,
                query=Nothing,
                body=Nothing,
                answers={200: IssuedView},
                problems=(404,),
            ),
            get(
                "/api/v1/certificate-authority",
                self.authority,
                "Show the certificates of who signs for charge points",
                tag=CERTIFICATES,
                query=Nothing,
                answer=AuthorityView,
            ),
        ]

    async def install(self, asked: Asked[CommandQuery, InstallBody]) -> AnswerView:
        body = asked.body
        await self._orders.note(asked, "install-certificate", msgspec.to_builtins(body))
        command = InstallCertificate(CertificateUse(body.use), body.certificate)
        return view_of(await self._orders.send(asked, command))

    async def delete(self, asked: Asked[CommandQuery, HashBody]) -> AnswerView:
        body = asked.body
        await self._orders.note(asked, "delete-certificate", msgspec.to_builtins(body))
        certificate = CertificateHash(
            HashAlgorithm(body.hash_algorithm),
            body.issuer_name_hash,
            body.issuer_key_hash,
            body.serial_number,
        )
        return view_of(await self._orders.send(asked, DeleteCertificate(certificate)))

    async def set_profile(self, asked: Asked[CommandQuery, NetworkProfileBody]) -> AnswerView:
        body = asked.body
        told = msgspec.to_builtins(body)
        await self._orders.note(asked, "network-profile", told)
        return view_of(await self._orders.send(asked, SetNetworkProfile(**told)))

    async def ask_installed(self, asked: Asked[InstalledQuery, Nothing]) -> AnswerView:
        await self._orders.check_known(asked)
        uses = tuple(CertificateUse(use) for use in asked.query.use)
        link = self._context.links.get(asked.charge_point_id)
        parts = [uses]
        if link is not None and link.version is OcppVersion.V16:  # one at a time
            both = (CertificateUse.CSMS_ROOT, CertificateUse.MANUFACTURER_ROOT)
            parts = [(use,) for use in uses or both]
        answers = [await self._orders.send(asked, GetInstalledCertificates(part)) for part in parts]
        return view_of(joined(answers))

    async def list_installed(self, asked: Asked[Nothing, Nothing]) -> KnownInstalled:
        async with self._context.database.begin() as connection:
            key = await charge_points.key_of(connection, asked.charge_point_id)
            rows = await store.list_installed(connection, key)
        return KnownInstalled([view(KnownInstalledView, row) for row in rows])

    async def list_issued(self, asked: Asked[IssuedQuery, Nothing]) -> Page[IssuedView]:
        query = asked.query
        async with self._context.database.begin() as connection:
            rows = await store.list_issued(
                connection,
                self._pager.window(query),
                charge_point_id=query.charge_point_id or None,
                status=query.status or None,
            )
        return self._pager.page(rows, query, lambda row: view(IssuedView, row))

    async def revoke(self, asked: Asked[Nothing, Nothing]) -> IssuedView:
        number = int(asked.path["certificate_id"])
        change = self._context.change(asked.actor.name, "revoke", f"certificates/{number}", {})
        async with change as connection:
            row = await store.revoke(connection, number, asked.actor.name)
        return view(IssuedView, row)

    async def authority(self, _: Asked[Nothing, Nothing]) -> AuthorityView:
        roots = self._context.services.certificates.roots
        return AuthorityView(list(await asyncio.to_thread(roots)))

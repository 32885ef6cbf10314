"""What charge points hold: learned from each answer to GetInstalledCertificateIds (M03)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from csms.clock import Clock
from csms.model import OcppVersion
from csms.services.certificates.words import CertificateHash, CertificateUse
from csms.services.ports import Link

MAX_CERTIFICATES: Final = 500
"""What is kept for each charge point."""


@dataclass(frozen=True, slots=True)
class InstalledCertificate:
    use: CertificateUse
    certificate: CertificateHash
    parent_serial_number: str | None = None
    """Of the certificate whose chain it belongs to."""


@dataclass(frozen=True, slots=True)
class InstalledReport:
    """What was told of some uses, or, where `uses` is empty, of all."""

    uses: tuple[CertificateUse, ...]
    certificates: tuple[InstalledCertificate, ...]


class InstalledReader(Protocol):
    """Returns what a charge point told it holds, None if this told nothing of that."""

    def __call__(
        self, action: str, payload: Mapping[str, Any], answer: dict[str, Any], /
    ) -> InstalledReport | None: ...


class InstalledStore(Protocol):
    async def keep_installed(
        self,
        charge_point_key: int,
        uses: Sequence[CertificateUse],
        certificates: Sequence[InstalledCertificate],
        at: datetime,
    ) -> None:
        """Replace what is known of these uses (none: of all)."""
        ...


class InstalledCertificates:
    """Keeps what charge points tell of their certificates, whatever way they were asked."""

    def __init__(
        self,
        store: InstalledStore,
        readers: Mapping[OcppVersion, InstalledReader],
        clock: Clock,
    ) -> None:
        self._store = store
        self._readers = readers
        self._clock = clock

    async def answered(
        self, link: Link, action: str, payload: Mapping[str, Any], answer: dict[str, Any]
    ) -> None:
        report = self._readers[link.version](action, payload, answer)
        if report is not None:
            await self._store.keep_installed(
                link.charge_point.key,
                report.uses,
                report.certificates[:MAX_CERTIFICATES],
                self._clock.now(),
            )

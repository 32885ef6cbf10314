"""SignCertificate and CertificateSigned: whose requests are signed, and how they are delivered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from conformance.pki import Request
from cryptography import x509
from unit.world import MemoryCertificates, World, make_world

from csms.errors import CommandRefusedError, CommandTimeoutError, NotConnectedError
from csms.model import OcppVersion
from csms.services.certificates.authority import AuthorityError, SigningOrder
from csms.services.certificates.built_in import BuiltInAuthority
from csms.services.certificates.signing import CertificateSigning
from csms.services.charge_point import ChargePoint
from csms.services.commands import Command, CommandAnswer, SendSignedCertificate

YES = CommandAnswer("Accepted", accepted=True, response={})


@dataclass
class Sender:
    """Carries commands to a charge point that answers as told."""

    outcomes: list[CommandAnswer | Exception] = field(default_factory=lambda: [YES])
    sent: list[SendSignedCertificate] = field(default_factory=list)

    async def execute(
        self, charge_point_id: str, command: Command, timeout_s: float | None = None
    ) -> CommandAnswer:
        assert isinstance(command, SendSignedCertificate)
        self.sent.append(command)
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


@dataclass
class Bench:
    world: World
    signing: CertificateSigning
    sender: Sender
    charge_point: ChargePoint

    async def ask(self, request: Request | None = None) -> str | None:
        csr = (request or Request("CP-1")).csr
        now = self.world.clock.now()
        return await self.signing.asked(self.charge_point, csr, None, now)

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                await asyncio.sleep(0.005)

    @property
    def statuses(self) -> dict[int, str]:
        return self.world.store.certificate_statuses


async def bench(
    directory: Path, sender: Sender | None = None, authority: Any = None, **options: Any
) -> Bench:
    world = make_world()
    signing = CertificateSigning(
        authority or BuiltInAuthority(directory, world.clock, validity=timedelta(days=365)),
        MemoryCertificates(world.store),
        world.services.notifications,
        world.clock,
        world.metrics,
        retry_after_s=(0.0, 0.0),
        **options,
    )
    signing.commands = sender = sender or Sender()
    return Bench(world, signing, sender, await world.connect("CP-1", OcppVersion.V201))


async def test_what_is_signed_is_sent_and_its_fate_noted(tmp_path: Path) -> None:
    here = await bench(tmp_path)
    assert await here.ask() is None
    await here.until(lambda: here.statuses)
    assert here.statuses == {1: "accepted"}
    assert [each.kind for each in here.world.store.notifications] == [
        "sign_certificate",
        "certificate_signed",
    ]


@pytest.mark.parametrize(
    ("outcomes", "status", "tries"),
    [
        ([CommandTimeoutError("CP-1", "CertificateSigned", 30), YES], "accepted", 2),
        ([NotConnectedError("CP-1")] * 3, "undelivered", 3),
        ([CommandRefusedError("CP-1", "NotSupported", "", {})], "rejected", 1),
    ],
    ids=["lost once", "gone for good", "refused"],
)
async def test_what_was_lost_is_sent_again_but_not_for_ever(
    tmp_path: Path, outcomes: list[CommandAnswer | Exception], status: str, tries: int
) -> None:
    here = await bench(tmp_path, Sender(outcomes))
    await here.ask()
    await here.until(lambda: here.statuses)
    assert here.statuses == {1: status}
    assert len(here.sender.sent) == tries


async def test_nothing_is_sent_to_who_does_not_log_in_if_the_operator_wants_it_so(
    tmp_path: Path,
) -> None:
    here = await bench(tmp_path, policy="authenticated")
    assert "security profile 0" in (await here.ask() or "")
    here.charge_point.security_profile = 1
    assert await here.ask() is None
    await here.until(lambda: here.statuses)


async def test_requests_can_be_left_to_the_operator(tmp_path: Path) -> None:
    here = await bench(tmp_path, policy="by-hand")
    assert await here.ask() is None
    await here.signing.stop()
    assert here.world.store.certificates == []
    (note,) = here.world.store.notifications
    assert note.data["csr"].startswith("-----BEGIN CERTIFICATE REQUEST-----")


async def test_a_request_has_to_name_the_operator_if_that_has_a_name(tmp_path: Path) -> None:
    here = await bench(tmp_path, operator_name="Operator")
    assert await here.ask(Request("CP-1", "Somebody else")) is not None
    assert await here.ask(Request("CP-1", "Operator")) is None
    await here.until(lambda: here.statuses)


@dataclass
class External:
    """An authority on another machine."""

    chain: list[x509.Certificate] | None = None

    async def sign(self, order: SigningOrder) -> list[x509.Certificate]:
        if self.chain is None:
            raise AuthorityError("it does not answer")
        return self.chain


async def test_an_authority_that_does_not_answer_is_told_to_the_operator(tmp_path: Path) -> None:
    here = await bench(tmp_path, authority=External())
    assert await here.ask() is None
    await here.until(lambda: len(here.world.store.notifications) == 2)
    note = here.world.store.notifications[-1]
    assert (note.kind, note.severity) == ("certificate_signed", "critical")
    assert here.sender.sent == []


async def test_a_certificate_for_another_key_is_not_passed_on(tmp_path: Path) -> None:
    authority = BuiltInAuthority(tmp_path, make_world().clock, validity=timedelta(days=365))
    request = x509.load_pem_x509_csr(Request("CP-1").csr.encode())
    chain = await authority.sign(SigningOrder("CP-1", request, None))
    here = await bench(tmp_path, authority=External(chain))
    await here.ask()
    await here.until(lambda: len(here.world.store.notifications) == 2)
    assert "another key" in here.world.store.notifications[-1].summary
    assert here.sender.sent == []


async def test_a_request_in_one_line_or_without_its_frame_is_read(tmp_path: Path) -> None:
    here = await bench(tmp_path, Sender([YES, YES]))
    csr = Request("CP-1").csr
    now = here.world.clock.now()
    bare = "".join(line for line in csr.splitlines() if not line.startswith("-----"))
    for text in (csr.replace("\n", "\\n"), bare):
        assert await here.signing.asked(here.charge_point, text, None, now) is None
        await here.until(lambda: not here.signing._running)
    assert len(here.world.store.certificates) == 1

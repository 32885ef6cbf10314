"""Agreeing on an OCPP version."""

from __future__ import annotations

import pytest
from websockets.datastructures import Headers

from csms.gateway.handshake import RefusedError, choose_version, offered_versions
from csms.model import OcppVersion

V16, V201, V21 = OcppVersion.V16, OcppVersion.V201, OcppVersion.V21
SERVED = (V16, V201)


def choose(offer: str | None, pinned: OcppVersion | None = None) -> tuple[str | None, OcppVersion]:
    headers = Headers() if offer is None else Headers({"Sec-WebSocket-Protocol": offer})
    return choose_version(offered_versions(headers), SERVED, pinned)


@pytest.mark.parametrize(
    ("offer", "chosen"),
    [
        ("ocpp1.6", ("ocpp1.6", V16)),
        ("ocpp2.0.1", ("ocpp2.0.1", V201)),
        ("ocpp2.0.1, ocpp1.6", ("ocpp2.0.1", V201)),
        ("ocpp1.6,ocpp2.0.1", ("ocpp1.6", V16)),
        ("ocpp2.1,ocpp2.0.1", ("ocpp2.0.1", V201)),
        ("OCPP1.6", ("OCPP1.6", V16)),
        ("ocpp1.6j", ("ocpp1.6j", V16)),
        ("chat, ocpp16", ("ocpp16", V16)),
    ],
)
def test_the_chargers_first_choice_that_we_speak_is_taken(
    offer: str, chosen: tuple[str, OcppVersion]
) -> None:
    assert choose(offer) == chosen


def test_a_charger_that_offers_nothing_is_taken_for_16() -> None:
    assert choose(None) == (None, V16)


def test_a_pinned_version_is_taken_where_nothing_is_offered() -> None:
    assert choose(None, V201) == (None, V201)


def test_a_pinned_version_beats_the_chargers_order() -> None:
    assert choose("ocpp2.0.1,ocpp1.6", V16) == ("ocpp1.6", V16)


@pytest.mark.parametrize("offer", ["ocpp1.5", "ocpp2.0", "ocpp2.1", "mqtt"])
def test_a_version_we_do_not_speak_is_refused_by_name(offer: str) -> None:
    with pytest.raises(RefusedError, match=f"offered {offer}, expected ocpp1.6, ocpp2.0.1"):
        choose(offer)


def test_a_charger_that_does_not_offer_its_pinned_version_is_refused() -> None:
    with pytest.raises(RefusedError, match=r"offered ocpp2\.0\.1, expected ocpp1\.6"):
        choose("ocpp2.0.1", V16)

"""Agreeing on an OCPP version."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from websockets.datastructures import Headers

from csms.gateway.handshake import (
    NoCommonVersionError,
    VersionChoice,
    choose_version,
    offered_versions,
)
from csms.model import OcppVersion

V16, V201, V21 = OcppVersion.V16, OcppVersion.V201, OcppVersion.V21
SERVED = (V16, V201, V21)


def choose(
    offer: str | None,
    pinned: OcppVersion | None = None,
    choice: VersionChoice = "newest",
    served: Sequence[OcppVersion] = SERVED,
) -> tuple[str | None, OcppVersion]:
    headers = Headers() if offer is None else Headers({"Sec-WebSocket-Protocol": offer})
    return choose_version(offered_versions(headers), served, pinned, choice)


@pytest.mark.parametrize(
    ("offer", "chosen"),
    [
        ("ocpp1.6", ("ocpp1.6", V16)),
        ("ocpp2.0.1", ("ocpp2.0.1", V201)),
        ("ocpp2.0.1, ocpp1.6", ("ocpp2.0.1", V201)),
        ("ocpp1.6,ocpp2.0.1", ("ocpp2.0.1", V201)),
        ("ocpp1.6, ocpp2.0.1, ocpp2.1", ("ocpp2.1", V21)),
        ("ocpp21j", ("ocpp21j", V21)),
        ("OCPP1.6", ("OCPP1.6", V16)),
        ("ocpp1.6j", ("ocpp1.6j", V16)),
        ("chat, ocpp16", ("ocpp16", V16)),
    ],
)
def test_the_newest_version_that_both_speak_is_taken(
    offer: str, chosen: tuple[str, OcppVersion]
) -> None:
    assert choose(offer) == chosen


def test_a_version_that_only_the_charger_speaks_is_passed_over() -> None:
    assert choose("ocpp2.1,ocpp2.0.1", served=(V16, V201)) == ("ocpp2.0.1", V201)


def test_the_chargers_own_order_counts_where_the_operator_says_so() -> None:
    assert choose("ocpp1.6,ocpp2.1", choice="charger") == ("ocpp1.6", V16)
    assert choose("ocpp2.0.1,ocpp2.1", choice="charger") == ("ocpp2.0.1", V201)


def test_a_charger_that_offers_nothing_is_taken_for_16() -> None:
    assert choose(None) == (None, V16)


def test_a_pinned_version_is_taken_where_nothing_is_offered() -> None:
    assert choose(None, V201) == (None, V201)


def test_a_pinned_version_beats_the_chargers_order() -> None:
    assert choose("ocpp2.0.1,ocpp1.6", V16) == ("ocpp1.6", V16)


@pytest.mark.parametrize("offer", ["ocpp1.5", "ocpp2.0", "ocpp3", "mqtt"])
def test_a_version_we_do_not_speak_is_refused_by_name(offer: str) -> None:
    with pytest.raises(
        NoCommonVersionError, match=f"offered {offer}, expected ocpp1.6, ocpp2.0.1, ocpp2.1"
    ):
        choose(offer)


def test_a_charger_that_does_not_offer_its_pinned_version_is_refused() -> None:
    with pytest.raises(NoCommonVersionError, match=r"offered ocpp2\.0\.1, expected ocpp1\.6"):
        choose("ocpp2.0.1", V16)

"""What OCPP 2.0.1 and 2.1 size or spell differently in the messages that both have.

2.1 took over 2.0.1's messages and widened them, so they share their handlers and phrases, which ask
here what the version of a charging station can carry.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from csms.model import OcppVersion
from csms.services.charge_point import ChargePoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """One of the two; lengths are in characters."""

    name: str
    id_token_length: int
    id_token_types: frozenset[str] | None
    """None: any word."""
    url_length: int
    value_length: int
    """Of a variable that is set."""
    info_length: int
    """Of `additionalInfo`."""
    message_length: int
    """Of what a display shows."""
    certificate_length: int
    ocsp_result_length: int
    exi_response_length: int
    network_version: str
    """How the version calls itself in a network profile."""
    more_triggers: frozenset[str]
    """Messages that can be triggered beside those of 2.0.1."""
    has_custom_triggers: bool
    has_prepaid_cards: bool
    """Whether what is said of a prepaid token must not be remembered (C17)."""


V201: Final = Edition(
    name="OCPP 2.0.1",
    id_token_length=36,
    id_token_types=frozenset(
        {
            "Central",
            "eMAID",
            "ISO14443",
            "ISO15693",
            "KeyCode",
            "Local",
            "MacAddress",
            "NoAuthorization",
        }
    ),
    url_length=512,
    value_length=1000,
    info_length=512,
    message_length=512,
    certificate_length=5500,
    ocsp_result_length=5500,
    exi_response_length=7500,
    network_version="OCPP20",
    more_triggers=frozenset(),
    has_custom_triggers=False,
    has_prepaid_cards=False,
)
V21: Final = replace(
    V201,
    name="OCPP 2.1",
    id_token_length=255,
    id_token_types=None,
    url_length=2000,
    value_length=2500,
    info_length=1024,
    message_length=1024,
    certificate_length=10_000,
    ocsp_result_length=18_000,
    exi_response_length=17_000,
    network_version="OCPP21",
    more_triggers=frozenset({"SignV2G20Certificate"}),
    has_custom_triggers=True,
    has_prepaid_cards=True,
)


def edition_of(charge_point: ChargePoint) -> Edition:
    """Return what the charging station's present connection speaks."""
    return V21 if charge_point.ocpp_version is OcppVersion.V21 else V201

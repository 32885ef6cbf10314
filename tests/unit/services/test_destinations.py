"""The server connects where everybody may, and where its settings say."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from csms.errors import InvalidValueError
from csms.services.destinations import Destinations

LAN = Destinations([ip_network("10.0.0.0/8"), ip_network("fd00::/8")])


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "::",
        "fd00::1",
        "fe80::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ],
)
def test_only_public_addresses_are_reached_however_others_are_written(address: str) -> None:
    assert not Destinations().allows(ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
def test_public_addresses_are_reached(address: str) -> None:
    assert Destinations().allows(ip_address(address))


def test_a_network_of_the_settings_is_reached_and_no_other() -> None:
    reached = [
        address
        for address in ("10.1.2.3", "::ffff:10.1.2.3", "fd00::1", "192.168.1.1", "127.0.0.1")
        if LAN.allows(ip_address(address))
    ]
    assert reached == ["10.1.2.3", "::ffff:10.1.2.3", "fd00::1"]


def test_a_url_of_an_address_is_refused_at_once_and_a_name_is_not() -> None:
    Destinations().check("url", "https://billing.example/")
    LAN.check("url", "https://10.1.2.3:8443/")
    with pytest.raises(InvalidValueError, match="one of CSMS_PRIVATE_NETWORKS"):
        Destinations().check("url", "https://10.1.2.3:8443/")

"""The audit log holds no secret, whatever an operator orders."""

from __future__ import annotations

from typing import Any

import pytest

from csms.api.orders import without_secrets


@pytest.mark.parametrize(
    "order",
    [
        {"key": "AuthorizationKey", "value": "k"},
        {"setVariableData": [{"variable": {"name": "BasicAuthPassword"}, "attributeValue": "k"}]},
        {"connectionData": {"vpn": {"password": "k"}}},
        {"connectionData": {"apn": {"simPin": 1234}}},
        {"location": "https://user:k@example.com/firmware.bin"},
        {"vendorId": "V", "data": '{"Secret": "k"}'},
    ],
)
def test_an_order_that_may_hold_a_secret_is_withheld(order: dict[str, Any]) -> None:
    assert without_secrets(order) == "(withheld: may hold a secret)"


@pytest.mark.parametrize(
    "order",
    [
        {"type": "Soft"},
        {"key": "HeartbeatInterval", "value": "60"},
        {"idTag": "SPINACH"},
        {"location": "https://example.com/firmware.bin"},
    ],
)
def test_any_other_order_is_kept_as_it_is(order: dict[str, Any]) -> None:
    assert without_secrets(order) is order

"""Lines of the message log: what was said on the wire, without its secrets."""

from __future__ import annotations

import re
from typing import Any, Final

import orjson

from csms.gateway.frames import Json
from csms.gateway.shapes import fold
from csms.services.confidential import address_shown

SECRETIVE: Final = frozenset(
    {
        "ChangeConfiguration",
        "GetConfiguration",
        "GetDiagnostics",
        "GetLog",
        "GetVariables",
        "NotifyCustomerInformation",
        "NotifyReport",
        "PublishFirmware",
        "SetNetworkProfile",
        "SetVariables",
        "SignedUpdateFirmware",
        "UpdateFirmware",
    }
)
"""Actions whose frames may hold passwords, keys, personal data, or addresses with a password."""

MASK: Final = "***"

_SECRET_WORDS: Final = ("password", "authorizationkey", "passphrase", "secret", "simpin", "psk")
_PERSONAL: Final = "data"
"""What is known of a customer, in NotifyCustomerInformation."""
_VALUES: Final = frozenset({"value", "attributeValue"})
_SECRET_IN_LINK: Final = re.compile(r"(?<=/files/)[A-Za-z0-9_-]{43}", re.ASCII)
"""The part of a link to our files that nobody may guess."""


def shown(text: bytes, max_chars: int) -> str:
    """Return a frame as the message log keeps it: readable, bounded, storable."""
    if len(text) > max_chars:
        text = text[: max_chars * 4]
    readable = text.decode("utf-8", "replace")
    if len(readable) > max_chars:
        readable = readable[: max_chars - 1] + "…"
    return readable.replace("\0", "\ufffd") if "\0" in readable else readable


def masked(text: bytes) -> bytes:
    """Return a frame with the secrets in it replaced; one that can't be read is replaced whole."""
    try:
        return orjson.dumps(_masked(orjson.loads(text), secret=False))
    except orjson.JSONDecodeError:
        return MASK.encode()


def _masked(value: Json, *, secret: bool) -> Json:
    if isinstance(value, dict):
        return _masked_object(value, secret=secret)
    if isinstance(value, list):
        return [_masked(item, secret=secret) for item in value]
    if isinstance(value, str):
        return _SECRET_IN_LINK.sub(MASK, address_shown(value))
    return value


def _masked_object(value: dict[str, Any], *, secret: bool) -> dict[str, Any]:
    secret = secret or _names_secret(value)
    return {
        key: MASK
        if _is_secret(key) or key == _PERSONAL or (secret and key in _VALUES)
        else {**_masked_object(item, secret=secret), "key": MASK}
        if key == "vpn" and isinstance(item, dict)
        else _masked(item, secret=secret)
        for key, item in value.items()
    }


def _names_secret(value: dict[str, Any]) -> bool:
    """Whether an object is about a secret setting: a 1.6 key, or a 2.0.1 variable."""
    variable = value.get("variable")
    name = variable.get("name") if isinstance(variable, dict) else value.get("key")
    return isinstance(name, str) and _is_secret(name)


def _is_secret(name: str) -> bool:
    folded = fold(name)
    return any(word in folded for word in _SECRET_WORDS)

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
LONGEST_ID: Final = 100

_SECRET_WORDS: Final = ("password", "authorizationkey", "passphrase", "secret", "simpin", "psk")
_PERSONAL: Final = "data"
"""What is known of a customer, in NotifyCustomerInformation."""
_VALUES: Final = frozenset({"value", "attributevalue"})
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


def id_shown(message_id: Json) -> str | None:
    """Return a message id as the log keeps it, whatever it is."""
    if type(message_id) is str:
        return message_id if len(message_id) <= LONGEST_ID else message_id[:LONGEST_ID]
    if isinstance(message_id, orjson.Fragment):
        message_id = orjson.dumps(message_id).decode()
    return None if message_id is None else str(message_id)[:LONGEST_ID]


def masked(text: bytes) -> bytes:
    """Return a frame with the secrets in it replaced; one that can't be read is replaced whole."""
    try:
        return orjson.dumps(_masked(orjson.loads(text), secret=False))
    except (orjson.JSONDecodeError, RecursionError):
        return MASK.encode()


def _masked(value: Json, *, secret: bool) -> Json:
    if isinstance(value, dict):
        secret = secret or _names_secret(value)
        return {key: _masked_field(fold(key), item, secret=secret) for key, item in value.items()}
    if isinstance(value, list):
        return [_masked(item, secret=secret) for item in value]
    if isinstance(value, str):
        return _masked_text(value, secret=secret)
    return value


def _masked_field(name: str, value: Json, *, secret: bool) -> Json:
    """`name` is folded: some firmware writes the fields' names in its own way."""
    if _is_secret(name) or name == _PERSONAL or (secret and name in _VALUES):
        return MASK
    if name == "vpn" and isinstance(value, dict):
        return {
            key: MASK if fold(key) == "key" else _masked_field(fold(key), item, secret=secret)
            for key, item in value.items()
        }
    return _masked(value, secret=secret)


def _masked_text(text: str, *, secret: bool) -> str:
    if text.lstrip().startswith(("{", "[")):  # some firmware writes a payload as a text
        try:
            return orjson.dumps(_masked(orjson.loads(text), secret=secret)).decode()
        except orjson.JSONDecodeError:
            pass
    return _SECRET_IN_LINK.sub(MASK, address_shown(text))


def _names_secret(value: dict[str, Any]) -> bool:
    """Whether an object is about a secret setting: a 1.6 key, or a 2.0.1 variable."""
    fields = {fold(key): item for key, item in value.items()}
    variable = fields.get("variable")
    if isinstance(variable, dict):
        return any(fold(key) == "name" and _is_secret(item) for key, item in variable.items())
    return _is_secret(fields.get("key"))


def _is_secret(name: object) -> bool:
    if not isinstance(name, str):
        return False
    folded = fold(name)
    return any(word in folded for word in _SECRET_WORDS)

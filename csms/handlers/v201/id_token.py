"""Id tokens and what is said about them, as OCPP 2.0.1 writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from csms.errors import InvalidValueError
from csms.handlers.contract import Payload
from csms.handlers.editions import Edition, edition_of
from csms.handlers.phrasebook import within
from csms.handlers.v201.fields import group, text
from csms.model import (
    ID_TOKEN_MAX_LENGTH,
    NO_TOKEN_TYPE,
    Authorization,
    AuthorizationStatus,
    IdToken,
)
from csms.services.charge_point import ChargePoint
from csms.services.clocks import format_time, parse_time

DEFAULT_TYPE: Final = "Central"
TYPE_LENGTH: Final = 20
TRANSACTION_ID_LENGTH: Final = 36
"""The longest that a charging station may give a transaction."""
_LONGEST_TYPE: Final = 36


def read_id_token(raw: object) -> IdToken | None:
    """Read an `idToken` object (or a bare identifier in its place); None if it names nobody."""
    fields: dict[str, Any] = raw if isinstance(raw, dict) else {"idToken": raw}
    kind = text(fields, "type", _LONGEST_TYPE) or DEFAULT_TYPE
    token = IdToken.of(text(fields, "idToken", ID_TOKEN_MAX_LENGTH) or "", kind)
    # C02.FR.01: a start button has no identifier, and type NoAuthorization says so
    return token if token.value or kind == NO_TOKEN_TYPE else None


def id_token_info(edition: Edition, authorization: Authorization) -> Payload:
    """Write an `idTokenInfo`; no `evseId` list: the token is good at every EVSE (C01.FR.19)."""
    info: Payload = {"status": authorization.status.value}
    expires_at = authorization.expires_at
    if edition.has_prepaid_cards and authorization.prepaid_at is not None:
        expires_at = authorization.prepaid_at  # C17.FR.01, C17.FR.02
    if expires_at is not None:
        info["cacheExpiryDateTime"] = format_time(expires_at)
    group_id = authorization.group_id
    longest = edition.id_token_length
    if group_id is not None and len(group_id) <= longest:  # C01.FR.06, C09.FR.12, E01.FR.12
        info["groupIdToken"] = {"idToken": group_id, "type": DEFAULT_TYPE}
    return info


def read_id_token_info(info: Mapping[str, Any]) -> Authorization:
    """Read an `idTokenInfo` as `id_token_info` writes it."""
    return Authorization(
        AuthorizationStatus(info["status"]),
        parse_time(text(info, "cacheExpiryDateTime")),
        text(group(info, "groupIdToken"), "idToken"),
    )


def transaction_id_of(charge_point: ChargePoint, ocpp_transaction_id: str) -> str:
    """Return a transaction's id as a message can carry it; raises InvalidValueError."""
    version = edition_of(charge_point).name
    return within("ocpp_transaction_id", ocpp_transaction_id, TRANSACTION_ID_LENGTH, version)


def id_token_of(edition: Edition, token: IdToken) -> Payload:
    """Write an `idToken`; raises InvalidValueError for what the edition can't carry."""
    types = edition.id_token_types
    if types is not None and token.type not in types:
        raise InvalidValueError("type", token.type, f"one of {', '.join(sorted(types))}")
    return {
        "idToken": within("id_token", token.value, edition.id_token_length, edition.name),
        "type": within("type", token.type, TYPE_LENGTH, edition.name),
    }

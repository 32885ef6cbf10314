"""The local authorization list in OCPP 2.0.1 (D01, D02): what is sent, what answers tell of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import orjson

from csms.handlers.contract import Payload
from csms.handlers.editions import V21, V201, Edition, edition_of
from csms.handlers.phrasebook import reader, status_of
from csms.handlers.v201.fields import group, groups, integer
from csms.handlers.v201.id_token import (
    id_token_info,
    read_id_token,
    read_id_token_info,
)
from csms.services.charge_point import ChargePoint
from csms.services.commands import CommandAnswer, GetLocalListVersion, Outgoing, SendLocalList
from csms.services.local_list.words import (
    Dialect,
    ListEntry,
    ListNews,
    SentList,
    ToldVersion,
    UnknownList,
    UpdateType,
    VariableKey,
)

_CONTROLLER: Final = "LocalAuthListCtrlr"


def get_local_list_version(_: ChargePoint, __: GetLocalListVersion) -> Outgoing:
    return Outgoing("GetLocalListVersion", {}, _read_version)


def send_local_list(charge_point: ChargePoint, command: SendLocalList) -> Outgoing:
    part = command.part
    payload: Payload = {}
    entries = [_written(edition_of(charge_point), entry) for entry in part.put]
    entries += [{"idToken": _id_token(entry)} for entry in part.removed]  # D01.FR.17
    if entries:  # D01.FR.04: a full update without any empties the list
        payload["localAuthorizationList"] = entries
    payload["versionNumber"] = part.version
    payload["updateType"] = part.update_type.value
    return Outgoing("SendLocalList", payload, reader("Accepted"))


def read_list_news(
    action: str, payload: Mapping[str, Any], answer: dict[str, Any]
) -> ListNews | None:
    """Return what an answer tells of the list that a charging station holds."""
    if action == "GetLocalListVersion":
        version = integer(answer, "versionNumber")
        return None if version is None else ToldVersion(version)
    if action != "SendLocalList" or status_of(answer).casefold() != "accepted":
        return None
    version = integer(payload, "versionNumber")
    if version is None:
        return UnknownList()
    put, removed = [], []
    for each in groups(payload, "localAuthorizationList"):
        token = read_id_token(each.get("idToken"))
        if token is None:
            continue
        if "idTokenInfo" in each:
            told = read_id_token_info(group(each, "idTokenInfo"))
            put.append(ListEntry(token.value, token.type, told))
        else:
            removed.append(ListEntry(token.value, token.type))
    kind = UpdateType(payload["updateType"])
    return SentList(version, kind, tuple(put), tuple(removed))


def _read_version(response: dict[str, Any], _: datetime) -> CommandAnswer:
    version = integer(response, "versionNumber")
    if version is None:
        return CommandAnswer("", False, response)  # noqa: FBT003 - accepted
    return CommandAnswer("Accepted", True, response, [{"version": version}])  # noqa: FBT003


def _id_token(entry: ListEntry) -> Payload:
    return {"idToken": entry.id_token, "type": entry.type}


def _written(edition: Edition, entry: ListEntry) -> Payload:
    info = id_token_info(edition, entry.authorization)
    return {"idToken": _id_token(entry), "idTokenInfo": info}


def _dialect(edition: Edition) -> Dialect:
    def as_told(entry: ListEntry) -> ListEntry:
        told = read_id_token_info(id_token_info(edition, entry.authorization))
        return replace(entry, authorization=told)

    def size_bytes(entry: ListEntry) -> int:
        return len(orjson.dumps(_written(edition, entry))) + 1

    return Dialect(
        token_chars=edition.id_token_length,
        types=edition.id_token_types,
        has_master_pass=True,
        most_items=VariableKey(_CONTROLLER, "ItemsPerMessage"),
        most_entries=VariableKey(_CONTROLLER, "Entries"),
        most_bytes=VariableKey(_CONTROLLER, "BytesPerMessage"),
        as_told=as_told,
        size_bytes=size_bytes,
    )


DIALECT: Final = _dialect(V201)
DIALECT_21: Final = _dialect(V21)

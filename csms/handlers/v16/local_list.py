"""The local authorization list in OCPP 1.6: what is sent, and what answers tell of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import orjson

from csms.handlers.contract import Payload
from csms.handlers.phrasebook import reader, status_of
from csms.handlers.v16.fields import integer
from csms.handlers.v16.id_tag_info import ID_TAG_MAX_LENGTH, id_tag_info, read_id_tag_info
from csms.model import IdToken
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

UNKNOWN_TYPE: Final = ""
"""1.6 tells no kinds of id tokens apart."""


def get_local_list_version(_: ChargePoint, __: GetLocalListVersion) -> Outgoing:
    return Outgoing("GetLocalListVersion", {}, _read_version)


def send_local_list(_: ChargePoint, command: SendLocalList) -> Outgoing:
    part = command.part
    payload: Payload = {"listVersion": part.version}
    entries = [_written(entry) for entry in part.put]
    entries += [{"idTag": entry.id_token} for entry in part.removed]  # without info: goes
    if entries:
        payload["localAuthorizationList"] = entries
    payload["updateType"] = part.update_type.value
    return Outgoing("SendLocalList", payload, reader("Accepted"))


def read_list_news(
    action: str, payload: Mapping[str, Any], answer: dict[str, Any]
) -> ListNews | None:
    """Return what an answer tells of the list that a charge point holds."""
    if action == "GetLocalListVersion":
        version = integer(answer, "listVersion")
        return None if version is None else ToldVersion(version)
    if action != "SendLocalList" or status_of(answer).casefold() != "accepted":
        return None
    version = integer(payload, "listVersion")
    if version is None:
        return UnknownList()
    put, removed = [], []
    for each in payload.get("localAuthorizationList", ()):
        told = each.get("idTagInfo")
        id_token = IdToken.of(each["idTag"]).value
        if told is None:
            removed.append(ListEntry(id_token, UNKNOWN_TYPE))
        else:
            put.append(ListEntry(id_token, UNKNOWN_TYPE, read_id_tag_info(told)))
    kind = UpdateType(payload["updateType"])
    return SentList(version, kind, tuple(put), tuple(removed))


def _read_version(response: dict[str, Any], _: datetime) -> CommandAnswer:
    version = integer(response, "listVersion")
    if version is None:
        return CommandAnswer("", False, response)  # noqa: FBT003 - accepted
    has_lists = version >= 0
    status = "Accepted" if has_lists else "NotSupported"
    return CommandAnswer(status, has_lists, response, [{"version": version}])


def _written(entry: ListEntry) -> Payload:
    return {"idTag": entry.id_token, "idTagInfo": id_tag_info(entry.authorization)}


def _as_told(entry: ListEntry) -> ListEntry:
    told = read_id_tag_info(id_tag_info(entry.authorization))
    return replace(entry, type=UNKNOWN_TYPE, authorization=told)


def _size_bytes(entry: ListEntry) -> int:
    return len(orjson.dumps(_written(entry))) + 1


DIALECT: Final = Dialect(
    token_chars=ID_TAG_MAX_LENGTH,
    types=None,
    has_master_pass=False,
    most_items=VariableKey("", "SendLocalListMaxLength"),
    most_entries=VariableKey("", "LocalAuthListMaxLength"),
    most_bytes=None,
    as_told=_as_told,
    size_bytes=_size_bytes,
)

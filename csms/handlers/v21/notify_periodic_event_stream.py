"""NotifyPeriodicEventStream: values of a stream; a SEND, so its answer is never sent (N15)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from csms.handlers.contract import Payload
from csms.handlers.numbers import read_float
from csms.handlers.v201.device_model import read_value
from csms.handlers.v201.fields import groups, moment, natural
from csms.services.charge_point import ChargePoint
from csms.services.services import Services
from csms.services.stations.event_streams import StreamValue

VALUE_LENGTH: Final = 2500
LONGEST_OFFSET_S: Final = 31_536_000.0


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    stream_id = natural(payload, "id")
    if stream_id is not None:
        values = list(_values(charge_point, payload, received_at))
        pending = natural(payload, "pending")
        await services.stations.event_streams.received(
            charge_point, stream_id, values, pending, received_at
        )
    return {}


def _values(
    charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Iterator[StreamValue]:
    base = moment(charge_point, payload, "basetime", received_at)
    for element in groups(payload, "data"):
        offset_s, value = read_float(element.get("t")), read_value(element.get("v"))
        if value is None or (offset_s is not None and abs(offset_s) > LONGEST_OFFSET_S):
            continue
        if offset_s is None:  # the specification's own example has times here
            at = moment(charge_point, element, "t", received_at)
        else:
            at = base + timedelta(seconds=offset_s)
        yield StreamValue(at, value[:VALUE_LENGTH])

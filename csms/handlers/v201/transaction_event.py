"""TransactionEvent: the whole life of a transaction, one event a message."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from csms.handlers.contract import Payload
from csms.handlers.editions import edition_of
from csms.handlers.v201.fields import Fields, flag, group, integer, natural, place, text
from csms.handlers.v201.id_token import id_token_info, read_id_token
from csms.handlers.v201.samples import read_samples
from csms.model import MeterValue
from csms.services.charge_point import ChargePoint
from csms.services.services import Services
from csms.services.transactions.model import TransactionEvent, TransactionEventAnswer

_KINDS: Final = {"started": "Started", "updated": "Updated", "ended": "Ended"}
_STATES: Final = {
    state.casefold(): state
    for state in ("Charging", "EVConnected", "Idle", "SuspendedEV", "SuspendedEVSE")
}
NO_SEQUENCE_NUMBER: Final = -1


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    said, _, _ = await take(services, charge_point, payload, received_at)
    return said


async def take(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> tuple[Payload, TransactionEvent, TransactionEventAnswer]:
    """Record an event; returns the answer, and what it was made of."""
    event = read_event(charge_point, payload, received_at)
    answer = await services.transactions.event(charge_point, event, received_at)
    said: Payload = {}
    if not event.offline:  # later nobody is there to read it
        total_cost = None
        if event.kind == "Updated":  # I02.FR.01
            total_cost = services.costs.cost_so_far(
                charge_point, answer.transaction_id, event.meter_values
            )
        elif event.kind == "Ended":  # I03.FR.02
            total_cost = await services.costs.final_cost(charge_point, answer.transaction_id)
        if total_cost is not None:
            said["totalCost"] = float(total_cost)
    if payload.get("idToken") is None:
        return said, event, answer
    # E01.FR.12, E03.FR.02, C12.FR.03: every token named is judged again
    if answer.authorization is None:
        said["idTokenInfo"] = {"status": "Invalid"}
    else:
        said["idTokenInfo"] = id_token_info(edition_of(charge_point), answer.authorization)
    return said, event, answer


def read_event(
    charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> TransactionEvent:
    """Read an event; what is missing stays unknown, because nothing here may be refused."""
    info = group(payload, "transactionInfo")
    evse_id, connector_id = place(payload)  # E01.FR.16: named in the first event only
    sequence_number = natural(payload, "seqNo")
    id_token = payload.get("idToken")
    meter_values = read_samples(charge_point, payload.get("meterValue"), received_at)
    return TransactionEvent(
        kind=_kind(payload, info, meter_values),
        ocpp_transaction_id=text(info, "transactionId") or "",
        seq_no=NO_SEQUENCE_NUMBER if sequence_number is None else sequence_number,
        charger_time=text(payload, "timestamp"),
        trigger_reason=text(payload, "triggerReason") or "",
        offline=flag(payload, "offline"),
        evse_id=evse_id,
        connector_id=connector_id or None,
        id_token=None if id_token is None else read_id_token(id_token),
        charging_state=_state(info),
        stopped_reason=text(info, "stoppedReason"),
        remote_start_id=integer(info, "remoteStartId"),
        reservation_id=integer(payload, "reservationId"),
        meter_values=meter_values,
    )


def _state(info: Fields) -> str | None:
    told = text(info, "chargingState")
    return told and _STATES.get(told.casefold(), told)


def _kind(payload: Payload, info: Fields, meter_values: Sequence[MeterValue]) -> str:
    """Return the kind of an event; where that can't be read, what it tells of shows it."""
    kind = _KINDS.get((text(payload, "eventType") or "").casefold())
    if kind is not None:
        return kind
    contexts = {value.context for value in meter_values}
    if info.get("stoppedReason") or "Transaction.End" in contexts:
        return "Ended"
    return "Started" if "Transaction.Begin" in contexts else "Updated"

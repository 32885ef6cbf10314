"""What charging costs, for the driver to see."""

from __future__ import annotations

from csms.handlers.contract import Payload
from csms.services.charge_point import ChargePoint
from csms.services.commands import CommandAnswer, Outgoing, TellCost


def tell_cost(_: ChargePoint, command: TellCost) -> Outgoing:
    """Write a CostUpdated (I02.FR.01)."""
    payload = {
        "totalCost": float(command.total_cost),
        "transactionId": command.ocpp_transaction_id,
    }
    return Outgoing("CostUpdated", payload, _read_shown)


def _read_shown(response: Payload, _: object) -> CommandAnswer:
    """I02.FR.02: the answer holds nothing, and there is no other."""
    return CommandAnswer("Accepted", accepted=True, response=response)

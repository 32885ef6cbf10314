from __future__ import annotations

from datetime import datetime

from unit.handlers.v16.conversation import say
from unit.world import World

from csms.services.charge_point import ChargePoint
from csms.services.data_transfer import DataTransfer, DataTransferAnswer


async def test_a_vendor_nobody_speaks_for_is_unknown_but_recorded(
    world: World, charge_point: ChargePoint
) -> None:
    message = {"vendorId": "acme.com", "messageId": "Ping", "data": {"deep": [1]}}
    answer = await say(world, charge_point, "DataTransfer", message)
    assert answer == {"status": "UnknownVendorId"}
    (notification,) = world.store.notifications
    assert notification.data == {
        "vendor_id": "acme.com",
        "message_id": "Ping",
        "data": {"deep": [1]},
    }


async def test_the_answer_of_who_speaks_for_the_vendor_is_passed_on_as_text(
    world: World, charge_point: ChargePoint
) -> None:
    async def pong(
        _: ChargePoint, transfer: DataTransfer, received_at: datetime
    ) -> DataTransferAnswer:
        return DataTransferAnswer("Accepted", {"pong": transfer.data})

    world.services.data_transfer.register("Acme.com", pong)
    answer = await say(world, charge_point, "DataTransfer", {"vendorId": "acme.com", "data": "x"})
    assert answer == {"status": "Accepted", "data": '{"pong":"x"}'}

from __future__ import annotations

from datetime import datetime

from unit.handlers.v201.conversation import say
from unit.handlers.v201.requests import REQUESTS
from unit.world import World

from csms.services.charge_point import ChargePoint
from csms.services.data_transfer import DataTransfer, DataTransferAnswer


async def test_a_vendor_nobody_speaks_for_is_unknown_but_its_data_is_kept(
    world: World, charge_point: ChargePoint
) -> None:
    answer = await say(world, charge_point, "DataTransfer", REQUESTS["DataTransfer"])
    assert answer == {"status": "UnknownVendorId"}
    assert world.store.notifications[0].data == {
        "vendor_id": "org.example",
        "message_id": "hello",
        "data": {"a": [1]},
    }


async def test_a_vendors_own_answer_is_passed_on_with_its_data(
    world: World, charge_point: ChargePoint
) -> None:
    async def echo(
        charge_point: ChargePoint, transfer: DataTransfer, received_at: datetime
    ) -> DataTransferAnswer:
        return DataTransferAnswer("Accepted", transfer.data)

    world.services.data_transfer.register("ORG.example", echo)
    answer = await say(world, charge_point, "DataTransfer", REQUESTS["DataTransfer"])
    assert answer == {"status": "Accepted", "data": {"a": [1]}}


async def test_a_message_that_its_vendors_handler_does_not_know_is_unknown(
    world: World, charge_point: ChargePoint
) -> None:
    """P02.FR.07"""

    async def yes(*_: object) -> DataTransferAnswer:
        return DataTransferAnswer("Accepted")

    world.services.data_transfer.register("org.example", yes, ["HELLO"])
    known = {"vendorId": "org.example", "messageId": "hello"}
    assert await say(world, charge_point, "DataTransfer", known) == {"status": "Accepted"}
    strange = {"vendorId": "org.example", "messageId": "other"}
    unknown = {"status": "UnknownMessageId"}
    assert await say(world, charge_point, "DataTransfer", strange) == unknown

"""What flowed at an outlet is recorded once, however late it is told who charged there."""

from __future__ import annotations

from datetime import timedelta

import pytest
from unit.services.driving import only, report, start, stop
from unit.services.messages import stored
from unit.world import NOON, World

from csms.model import Flag
from csms.services.charge_point import ChargePoint


async def energies(world: World) -> dict[str | None, int | None]:
    """What each card is recorded to have charged; None is the energy of nobody known."""
    transactions = await stored(world)
    found = {t.id_token: None if t.energy_wh is None else int(t.energy_wh) for t in transactions}
    assert len(found) == len(transactions)
    return found


async def test_a_session_that_is_told_of_late_is_not_found_once_more_in_the_readings_after_it(
    world: World, charge_point: ChargePoint
) -> None:
    """Of two outlets: when its outlet is known at last, it is long over."""
    await report(world, charge_point, 500, evse_id=1, minutes=-60)
    await report(world, charge_point, 7100, evse_id=2, minutes=-55)
    await stop(world, charge_point, -1, meter=8000, minutes=-40, token="CARD-1")
    await start(world, charge_point, evse_id=2, token="CARD-1", meter=7000, minutes=-60)
    await report(world, charge_point, 8050, evse_id=2, minutes=-10)
    assert (await only(world)).energy_wh == 1000
    assert not world.store.notifications


async def test_energy_after_a_session_that_is_told_of_late_counts_from_its_end(
    world: World, charge_point: ChargePoint
) -> None:
    await report(world, charge_point, 500, evse_id=1, minutes=-60)
    await report(world, charge_point, 7950, evse_id=2, minutes=-45)
    await stop(world, charge_point, -1, meter=8000, minutes=-40, token="CARD-1")
    await report(world, charge_point, 8040, evse_id=2, minutes=-35)
    await start(world, charge_point, evse_id=2, token="CARD-1", meter=7000, minutes=-60)
    await report(world, charge_point, 8300, evse_id=2, minutes=-10)
    assert await energies(world) == {"CARD-1": 1000, None: 300}


async def test_energy_of_a_transaction_whose_start_comes_last_is_not_counted_again(
    world: World, charge_point: ChargePoint
) -> None:
    """Of two outlets: the stop doesn't tell which one, and the register rose on after it."""
    await report(world, charge_point, 500, evse_id=1, minutes=-60)
    await report(world, charge_point, 7100, evse_id=2, minutes=-55)
    await stop(world, charge_point, -1, meter=8000, minutes=-40, token="CARD-1")
    await report(world, charge_point, 8300, evse_id=2, minutes=-10)
    await start(world, charge_point, evse_id=2, token="CARD-1", meter=7000, minutes=-60)
    assert await energies(world) == {"CARD-1": 1000, None: 300}


async def test_a_driver_whose_start_was_lost_does_not_pay_for_the_driver_before(
    world: World, charge_point: ChargePoint
) -> None:
    """Readings of both, the second one's stop, and only then what the first one's session was."""
    await report(world, charge_point, 7100, minutes=-55)
    await report(world, charge_point, 8200, minutes=-20)
    await stop(world, charge_point, -1, meter=8500, minutes=-10, token="CARD-2")
    first = await start(world, charge_point, token="CARD-1", meter=7000, minutes=-60)
    await stop(world, charge_point, first.transaction_id, meter=8000, minutes=-40)
    assert await energies(world) == {"CARD-1": 1000, "CARD-2": 500}


async def test_nor_for_the_one_before_whose_stop_was_lost(
    world: World, charge_point: ChargePoint
) -> None:
    """What flowed until the last reading before the stop is the first one's."""
    await report(world, charge_point, 7100, minutes=-55)
    await report(world, charge_point, 8200, minutes=-20)
    await stop(world, charge_point, -1, meter=8500, minutes=-10, token="CARD-2")
    await start(world, charge_point, token="CARD-1", meter=7400, minutes=-50)
    await report(world, charge_point, 9000)
    assert await energies(world) == {"CARD-1": 800, "CARD-2": 300}


async def test_a_driver_whose_stop_was_lost_does_not_pay_for_the_next_one_told_of_late(
    world: World, charge_point: ChargePoint
) -> None:
    await start(world, charge_point, token="CARD-1", meter=7000, minutes=-60)
    await report(world, charge_point, 7800, minutes=-50)
    await report(world, charge_point, 8300, minutes=-20)
    await start(world, charge_point, token="CARD-2", meter=8000, minutes=-30)
    first, second = sorted(await stored(world), key=lambda t: t.id)
    assert [first.energy_wh, second.energy_wh] == [1000, 300]
    assert [first.stopped_at, second.stopped_at] == [NOON - timedelta(minutes=30), None]


async def test_nor_for_readings_after_the_next_one_has_ended(
    world: World, charge_point: ChargePoint
) -> None:
    await start(world, charge_point, token="CARD-1", meter=7000, minutes=-60)
    second = await start(world, charge_point, token="CARD-2", meter=8000, minutes=-50)
    await stop(world, charge_point, second.transaction_id, meter=9000, minutes=-40)
    await report(world, charge_point, 9600, minutes=-10)
    assert await energies(world) == {"CARD-1": None, "CARD-2": 1000}


async def test_nor_gets_a_stop_from_after_the_next_one_began(
    world: World, charge_point: ChargePoint
) -> None:
    """The same card, three times: the third time only the stop came, without an id."""
    await start(world, charge_point, meter=7000, minutes=-60)
    second = await start(world, charge_point, meter=8000, minutes=-50)
    await stop(world, charge_point, second.transaction_id, meter=9000, minutes=-40)
    await stop(world, charge_point, -1, meter=9600, minutes=-10, token="CARD-1")
    first, *others = sorted(await stored(world), key=lambda t: t.id)
    assert first.stopped_at == NOON - timedelta(minutes=50)
    assert first.energy_wh is None
    assert [t.energy_wh for t in others] == [1000, None]


@pytest.mark.parametrize(
    ("minutes", "meter", "energy_wh"),
    [pytest.param(-50, 7060, 1240, id="a little"), pytest.param(-30, 8000, 300, id="a lot")],
)
async def test_a_late_start_leaves_out_what_flowed_before_it(
    world: World, charge_point: ChargePoint, minutes: int, meter: int, energy_wh: int
) -> None:
    await report(world, charge_point, 7000, minutes=-60)
    await report(world, charge_point, 8300, minutes=-20)
    await start(world, charge_point, meter=meter, minutes=minutes)
    transaction = await only(world)
    assert transaction.energy_wh == energy_wh
    assert Flag.METER_START_IMPLAUSIBLE not in transaction.flags


async def test_two_late_starts_leave_nothing_of_nobody_between_their_sessions(
    world: World, charge_point: ChargePoint
) -> None:
    """Of two outlets: the first stop comes without a place, the starts after all readings."""
    await report(world, charge_point, 500, evse_id=1, minutes=-60)
    await report(world, charge_point, 7500, evse_id=2, minutes=-55)
    await stop(world, charge_point, -1, meter=8000, minutes=-50, token="CARD-1")
    await report(world, charge_point, 8300, evse_id=2, minutes=-30)
    await start(world, charge_point, evse_id=2, token="CARD-2", meter=8000, minutes=-40)
    await stop(world, charge_point, -1, meter=8600, minutes=-20, token="CARD-2")
    await start(world, charge_point, evse_id=2, token="CARD-1", meter=7000, minutes=-60)
    assert await energies(world) == {"CARD-1": 1000, "CARD-2": 600}


async def test_a_stop_without_an_id_goes_to_the_start_it_belongs_to_once_that_comes(
    world: World, charge_point: ChargePoint
) -> None:
    """The same card twice, the first time without a stop."""
    await start(world, charge_point, meter=7000, minutes=-60)
    await stop(world, charge_point, -1, meter=9000, minutes=-10, token="CARD-1")
    answer = await start(world, charge_point, meter=8000, minutes=-30)
    first, second = sorted(await stored(world), key=lambda t: t.id)
    assert second.id == answer.transaction_id
    assert second.stopped_at == NOON - timedelta(minutes=10)
    assert second.energy_wh == 1000
    assert first.stopped_at == NOON - timedelta(minutes=30)
    assert first.energy_wh is None
    assert Flag.MISSING_STOP in first.flags


async def test_a_stop_with_the_right_id_stays_where_it_is_told(
    world: World, charge_point: ChargePoint
) -> None:
    first = await start(world, charge_point, meter=7000, minutes=-60)
    await stop(world, charge_point, first.transaction_id, meter=9000, minutes=-10)
    await start(world, charge_point, meter=8000, minutes=-30)
    told = next(t for t in await stored(world) if t.id == first.transaction_id)
    assert told.energy_wh == 2000
    assert told.stopped_at == NOON - timedelta(minutes=10)

"""The short way to the energy of a running transaction says what the long way says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from csms.model import MeterValue, OcppVersion
from csms.services.transactions import assembly
from csms.services.transactions.model import Transaction
from csms.services.transactions.verdict import energy_while_running, weigh

NOON = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
LIMIT_W = 50_000

readings = st.lists(
    st.tuples(st.integers(0, 7200), st.integers(0, 60_000)), min_size=1, max_size=30
)


@given(start_wh=st.none() | st.integers(0, 30_000), readings=readings)
def test_the_short_way_agrees_with_the_long_way(
    start_wh: int | None, readings: list[tuple[int, int]]
) -> None:
    transaction = Transaction(
        1, 1, 1, 1, OcppVersion.V16, "1", NOON, start_received_at=NOON,
        meter_start_wh=None if start_wh is None else Decimal(start_wh),
    )  # fmt: skip
    for second, wh in readings:
        value = MeterValue(NOON + timedelta(seconds=second), energy_wh=Decimal(wh))
        assembly.add_meter_values(transaction, (value,), LIMIT_W)
        quick = energy_while_running(transaction, LIMIT_W)
        if quick is not None:
            assert quick == weigh(transaction, LIMIT_W).energy_wh
        assembly.settle(transaction, LIMIT_W)

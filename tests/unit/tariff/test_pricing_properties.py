"""What holds for every transaction under every tariff."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from unit.tariff.tariffs import BERLIN, FOUR_PERIODS, LISBON, NEW_YORK, tariff, version

from csms.tariff.billing import bill
from csms.tariff.lines import Line, LineKind
from csms.tariff.model import Dimension, Element, PriceComponent, Restrictions, Tariff
from csms.tariff.pricing import Pricer
from csms.tariff.splitting import GRAIN_WH
from csms.tariff.usage import Reading, Usage

ZONES = (LISBON, BERLIN, NEW_YORK)
FIRST = datetime(2025, 1, 1, tzinfo=UTC)
CENT = Decimal("0.01")

moments = st.integers(0, 2 * 365 * 1440).map(lambda minutes: FIRST + timedelta(minutes=minutes))
zones = st.sampled_from(ZONES)
prices = st.decimals(0, 2, places=6, allow_nan=False, allow_infinity=False)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    """A register that rises now and then, read at odd times."""
    started_at = draw(moments)
    steps = draw(
        st.lists(st.tuples(st.integers(1, 7200), st.integers(0, 15_000)), min_size=1, max_size=12)
    )
    at, register_wh = started_at, Decimal(draw(st.integers(0, 10**7)))
    readings = [Reading(at, register_wh)]
    for seconds, more_wh in steps:
        rise_wh = more_wh and more_wh + seconds // 18  # nothing, or well above what idle cars take
        at, register_wh = at + timedelta(seconds=seconds), register_wh + rise_wh
        readings.append(Reading(at, register_wh))
    return Usage(
        transaction_id=1,
        started_at=started_at,
        ended_at=at,
        energy_wh=register_wh - readings[0].register_wh,
        readings=tuple(readings),
    )


@st.composite
def clock_tariffs(draw: st.DrawFn) -> Tariff:
    """Any number of periods a day, one past midnight; energy, and time at some of them."""
    hours = sorted(draw(st.sets(st.integers(0, 95), min_size=2, max_size=6)))
    borders = [time(quarter // 4, quarter % 4 * 15) for quarter in hours]
    elements = []
    for index, start in enumerate(borders):
        end = borders[(index + 1) % len(borders)]
        components = [PriceComponent(Dimension.ENERGY, draw(prices))]
        if draw(st.booleans()):
            components.append(PriceComponent(Dimension.TIME, draw(prices)))
            grace_s = draw(st.sampled_from((0, 600)))
            components.append(PriceComponent(Dimension.PARKING_TIME, draw(prices), grace_s=grace_s))
        elements.append(
            Element(tuple(components), Restrictions(start_time=start, end_time=end), f"P{index}")
        )
    return tariff(version(*elements))


@st.composite
def tiered(draw: st.DrawFn) -> Tariff:
    """A clock tariff with dearer and cheaper tiers of energy and duration, and a flat fee."""
    of = draw(clock_tariffs())
    (only_version,) = of.versions
    kwh, seconds = draw(st.integers(1, 40)), draw(st.integers(60, 20_000))
    elements = []
    for element in only_version.elements:
        below = replace(element.restrictions, max_kwh=Decimal(kwh))
        above = replace(element.restrictions, min_kwh=Decimal(kwh))
        components = (PriceComponent(Dimension.ENERGY, draw(prices)),)
        elements += [
            replace(element, restrictions=below),
            Element(components, above, f"{element.name} above"),
        ]
    late = Restrictions(min_duration_s=seconds)
    elements.append(Element((PriceComponent(Dimension.FLAT, draw(prices)),), late, "late"))
    return replace(of, versions=(replace(only_version, elements=tuple(elements)),))


tariffs = st.one_of(clock_tariffs(), tiered(), st.just(FOUR_PERIODS))


@settings(deadline=None)
@given(tariffs, usages(), zones)
def test_the_parts_add_up_to_the_whole(of: Tariff, usage: Usage, zone: ZoneInfo) -> None:
    priced = Pricer(of, zone).price(usage)

    energy = [line for line in priced.lines if line.kind is LineKind.ENERGY]
    assert sum(line.quantity for line in energy) * 1000 == usage.energy_wh
    assert all(line.quantity > 0 for line in energy)
    assert priced.bill.complete


@settings(deadline=None)
@given(tariffs, usages(), zones, st.randoms())
def test_the_order_of_readings_makes_no_difference(
    of: Tariff, usage: Usage, zone: ZoneInfo, random: Random
) -> None:
    shuffled = list(usage.readings)
    random.shuffle(shuffled)
    pricer = Pricer(of, zone)

    assert pricer.price(replace(usage, readings=tuple(shuffled))) == pricer.price(usage)


@settings(deadline=None)
@given(tariffs, usages(), zones)
def test_pricing_again_what_a_record_kept_gives_the_same_record(
    of: Tariff, usage: Usage, zone: ZoneInfo
) -> None:
    pricer = Pricer(of, zone)
    priced = pricer.price(usage)

    assert Pricer(of, pricer.zone).price(priced.usage) == priced


@settings(deadline=None)
@given(tariffs, usages(), zones)
def test_rounding_is_off_by_half_a_cent_per_line_at_most(
    of: Tariff, usage: Usage, zone: ZoneInfo
) -> None:
    priced = Pricer(of, zone).price(usage)

    exact = sum((line.amount or Decimal(0) for line in priced.lines), Decimal(0))
    assert abs(priced.bill.priced_net - exact) <= CENT / 2 * len(priced.bill.lines) + Decimal(
        "1e-20"
    )


@settings(deadline=None)
@given(tariffs, usages(), zones, st.integers(1, 60_000))
def test_more_energy_never_costs_less(
    of: Tariff, usage: Usage, zone: ZoneInfo, more_wh: int
) -> None:
    """Wherever the register rose further, every later reading is higher too."""
    pricer = Pricer(of, zone)
    cheapest = min(
        component.price
        for element in of.versions[0].elements
        for component in element.components
        if component.type is Dimension.ENERGY
    )
    last = usage.readings[-1]
    later = Reading(last.at + timedelta(hours=1), last.register_wh + more_wh)
    longer = replace(
        usage,
        ended_at=later.at,
        readings=(*usage.readings, later),
        energy_wh=later.register_wh - usage.readings[0].register_wh,
    )

    before, after = (pricer.price(each).lines for each in (usage, longer))

    def total(lines: tuple[Line, ...]) -> Decimal:
        return sum((line.amount or Decimal(0) for line in lines), Decimal(0))

    assert total(after) - total(before) >= cheapest * more_wh / 1000 - Decimal("1e-6")


@settings(deadline=None)
@given(clock_tariffs(), usages(), zones, st.floats(0, 1))
def test_splitting_anywhere_never_changes_the_sum(
    of: Tariff, usage: Usage, zone: ZoneInfo, share: float
) -> None:
    """Two transactions instead of one, as long as nothing counts per transaction."""
    pricer = Pricer(_without_grace(of), zone)
    lasted = usage.ended_at - usage.started_at
    split_at = usage.started_at + timedelta(seconds=int(lasted.total_seconds() * share))
    first, second = _split(usage, split_at)

    whole = pricer.price(usage)
    parts = bill(of, [*pricer.price(first).lines, *pricer.price(second).lines])

    assert abs(parts.priced_net - whole.bill.priced_net) <= CENT * len(whole.bill.lines)
    assert sum(line.quantity for line in parts.lines if line.kind is LineKind.ENERGY) == sum(
        line.quantity for line in whole.bill.lines if line.kind is LineKind.ENERGY
    )


@settings(deadline=None)
@given(tariffs, usages(), zones)
def test_a_transaction_gets_dearer_only_as_time_goes_by(
    of: Tariff, usage: Usage, zone: ZoneInfo
) -> None:
    pricer = Pricer(of, zone)
    first_wh = usage.readings[0].register_wh
    costs = []
    for count in range(1, len(usage.readings) + 1):
        last = usage.readings[count - 1]
        so_far = replace(
            usage,
            running=True,
            ended_at=last.at,
            readings=usage.readings[:count],
            energy_wh=last.register_wh - first_wh,
        )
        costs.append(pricer.price(so_far).bill.priced_net)

    assert costs == sorted(costs)
    assert costs[-1] == pricer.price(usage).bill.priced_net


@settings(max_examples=50, deadline=None)
@given(usages(), st.sampled_from((date(2026, 3, 29), date(2026, 10, 25))), zones)
def test_the_nights_when_clocks_change_are_no_different(
    usage: Usage, night: date, zone: ZoneInfo
) -> None:
    shift = datetime.combine(night, time(), UTC) - timedelta(hours=1) - usage.started_at
    moved = replace(
        usage,
        started_at=usage.started_at + shift,
        ended_at=usage.ended_at + shift,
        readings=tuple(Reading(each.at + shift, each.register_wh) for each in usage.readings),
    )

    priced = Pricer(FOUR_PERIODS, zone).price(moved)

    energy = sum(line.quantity for line in priced.lines)
    assert energy * 1000 == usage.energy_wh
    assert priced.bill.complete


def _without_grace(of: Tariff) -> Tariff:
    (only_version,) = of.versions
    elements = tuple(
        replace(
            element,
            components=tuple(replace(component, grace_s=0) for component in element.components),
        )
        for element in only_version.elements
    )
    return replace(of, versions=(replace(only_version, elements=elements),))


def _split(usage: Usage, at: datetime) -> tuple[Usage, Usage]:
    """Cut a transaction where its register would have been read in between."""
    readings = usage.readings
    index = next(i for i, each in enumerate(readings) if each.at >= at)
    after, before = readings[index], readings[max(index - 1, 0)]
    lasted = (after.at - before.at) / timedelta(seconds=1)
    share = Decimal((at - before.at) / timedelta(seconds=1)) / Decimal(lasted or 1)
    rise_wh = ((after.register_wh - before.register_wh) * share).quantize(GRAIN_WH)
    border = Reading(at, before.register_wh + rise_wh)
    first = (*(each for each in readings if each.at < at), border)
    second = (border, *(each for each in readings if each.at > at))
    return _of(usage, first), _of(usage, second)


def _of(usage: Usage, readings: tuple[Reading, ...]) -> Usage:
    return replace(
        usage,
        started_at=readings[0].at,
        ended_at=readings[-1].at,
        readings=readings,
        energy_wh=readings[-1].register_wh - readings[0].register_wh,
    )

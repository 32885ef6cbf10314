"""Whatever is lost, late, repeated, rebooted or killed: the circuit is never overloaded.

A naive server raises only what fits beside everything that the others may draw. The adversary
delivers its messages or doesn't, ends links, reboots chargers, kills the server; the chargers'
clocks are wrong and their cars follow slowly.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from unit.smart_charging.obedient_charger import (
    ObedientCharger,
    make_evse,
    moments,
)

from csms.smart_charging.commitments import Commitment
from csms.smart_charging.grid import Evse
from csms.smart_charging.instructions import SetProfile
from csms.smart_charging.profile_building import (
    Order,
    idle_profile,
    standing_profile,
    transaction_profile,
)
from csms.smart_charging.profiles import ChargingProfile, Register
from csms.smart_charging.strategies import Scheme, Strategy
from csms.smart_charging.timing import TIMING

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
EPSILON = 1e-9
ALL_THAT_IS_LEFT = -1.0
LIMITS = (ALL_THAT_IS_LEFT, 0.0, 6.0, 10.0, 16.0)
STRATEGIES = (
    Strategy(),
    Strategy(idle_level=None, tx_level=0),
    Strategy(max_periods=2),
    Strategy(max_periods=1),
    Strategy(scheme=Scheme.ONE_DEFAULT),
)


@dataclass
class Sent:
    """An order on its way, and the answer on its way back."""

    id: int
    order: Order
    profile: ChargingProfile


@dataclass
class Line:
    """A charger, the link to it, and what the server knows of it."""

    number: int
    evse: Evse
    strategy: Strategy
    charger: ObedientCharger
    commitment: Commitment
    safe_a: float
    down: deque[Sent] = field(default_factory=deque)
    up: deque[tuple[str, int, bool]] = field(default_factory=deque)
    sent: dict[int, Sent] = field(default_factory=dict)
    is_linked: bool = True
    seems_linked: bool = True
    waiting_for: int | None = None
    known_transaction: int | None = None
    has_booted: bool = False
    remembered_standing_a: float | None = None
    remembered_limit_a: float | None = None


numbers = st.integers(0, 3)


class Adversary(RuleBasedStateMachine):
    timing = TIMING

    @initialize(
        clocks=st.lists(st.sampled_from((-60, -17, 0, 60)), min_size=2, max_size=4),
        ways=st.lists(st.integers(0, len(STRATEGIES) - 1), min_size=4, max_size=4),
        shares=st.lists(st.sampled_from((0.0, 6.0, 10.0)), min_size=4, max_size=4),
        commissioned=st.lists(st.sampled_from((True, True, False)), min_size=4, max_size=4),
        spare_a=st.sampled_from((0.0, 7.0, 14.0)),
        charging=st.booleans(),
        remembers=st.booleans(),
    )
    def begin(
        self,
        clocks: list[int],
        ways: list[int],
        shares: list[float],
        commissioned: list[bool],
        spare_a: float,
        charging: bool,
        remembers: bool,
    ) -> None:
        self.now = NOON
        self.ids = 0
        self.is_alive = True
        self.remembers = remembers
        self.lines: list[Line] = []
        for number, ahead in enumerate(clocks):
            line = Line(
                number=number,
                evse=make_evse(number),
                strategy=STRATEGIES[ways[number] if number else 0],
                charger=ObedientCharger(clock_ahead=timedelta(seconds=ahead)),
                commitment=None,  # type: ignore[arg-type]  # set by _remember right below
                safe_a=shares[number],
            )
            if commissioned[number] or number == 0:
                self._commission(line)
            self.lines.append(line)
            line.commitment = self._commit(line)
        self.capacity_a = spare_a + sum(line.commitment.abandoned_a for line in self.lines)
        if charging:
            self.everybody_starts_charging()

    def _commission(self, line: Line) -> None:
        order = standing_profile(line.evse, line.safe_a, line.strategy, self.now)
        assert isinstance(order.action, SetProfile)
        line.charger.install(order.action.profile, self.now)
        line.charger.persist(order.action.profile)
        line.remembered_standing_a = line.safe_a

    def _commit(self, line: Line) -> Commitment:
        return Commitment(
            line.evse,
            self.now,
            standing_a=line.remembered_standing_a,
            last_limit_a=line.remembered_limit_a if self.remembers else None,
            in_transaction=line.known_transaction is not None,
            registers=line.strategy.registers,
            timing=self.timing,
        )

    def _line(self, number: int) -> Line:
        return self.lines[number % len(self.lines)]

    # --- the server ---

    def _remember(self, line: Line, order: Order | None = None) -> None:
        if not self.is_alive:
            return
        standing_a = line.commitment.standing_a
        limit_a = line.commitment.to_remember_a
        if order is not None:
            limit_a = max(limit_a, order.hold.highest_a)
            if standing_a is not None and order.register is Register.STANDING:
                assert order.hold.tail_a is not None
                standing_a = max(standing_a, order.hold.tail_a)
        line.remembered_standing_a = standing_a
        line.remembered_limit_a = limit_a

    def _others_a(self, line: Line) -> float:
        return sum(
            other.commitment.may_draw_a(self.now) for other in self.lines if other is not line
        )

    def _left_a(self, line: Line) -> float:
        return max(0.0, self.capacity_a - self._others_a(line))

    def _others_abandoned_a(self, line: Line) -> float:
        return sum(other.commitment.abandoned_a for other in self.lines if other is not line)

    def _send(self, line: Line, order: Order) -> None:
        assert isinstance(order.action, SetProfile)
        self.ids += 1
        self._remember(line, order)
        line.commitment.sent(self.ids, order.register, order.hold, self.now)
        sent = Sent(self.ids, order, order.action.profile)
        line.waiting_for = sent.id
        line.sent[sent.id] = sent
        if line.is_linked:
            line.down.append(sent)

    def _may_send(self, line: Line) -> bool:
        return self.is_alive and line.seems_linked and line.waiting_for is None

    @rule(
        number=numbers,
        reached=st.lists(st.booleans(), min_size=4, max_size=4),
        renewals=st.integers(0, 4),
    )
    def favour(self, number: int, reached: list[bool], renewals: int) -> None:
        """One gets all that the others can be brought to give up, and is renewed; they aren't."""
        favoured = self._line(number)
        for line in self.lines:
            if line is not favoured and reached[line.number]:
                self.limit_who_may_start(line.number, 0.0, at_once=True)
                self.limit_the_transaction(line.number, 0.0, at_once=True)
        self._wait(11)
        self.limit_the_transaction(favoured.number, ALL_THAT_IS_LEFT, at_once=True)
        for _ in range(renewals):
            self._wait(150)
            self.limit_the_transaction(favoured.number, ALL_THAT_IS_LEFT, at_once=reached[number])

    @rule(number=numbers, limit_a=st.sampled_from(LIMITS), at_once=st.booleans())
    def limit_the_transaction(self, number: int, limit_a: float, at_once: bool) -> None:
        line = self._line(number)
        if not self._may_send(line) or line.known_transaction is None:
            return
        if limit_a == ALL_THAT_IS_LEFT:
            limit_a = self._left_a(line)
        order = self._transaction_order(line, limit_a)
        fits = self._others_a(line) + order.limit_a <= self.capacity_a + EPSILON
        if not fits and order.limit_a <= line.commitment.surely_a(self.now, order.register):
            order = self._transaction_order(
                line, limit_a, line.commitment.surely_until(limit_a, self.now, order.register)
            )
            fits = True
        if fits:
            self._send(line, order)
            if at_once:
                self._deliver_all(line)

    def _transaction_order(
        self, line: Line, limit_a: float, lapses_at: datetime | None = None
    ) -> Order:
        assert line.known_transaction is not None
        return transaction_profile(
            line.evse,
            limit_a,
            line.safe_a,
            3,
            line.strategy,
            line.known_transaction,
            str(line.known_transaction),
            self.now,
            lapses_at=lapses_at,
            timing=self.timing,
        )

    @rule(number=numbers, limit_a=st.sampled_from(LIMITS), at_once=st.booleans())
    def limit_who_may_start(self, number: int, limit_a: float, at_once: bool) -> None:
        line = self._line(number)
        if not self._may_send(line):
            return
        if Register.TX not in line.strategy.registers and line.known_transaction is not None:
            return
        if limit_a == ALL_THAT_IS_LEFT:
            limit_a = self._left_a(line)
        order = idle_profile(
            line.evse, limit_a, line.safe_a, line.strategy, self.now, timing=self.timing
        )
        if order is None:
            return
        fits = self._others_a(line) + order.limit_a <= self.capacity_a + EPSILON
        surely_a = line.commitment.surely_a(self.now, order.register)
        if fits or order.limit_a <= min(surely_a, line.safe_a):
            self._send(line, order)
            if at_once:
                self._deliver_all(line)

    @rule(number=numbers, safe_a=st.sampled_from((0.0, 6.0, 10.0)), at_once=st.booleans())
    def install_the_standing_profile(self, number: int, safe_a: float, at_once: bool) -> None:
        line = self._line(number)
        if not self._may_send(line):
            return
        order = standing_profile(line.evse, safe_a, line.strategy, self.now, timing=self.timing)
        lowers = safe_a <= line.commitment.surely_a(self.now, Register.STANDING)
        fits = self._others_a(line) + safe_a <= self.capacity_a + EPSILON
        stays = self._others_abandoned_a(line) + safe_a <= self.capacity_a + EPSILON
        if stays and (fits or lowers):
            line.safe_a = safe_a
            self._send(line, order)
            if at_once:
                self._deliver_all(line)

    @rule(number=numbers)
    def give_up_waiting_for_the_answer(self, number: int) -> None:
        line = self._line(number)
        if self.is_alive and line.waiting_for is not None:
            line.commitment.lost(line.waiting_for, self.now)
            line.waiting_for = None
            self._remember(line)

    @rule(number=numbers)
    def read_the_composite_schedule(self, number: int) -> None:
        line = self._line(number)
        if self.is_alive and line.is_linked and not line.down and not line.up:
            schedule = line.charger.composite(self.now, timedelta(seconds=600))
            line.commitment.composite_read(schedule, self.now)
            self._remember(line)

    # --- the wire ---

    @rule(number=numbers)
    def deliver_an_order(self, number: int) -> None:
        line = self._line(number)
        if line.down:
            self._hand_over(line)

    def _hand_over(self, line: Line) -> None:
        sent = line.down.popleft()
        accepted = line.charger.install(sent.profile, self.now)
        if line.is_linked:
            line.up.append(("answer", sent.id, accepted))

    @rule(number=numbers, twice=st.booleans())
    def deliver_what_the_charger_says(self, number: int, twice: bool) -> None:
        line = self._line(number)
        if line.up and self.is_alive:
            said = line.up.popleft()
            self._hear(line, *said)
            if twice and said[0] == "answer":
                self._hear(line, *said)

    @rule(number=numbers)
    def deliver_all(self, number: int) -> None:
        self._deliver_all(self._line(number))

    def _deliver_all(self, line: Line) -> None:
        while line.down:
            self._hand_over(line)
        while line.up and self.is_alive:
            self._hear(line, *line.up.popleft())

    def _hear(self, line: Line, kind: str, about: int, accepted: bool) -> None:
        if kind == "answer":
            line.commitment.answered(about, accepted, self.now)
            if line.waiting_for == about:
                line.waiting_for = None
            if accepted and about in line.sent:
                line.charger.persist(line.sent[about].profile)
        elif kind == "started":
            line.known_transaction = about
            line.commitment.transaction_started(self.now)
        elif line.known_transaction == about:
            line.known_transaction = None
            line.commitment.transaction_ended(self.now)
        self._remember(line)

    @rule(number=numbers, delivered=st.integers(0, 2))
    def cut_the_link(self, number: int, delivered: int) -> None:
        self._cut(self._line(number), delivered)

    def _cut(self, line: Line, delivered: int) -> None:
        """Some orders still arrive, no answer comes back; what else was said is said later."""
        line.is_linked = False
        for _ in range(min(delivered, len(line.down))):
            self._hand_over(line)
        line.down.clear()
        line.up = deque(said for said in line.up if said[0] != "answer")

    @rule(number=numbers)
    def notice_the_cut(self, number: int) -> None:
        line = self._line(number)
        if self.is_alive and not line.is_linked and line.seems_linked:
            self._notice(line)

    def _notice(self, line: Line) -> None:
        line.seems_linked = False
        if line.waiting_for is not None:
            line.commitment.lost(line.waiting_for, self.now)
            line.waiting_for = None
        line.commitment.disconnected(self.now)
        self._remember(line)

    @rule(number=numbers)
    def link_again(self, number: int) -> None:
        line = self._line(number)
        if self.is_alive and not line.is_linked:
            self._link(line)

    def _link(self, line: Line) -> None:
        if line.seems_linked:
            self._notice(line)
        line.is_linked = line.seems_linked = True
        line.commitment.connected(self.now)
        if line.has_booted:
            line.has_booted = False
            line.commitment.booted(self.now)
        self._remember(line)

    # --- the chargers ---

    @rule(number=numbers)
    def start_charging(self, number: int) -> None:
        self._start(self._line(number))

    @rule()
    def everybody_starts_charging(self) -> None:
        for line in self.lines:
            self._start(line)
            self._deliver_all(line)

    def _start(self, line: Line) -> None:
        if line.charger.transaction is None:
            self.ids += 1
            line.charger.start(self.ids, self.now)
            line.up.append(("started", self.ids, True))

    @rule(number=numbers)
    def stop_charging(self, number: int) -> None:
        line = self._line(number)
        if line.charger.transaction is not None:
            line.up.append(("ended", line.charger.transaction, True))
            line.charger.stop(self.now)

    @rule(number=numbers, keeps_all=st.booleans(), goes_on=st.booleans())
    def reboot(self, number: int, keeps_all: bool, goes_on: bool) -> None:
        line = self._line(number)
        self._cut(line, 0)
        running = line.charger.transaction
        line.charger.reboot(self.now, keeps_all=keeps_all, transaction_goes_on=goes_on)
        if running is not None and not goes_on:
            line.up.append(("ended", running, True))
        line.has_booted = True

    @rule(number=numbers)
    def measure(self, number: int) -> None:
        line = self._line(number)
        if self.is_alive and line.is_linked:
            drawn = line.charger.draw_a(self.now)
            line.commitment.measured((drawn,) * 3, self.now, self.now)  # type: ignore[arg-type]

    # --- time and death ---

    @rule(seconds=st.sampled_from((1, 9, 11, 60, 150, 240, 301)))
    def wait(self, seconds: int) -> None:
        self._wait(seconds)

    def _wait(self, seconds: int) -> None:
        until = self.now + timedelta(seconds=seconds)
        for moment in moments([line.charger for line in self.lines], self.now, until):
            self.now = moment
            self._check()
        for line in self.lines:
            self._remember(line)

    @rule(delivered=st.integers(0, 2))
    @precondition(lambda self: self.is_alive)
    def kill_the_server(self, delivered: int) -> None:
        self.is_alive = False
        for line in self.lines:
            self._cut(line, delivered)

    @rule()
    @precondition(lambda self: not self.is_alive)
    def start_the_server(self) -> None:
        self.is_alive = True
        for line in self.lines:
            line.commitment = self._commit(line)
            line.seems_linked = False
            line.waiting_for = None
            line.sent.clear()
            self._link(line)

    # --- what must hold ---

    def _check(self) -> None:
        total_a = 0.0
        for line in self.lines:
            drawn_a = line.charger.draw_a(self.now)
            total_a += drawn_a
            if self.is_alive:
                may_a = line.commitment.may_draw_a(self.now)
                assert drawn_a <= may_a + EPSILON, f"{line.number} draws {drawn_a}, may {may_a}"
        assert total_a <= self.capacity_a + EPSILON, f"{total_a} A on {self.capacity_a} A"

    def teardown(self) -> None:
        """The server dies for good, and cars come and go wherever they can."""
        if not hasattr(self, "lines"):
            return
        self._check()
        self.is_alive = False
        for line in self.lines:
            self._cut(line, 1)
            self._start(line)
        self._check()
        self._wait(400)
        for line in self.lines[::2]:
            line.charger.stop(self.now)
            self._start(line)
        self._wait(1200)


AdversaryTest = Adversary.TestCase
AdversaryTest.settings = settings(
    max_examples=50,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)

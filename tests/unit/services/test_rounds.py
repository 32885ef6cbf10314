"""Work in the background comes at its time and when it is called for, whatever fails meanwhile."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest
from swift_time import run_swiftly

from csms.errors import DatabaseUnavailableError
from csms.metrics import Metrics
from csms.services.rounds import AWAY_S, FIRST_S, Boundary, Job, Rounds

EVERY_S = 30.0


class Work:
    """A job that notes when it was done, in seconds since the first time."""

    def __init__(self, *outcomes: Exception | float | None, lasts_s: float = 0.0) -> None:
        self.metrics = Metrics()
        self.at_s: list[float] = []
        self._outcomes = list(outcomes)
        self._lasts_s = lasts_s

    async def do(self) -> float | None:
        self.at_s.append(asyncio.get_running_loop().time())
        await asyncio.sleep(self._lasts_s)
        outcome = self._outcomes.pop(0) if self._outcomes else None
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def live(
        self,
        story: Callable[[Rounds], Awaitable[object]],
        *,
        job: Job | None = None,
        first_s: float = 0.0,
        settle_s: float = 0.0,
        share: float = 1.0,
    ) -> list[float]:
        """Do rounds while a story happens; when they were."""

        async def live() -> None:
            rounds = Rounds(
                "work",
                job or self.do,
                self.metrics,
                every_s=EVERY_S,
                first_s=first_s,
                settle_s=settle_s,
                share=share,
            )
            rounds.start()
            await story(rounds)
            await rounds.stop()

        run_swiftly(live())
        return [round(at_s, 3) for at_s in self.at_s]

    @property
    def failures(self) -> float | None:
        labels = {"task": "work"}
        return self.metrics.registry.get_sample_value("csms_background_failures_total", labels)


def passing(seconds: float) -> Callable[[Rounds], Awaitable[None]]:
    return lambda _: asyncio.sleep(seconds)


def test_the_first_round_leaves_the_start_to_the_chargers_and_the_others_have_their_time() -> None:
    assert Work().live(passing(70), first_s=FIRST_S) == [5, 35, 65]


def test_what_comes_often_comes_soon_too() -> None:
    assert Work().live(passing(70), first_s=EVERY_S * 10) == [30, 60]


def test_what_the_chargers_need_is_done_at_once() -> None:
    assert Work().live(passing(70), first_s=0.0) == [0, 30, 60]


def test_what_somebody_rings_for_does_not_wait_for_the_first_round() -> None:
    async def story(rounds: Rounds) -> None:
        await asyncio.sleep(1)
        rounds.ring()
        await asyncio.sleep(31)

    assert Work().live(story, first_s=FIRST_S) == [1, 31]


def test_a_ring_brings_the_next_round_forward() -> None:
    async def story(rounds: Rounds) -> None:
        await asyncio.sleep(10)
        rounds.ring()
        await asyncio.sleep(35)

    assert Work().live(story) == [0, 10, 40]


def test_under_many_rings_long_rounds_leave_most_of_the_time_to_others() -> None:
    async def story(rounds: Rounds) -> None:
        for _ in range(30):
            rounds.ring()
            await asyncio.sleep(0.1)

    assert Work(lasts_s=0.05).live(story, share=0.1) == [0, 0.5, 1, 1.5, 2, 2.5, 3]


def test_who_has_rested_long_comes_at_once() -> None:
    async def story(rounds: Rounds) -> None:
        await asyncio.sleep(5)
        rounds.ring()
        await asyncio.sleep(5)

    assert Work(lasts_s=0.05).live(story, share=0.1) == [0, 5]


def test_rings_that_come_together_share_a_round() -> None:
    async def story(rounds: Rounds) -> None:
        for _ in range(5):
            await asyncio.sleep(0.1)
            rounds.ring()
        await asyncio.sleep(5)

    assert Work().live(story, settle_s=1.0) == [0, 1.1]


def test_who_rings_during_a_round_gets_another_one() -> None:
    async def story(rounds: Rounds) -> None:
        await asyncio.sleep(1)
        rounds.ring()
        await asyncio.sleep(10)

    assert Work(lasts_s=3.0).live(story) == [0, 3]


def test_a_job_may_say_that_it_is_due_sooner_but_not_put_itself_off() -> None:
    assert Work(5.0, 100.0).live(passing(40)) == [0, 5, 35]


def test_a_plain_function_is_a_job_too() -> None:
    done = list[bool]()
    Work().live(passing(40), job=lambda: done.append(True))
    assert len(done) == 2


def test_a_failure_is_logged_and_counted_and_the_next_round_comes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    work = Work(ValueError("no such thing"))
    assert work.live(passing(40)) == [0, 30]
    assert work.failures == 1
    (said,) = [record for record in caplog.records if record.name == "csms.services.rounds"]
    assert said.getMessage() == "work: a round failed"
    assert said.exc_info is not None


def test_that_nothing_failed_is_known_as_well() -> None:
    work = Work()
    work.live(passing(1))
    assert work.failures == 0


def test_a_database_that_is_away_is_asked_more_often_and_told_of_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "csms")
    away = [DatabaseUnavailableError("nobody answers") for _ in range(3)]
    work = Work(*away)
    assert work.live(passing(40)) == [0, AWAY_S, 2 * AWAY_S, 3 * AWAY_S]
    assert work.failures == 0
    assert [record.getMessage() for record in caplog.records if "work" in record.message] == [
        "work: the database does not answer: nobody answers",
        "work: the database answers again",
    ]


def test_it_ends_in_the_middle_of_a_round() -> None:
    async def story(rounds: Rounds) -> float:
        await asyncio.sleep(1)
        await rounds.stop()
        return asyncio.get_running_loop().time()

    ended_at_s = list[float]()

    async def note(rounds: Rounds) -> None:
        ended_at_s.append(await story(rounds))
        assert {task.get_name() for task in asyncio.all_tasks()} & {"work"} == set()

    Work(lasts_s=1000.0).live(note)
    assert ended_at_s == [pytest.approx(1.0)]


def test_who_follows_events_goes_on_after_one_that_failed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    work = Work()
    boundary, seen = Boundary("work", work.metrics), list[int]()
    for event in range(3):
        with boundary.survive(f"event {event}"):
            if event == 1:
                raise KeyError(event)
            seen.append(event)
    assert (seen, work.failures) == ([0, 2], 1)
    assert caplog.records[-1].getMessage() == "work: event 1 failed"


def test_a_boundary_does_not_hold_up_who_ends_the_task() -> None:
    async def wait() -> None:
        with Boundary("work", Metrics()).survive():
            await asyncio.sleep(1000)

    async def end() -> bool:
        task = asyncio.create_task(wait())
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.wait([task])
        return task.cancelled()

    assert run_swiftly(end())

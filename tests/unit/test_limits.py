"""Token buckets."""

from __future__ import annotations

from csms.limits import Bucket, LogLimit, Rate, SourceLogLimits


def test_a_burst_passes_and_then_the_rate_holds() -> None:
    bucket, rate = Bucket(), Rate(per_s=10.0, burst=5.0)

    waits = [bucket.take(rate, 100.0) for _ in range(7)]

    assert [round(wait, 3) for wait in waits] == [0, 0, 0, 0, 0, 0.1, 0.2]


def test_a_pause_fills_the_bucket_again_but_not_beyond_the_burst() -> None:
    bucket, rate = Bucket(), Rate(per_s=10.0, burst=2.0)
    for _ in range(2):
        bucket.take(rate, 100.0)

    waits = [bucket.take(rate, 1000.0) for _ in range(3)]

    assert [round(wait, 3) for wait in waits] == [0, 0, 0.1]


def test_what_was_not_used_is_given_back() -> None:
    bucket, rate = Bucket(), Rate(per_s=1.0, burst=1.0)
    bucket.take(rate, 100.0)
    assert bucket.take(rate, 100.0) == 1.0

    bucket.give_back(rate)

    assert bucket.take(rate, 100.0) == 1.0


def test_a_flood_of_log_lines_becomes_one_that_counts_them() -> None:
    limit = LogLimit(every_s=1.0)

    assert [limit.allow(now) for now in (0.0, 0.1, 0.2, 1.5)] == [0, None, None, 2]


def test_a_loud_source_does_not_hide_another() -> None:
    limits = SourceLogLimits(60.0, most=2)
    assert [limits.of("a", now).allow(now) for now in (0.0, 1.0, 2.0)] == [0, None, None]
    assert limits.of("b", 3.0).allow(3.0) == 0
    assert limits.of("a", 60.0).allow(60.0) == 2


def test_more_sources_than_are_remembered_share_a_limit_until_others_are_quiet() -> None:
    limits = SourceLogLimits(60.0, most=2)
    told = [limits.of(source, 0.0).allow(0.0) for source in "abcd"]
    assert told == [0, 0, 0, None]
    assert [limits.of(source, 60.0).allow(60.0) for source in "ef"] == [0, 0]

"""Token buckets."""

from __future__ import annotations

from csms.gateway.limits import Bucket, LogLimit, Rate


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

"""No worker is left alone with a long test at the end of a run."""

from __future__ import annotations

from longest_first import longest_first


def test_every_worker_begins_with_a_long_test() -> None:
    tests = [(f"short {n}", 0.0) for n in range(8)] + [("long", 60.0), ("longer", 90.0)]
    ordered = longest_first(tests, workers=2)
    assert ordered[:5] == ["longer", "short 0", "short 1", "short 2", "short 3"]
    assert ordered[5:] == ["long", "short 4", "short 5", "short 6", "short 7"]


def test_long_tests_are_shared_out_by_their_length() -> None:
    tests = [("a", 30.0), ("b", 20.0), ("c", 60.0), ("d", 0.0), ("e", 0.0), ("f", 0.0)]
    assert longest_first(tests, workers=2) == ["c", "d", "e", "a", "b", "f"]


def test_no_test_is_lost_or_run_twice_by_any_number_of_workers() -> None:
    tests = [(n, float(n % 3 == 0)) for n in range(20)]
    for workers in range(1, 30):
        assert sorted(longest_first(tests, workers)) == list(range(20))

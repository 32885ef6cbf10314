"""Fixtures that every room of tests may use."""

from __future__ import annotations

import gc
import os
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import pytest
from compiled_once import compile_once
from database import Clones, TestServer, empty
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers
from longest_first import longest_first
from surroundings import data_directory

settings.register_profile(
    "search", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
# The same examples in every run, however busy the machine is; "search" draws new ones.
settings.register_profile("same", settings.get_profile("search"), derandomize=True, database=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))
if settings.get_current_profile_name() == "same":
    # Hypothesis also draws constants from our modules: from those that happen to be loaded by then.
    providers._get_local_constants = lambda: providers._local_constants

_SERVER = pytest.StashKey[TestServer]()


def pytest_configure(config: pytest.Config) -> None:
    """Agree on the database server's directory: the controller's, told to all workers."""
    # Else every worker, and every program that a test starts, compiles all code anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    compile_once()
    worker = getattr(config, "workerinput", None)
    config.stash[_SERVER] = (
        TestServer.in_new_directory() if worker is None else TestServer(Path(worker["database"]))
    )


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    config: pytest.Config = node.config  # type: ignore[attr-defined]  # xdist has no types
    node.workerinput["database"] = str(config.stash[_SERVER].directory)  # type: ignore[attr-defined]


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Let each worker read another part of a directory first.

    In a fresh checkout they compile different modules then, and find the others compiled.
    """
    report = yield
    worker = getattr(collector.config, "workerinput", None)
    if worker is not None and isinstance(collector, pytest.Dir):
        number, found = int(worker["workerid"].removeprefix("gw")), report.result
        first = len(found) * number // worker["workercount"]
        report.result = found[first:] + found[:first]
    return report


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the longest tests."""
    items.sort(key=lambda item: item.path)
    worker = getattr(config, "workerinput", {"workercount": 1})
    items[:] = longest_first([(item, _seconds(item)) for item in items], worker["workercount"])


def pytest_collection_finish() -> None:
    """Keep the garbage collector from looking through all modules and tests again and again."""
    gc.collect()
    gc.freeze()


def _seconds(item: pytest.Item) -> float:
    marker = item.get_closest_marker("long")
    return 0.0 if marker is None else float(marker.args[0])


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput") and _SERVER in config.stash:
        config.stash[_SERVER].stop()


@pytest.fixture(scope="session")
def database_server(request: pytest.FixtureRequest) -> str:
    """The URL of the run's PostgreSQL server."""
    return request.config.stash[_SERVER].url()


@pytest.fixture(scope="session")
def _clones(database_server: str) -> Iterator[Clones]:
    clones = Clones(database_server)
    yield clones
    clones.close()


@pytest.fixture
def database_url(_clones: Clones) -> Iterator[str]:
    """The URL of a fresh, migrated database."""
    with _clones.lent() as url:
        yield url


@pytest.fixture
async def empty_database_url(database_server: str) -> AsyncIterator[str]:
    """The URL of a fresh database without a schema."""
    async with empty(database_server) as url:
        yield url


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data directory for a server of the test's own."""
    with data_directory() as directory:
        yield directory

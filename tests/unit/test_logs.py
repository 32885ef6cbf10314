"""The log: a line for people or for machines, that nobody can forge and that tells no secret."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from csms import logs


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(capture=False)


def written(style: str, message: str, *arguments: object, **fields: object) -> str:
    stream = io.StringIO()
    logs.set_up("info", style, stream)
    logging.getLogger("csms.test").info(message, *arguments, extra=fields)
    return stream.getvalue()


def test_text_is_a_sentence_with_its_fields() -> None:
    line = written("text", "%s connected", "CP-1", version="ocpp1.6")
    assert line.endswith(" INFO    csms.test: CP-1 connected version=ocpp1.6\n")


def test_json_is_an_object_with_its_fields() -> None:
    entry = json.loads(written("json", "%s connected", "CP-1", version="ocpp1.6"))
    assert entry.pop("time").endswith("+00:00")
    assert entry == {
        "level": "info",
        "logger": "csms.test",
        "message": "CP-1 connected",
        "version": "ocpp1.6",
    }


@pytest.mark.parametrize("style", ["text", "json"])
def test_a_charger_can_not_forge_a_line(style: str) -> None:
    assert written(style, "%s", "CP\n2025-11-21 ERROR fake\x1b[2J", id="x\ny").count("\n") == 1


@pytest.mark.parametrize("style", ["text", "json"])
def test_a_password_in_a_url_is_blotted_out(style: str) -> None:
    line = written(style, "connecting to %s", "postgresql://csms:hunter2@db/csms")
    assert "hunter2" not in line
    assert "postgresql://csms:***@db/csms" in line


@pytest.mark.parametrize("style", ["text", "json"])
def test_a_field_that_is_a_secret_is_blotted_out(style: str) -> None:
    assert "hunter2" not in written(style, "changed", password="hunter2", api_key="hunter2")


@pytest.mark.parametrize("style", ["text", "json"])
def test_an_exception_is_shown_without_its_secrets(style: str) -> None:
    stream = io.StringIO()
    logs.set_up("info", style, stream)
    try:
        int("postgresql://csms:hunter2@db/csms")
    except ValueError:
        logging.getLogger("csms.test").exception("it failed")
    assert "Traceback" in stream.getvalue()
    assert "hunter2" not in stream.getvalue()


def test_a_field_can_not_take_the_place_of_the_message() -> None:
    entry = json.loads(written("json", "said", level="critical", time="never"))
    assert entry["level"] == "info"


def test_what_is_below_the_level_is_not_logged() -> None:
    stream = io.StringIO()
    logs.set_up("warning", "text", stream)
    logging.getLogger("csms.test").info("quiet")
    assert stream.getvalue() == ""

"""Answers of charge points that are not as OCPP says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from csms.errors import InvalidValueError


class FaultyAnswer(dict[str, Any]):
    """A CALLRESULT's payload that breaks its schema, mended as far as that can be done.

    `told` is the payload as the charge point sent it, `violations` what is wrong with that.
    """

    def __init__(
        self,
        mended: Mapping[str, Any],
        told: dict[str, Any],
        violations: Sequence[InvalidValueError],
    ) -> None:
        super().__init__(mended)
        self.told = told
        self.violations = tuple(violations)


def as_told(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer as the charge point sent it."""
    return answer.told if isinstance(answer, FaultyAnswer) else answer


def violations_of(answer: dict[str, Any]) -> Sequence[InvalidValueError]:
    """Return what is wrong with an answer by its schema."""
    return answer.violations if isinstance(answer, FaultyAnswer) else ()

"""Commands in OCPP 2.1: 2.0.1's phrases, and its own for what is new."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from csms.handlers.v201.commands import translate as translate_v201

translate: Final = replace(translate_v201)
"""Says a command in 2.1; raises as 2.0.1's."""

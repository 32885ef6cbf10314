"""No command lacks a phrase, and no phrase says another command."""

from __future__ import annotations

from dataclasses import fields
from typing import get_args, get_type_hints

import pytest

from csms.handlers import phrasebook
from csms.handlers.phrasebook import PHRASES, Phrasebook
from csms.handlers.v16.commands import translate as translate_v16
from csms.handlers.v201.commands import translate as translate_v201
from csms.services.commands import Command


def test_each_command_has_a_phrase_and_there_is_no_other() -> None:
    assert set(PHRASES) == set(get_args(Command))
    assert sorted(PHRASES.values()) == sorted(field.name for field in fields(Phrasebook))


def test_a_phrase_is_for_the_command_whose_name_it_has() -> None:
    said = get_type_hints(Phrasebook, vars(phrasebook))
    for command, phrase in PHRASES.items():
        parameters, _ = get_args(said[phrase])
        assert parameters[1] is command


@pytest.mark.parametrize("translate", [translate_v16, translate_v201])
def test_no_two_commands_share_a_phrase(translate: Phrasebook) -> None:
    phrases = [getattr(translate, phrase) for phrase in PHRASES.values()]
    assert len(set(phrases)) == len(phrases)

"""No command lacks a phrase, and no phrase says another command."""

from __future__ import annotations

from dataclasses import fields
from typing import get_args, get_type_hints

import pytest

from csms.handlers import phrasebook
from csms.handlers.phrasebook import PHRASES, Phrasebook, not_before_21
from csms.handlers.v16.commands import translate as translate_v16
from csms.handlers.v21.commands import translate as translate_v21
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


@pytest.mark.parametrize("translate", [translate_v16, translate_v201, translate_v21])
def test_no_two_commands_share_a_phrase(translate: Phrasebook) -> None:
    said = [getattr(translate, phrase) for phrase in PHRASES.values()]
    phrases = [phrase for phrase in said if phrase is not not_before_21]
    assert len(set(phrases)) == len(phrases)


def test_21_says_everything() -> None:
    assert not_before_21 not in [getattr(translate_v21, phrase) for phrase in PHRASES.values()]

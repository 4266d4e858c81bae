"""The exception tree and its exit codes."""

from __future__ import annotations

import pytest

from stsdetect import errors


@pytest.mark.parametrize(
    ("kind", "code", "parent"),
    [
        (errors.StsError, 1, Exception),
        (errors.UsageError, 2, errors.StsError),
        (errors.SettingsError, 2, errors.UsageError),
        (errors.SchemaError, 2, errors.UsageError),
        (errors.InputError, 3, errors.StsError),
        (errors.TooManyRejectsError, 4, errors.StsError),
    ],
)
def test_codes(kind, code, parent):
    assert kind.exit_code == code
    assert issubclass(kind, parent)


def test_near_words_are_offered():
    hint = errors.did_you_mean("max_distnce_m", ["max_distance_m", "min_distance_m", "zone"])
    assert hint.startswith(" Did you mean 'max_distance_m'")
    assert "zone" not in hint
    assert hint.endswith("?")


def test_no_near_word_no_hint():
    assert errors.did_you_mean("xyz", ["max_distance_m"]) == ""
    assert errors.did_you_mean("xyz", []) == ""


def test_a_message_cannot_steer_a_terminal() -> None:
    assert str(errors.InputError("column \x1b[2J\u202e\x00 is\nodd é")) == "column \\x1b[2J\\u202e\\x00 is\nodd é"

"""Settings: files, changes, digests, and errors that help."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from stsdetect.errors import SettingsError
from stsdetect.settings import Settings, load_settings, setting_rows


def test_the_defaults_are_valid_and_frozen():
    settings = load_settings()
    assert settings == Settings()
    with pytest.raises(ValidationError):
        settings.encounters.max_distance_m = 1  # type: ignore[misc]


def test_changes_lie_on_top_of_the_file(tmp_path):
    file = tmp_path / "s.toml"
    file.write_text("[encounters]\nmax_distance_m = 100\nmin_duration_s = '90min'\n")
    settings = load_settings(file, encounters={"max_distance_m": 200})
    assert settings.encounters.max_distance_m == 200
    assert settings.encounters.min_duration_s == 5400


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"encounters": {"max_distnce_m": 1}}, "Did you mean 'encounters.max_distance_m'"),
        ({"encounter": {}}, "Did you mean 'encounters'"),
        ({"gaps": {"colour": 1}}, "there is no setting 'gaps.colour'"),
        ({"encounters": {"max_distance_m": -1}}, "'encounters.max_distance_m' cannot be -1"),
        ({"encounters": {"max_distance_m": float("inf")}}, "'encounters.max_distance_m'"),
        ({"encounters": {"under_way_max_speed_kn": 1}}, "must be at least max_speed_kn"),
        ({"gaps": {"keep_from_s": "7h"}}, "keep_from_s must not exceed min_duration_s"),
        ({"loitering": {"min_duration_s": "soon"}}, "is not a duration"),
        ({"encounters": 3}, "'encounters' cannot be 3"),
    ],
)
def test_wrong_names_and_values(changes, message):
    with pytest.raises(SettingsError, match=message):
        load_settings(**changes)


def test_every_mistake_is_reported_at_once():
    with pytest.raises(SettingsError) as problem:
        load_settings(encounters={"max_distnce_m": 1, "max_speed_kn": -2}, clean={"max_speed_kn": 0})
    for part in ("max_distnce_m", "encounters.max_speed_kn", "clean.max_speed_kn"):
        assert part in str(problem.value)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(tmp_path / "none.toml")
    bad = tmp_path / "bad.toml"
    bad.write_text("[encounters\n")
    with pytest.raises(SettingsError, match="not valid TOML"):
        load_settings(bad)
    bad.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="not valid TOML"):
        load_settings(bad)


def test_the_digest_changes_with_what_can_change_a_result():
    plain = Settings().digest
    assert len(plain) == 12
    assert load_settings(encounters={"max_distance_m": 499}).digest != plain
    assert load_settings(score={"weights": {"zone": 0}}).digest != plain
    assert load_settings(run={"workers": 8, "partition_s": "6h"}).digest == plain
    assert load_settings(read={"max_reject_share": 1}).digest == plain


@given(st.floats(1, 10_000), st.floats(0, 1e6))
def test_the_digest_is_a_function_of_the_values(distance, duration):
    def make():
        return load_settings(encounters={"min_duration_s": duration, "max_distance_m": distance})

    assert make().digest == make().digest


def test_every_setting_has_a_meaning():
    rows = setting_rows()
    assert len({(group, name) for group, name, _, _ in rows}) == len(rows)
    assert all(meaning.strip().endswith((".", ";")) for _, _, _, meaning in rows)

"""Profiles: packaged ones are sound, a user's own stands on them, and what is wrong with one is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from stsdetect.cli.app import cli
from stsdetect.errors import SettingsError
from stsdetect.profiles import DEFAULT, packaged_profiles, read_profile
from stsdetect.score import indicator_rows
from stsdetect.score.rank import EVERY_INDICATOR, check_weights
from stsdetect.settings import Settings, load_settings


def own(folder: Path, text: str, name: str = "mine.toml") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("name", packaged_profiles())
def test_packaged_profiles_are_sound(name: str) -> None:
    settings = load_settings(score={"profile": name})
    assert settings.score.profile == name
    check_weights(settings.score)
    assert read_profile(name).title


def test_the_usual_profile_is_what_stands_without_one() -> None:
    assert load_settings(score={"profile": DEFAULT}) == Settings() == load_settings()
    said = read_profile(DEFAULT).as_settings()
    assert Settings.model_validate(said) == Settings()


def test_generic_knows_nothing_of_north_korea() -> None:
    settings = load_settings(score={"profile": "generic-sts"})
    weights = {row["name"]: row["weight"] for row in indicator_rows(settings.score)}
    assert [weights[name] for name in ("zone", "flag", "home_flag")] == [0.0, 0.0, 0.0]
    assert weights["hull_gap"] > 0
    assert settings.port_calls.hidden_countries == ()


def test_own_profile_stands_on_another(tmp_path: Path) -> None:
    own(tmp_path, 'title = "Base"\nextends = "dprk-coal"\n[weights]\nnight = 0.1\nzone = 0.2\n', "base.toml")
    path = own(
        tmp_path,
        'extends = "base.toml"\n[weights]\nnight = 0.0\n[groups]\nnight = "place"\n'
        "[settings.score]\nlarge_m = 120\n[settings.dark]\nmin_score = 4.0\n",
    )
    settings = load_settings(score={"profile": path})
    assert settings.score.profile == "mine"
    assert settings.score.profile_weights["night"] == 0.0
    assert settings.score.profile_weights["zone"] == 0.2
    assert settings.score.groups == {"night": "place"}
    assert (settings.score.large_m, settings.score.cargo) == (120.0, "coal")
    assert (settings.dark.min_score, settings.dark.carriers) == (4.0, ("cargo",))
    assert read_profile(path).title == "Base"


def test_user_settings_lie_on_top(tmp_path: Path) -> None:
    file = own(tmp_path, '[score]\nprofile = "dprk-coal"\ncargo = "ore"\n[score.weights]\ntypes = 1.2\n', "s.toml")
    score = load_settings(file, score={"large_m": 90.0}).score
    assert (score.cargo, score.large_m, score.trade) == ("ore", 90.0, "export")
    rows = {row["name"]: row["weight"] for row in indicator_rows(score)}
    assert rows["types"] == 1.2
    assert rows["size"] == 0.3


def test_digest_is_of_what_a_profile_says_not_of_where_it_lies(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    one, two = (own(tmp_path / folder, "[weights]\nnight = 0.2\n") for folder in ("one", "two"))
    first = load_settings(score={"profile": one}).digest
    assert first == load_settings(score={"profile": two}).digest
    assert first != Settings().digest
    own(tmp_path / "two", "[weights]\nnight = 0.3\n")
    assert first != load_settings(score={"profile": two}).digest


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[weights]\nhull_gpa = 1.0\n", "Did you mean 'hull_gap'"),
        ("[weights]\ntug = 1.0\n", "weights.tug is 1.0: it counts against"),
        ("[weights]\nnight = -1.0\n", "it counts for"),
        ('[weights]\nnight = "much"\n', "must be a number"),
        ("[weights]\nnight = nan\n", "finite number"),
        ("[groups]\nnihgt = 'place'\n", "groups: there is no indicator 'nihgt'"),
        ("[groups]\nnight = 3\n", "must be a text"),
        ("weights = 3\n", "must be a table"),
        ("[wieghts]\nnight = 1\n", "Did you mean 'weights'"),
        ("title = 3\n", "must be a text"),
        ('extends = "dprk-cole"\n', "Did you mean 'dprk-coal'"),
        ('extends = "mine.toml"\n', "extends itself"),
        ("[settings.scoer]\nlarge_m = 3\n", "there is no setting 'scoer'"),
        ("[settings.score]\nlarge_m = -3\n", "large_m"),
        ("[settings.score.weights]\nnight = 1\n", "said by the tables"),
        ("[settings]\nscore = 1\n", "must be a table"),
        ("this is not TOML", "not valid TOML"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, words: str) -> None:
    path = own(tmp_path, text)
    with pytest.raises(SettingsError, match=words) as problem:
        check_weights(load_settings(score={"profile": path}).score)
    assert "mine" in str(problem.value)


def test_loops_and_files_that_are_none(tmp_path: Path) -> None:
    own(tmp_path, 'extends = "two.toml"\n', "one.toml")
    two = own(tmp_path, 'extends = "one.toml"\n', "two.toml")
    with pytest.raises(SettingsError, match=r"two\.toml extends one\.toml extends two\.toml"):
        read_profile(two)
    with pytest.raises(SettingsError, match="there is no profile ''"):
        read_profile("")
    with pytest.raises(SettingsError, match="cannot be read"):
        read_profile(str(tmp_path))
    Path(tmp_path, "bytes.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="not valid TOML"):
        read_profile(str(tmp_path / "bytes.toml"))


@pytest.mark.parametrize("name", packaged_profiles())
def test_about_prints_a_profile_that_can_be_read(name: str, tmp_path: Path) -> None:
    said = CliRunner().invoke(cli, ["about", "profiles", name])
    assert said.exit_code == 0, said.output
    path = own(tmp_path, said.output)
    whole, usual = load_settings(score={"profile": path}), load_settings(score={"profile": name})
    assert indicator_rows(whole.score) == indicator_rows(usual.score)
    more = {"profile", "profile_weights", "groups"}
    assert whole.score.model_dump(exclude=more) == usual.score.model_dump(exclude=more)
    assert whole.model_dump(exclude={"score"}) == usual.model_dump(exclude={"score"})


def test_about_lists_profiles_and_indicators() -> None:
    listed = CliRunner().invoke(cli, ["about", "profiles"]).output
    assert all(f"  {name}" in listed for name in packaged_profiles())
    usual, coal = (
        CliRunner().invoke(cli, ["about", "indicators", *more]).output for more in ([], ["--profile", "dprk-coal"])
    )
    for one in EVERY_INDICATOR:
        assert f"  {one.name}: {one.direction}, {one.weight:g}" in usual
        assert one.definition.endswith("."), one.name
        assert one.definition != one.title
    assert "types: for, 0.5" in coal


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[weights]\nzone = " + "1" * 400, "weights.zone is beyond"),
        ("[weights]\nzone = " + "1" * 5000, "not valid TOML"),
        ("title = " + "[" * 5000 + "]" * 5000, "nested too deep"),
        ('name = "dprk-petroleum"', "as a packaged profile is"),
        ('name = "a\\u001b[31mb"', "a control character"),
        ('title = "a\\u202eb"', "a control character"),
        ('[groups]\nzone = "a\\nb"', "a control character"),
    ],
)
def test_what_would_end_in_a_traceback_or_a_false_name_is_refused(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=says):
        load_settings(score={"profile": str(path)})


def test_a_file_named_as_a_packaged_profile_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "generic-sts.toml"
    path.write_text("[weights]\nzone = 0.0")
    with pytest.raises(SettingsError, match="rename the file"):
        read_profile(str(path))


def test_a_name_longer_than_files_have_is_no_profile() -> None:
    with pytest.raises(SettingsError, match="there is no profile"):
        read_profile("x" * 300)


def test_files_with_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text('extends = "generic-sts"', encoding="utf-8-sig")
    assert load_settings(score={"profile": str(path)}).score.profile == "own"
    path.write_text("[encounters]\nmax_distance_m = 300", encoding="utf-8-sig")
    assert load_settings(path).encounters.max_distance_m == 300.0


@pytest.mark.parametrize("text", ["a = " + "[" * 5000 + "]" * 5000, "a = " + "1" * 5000])
def test_settings_that_are_no_toml_are_said_so(tmp_path: Path, text: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match="is not valid TOML"):
        load_settings(path)


def test_about_prints_a_file_of_ones_own_as_it_is(tmp_path: Path) -> None:
    path = own(tmp_path, '[weights]\nzone = 0.12345678\n[settings.read.columns]\n"lat" = "La \\"t"\n')
    said = CliRunner().invoke(cli, ["about", "profiles", path])
    assert said.exit_code == 0, said.output
    again = load_settings(score={"profile": own(tmp_path, said.output, "again.toml")})
    usual = load_settings(score={"profile": path})
    assert indicator_rows(again.score) == indicator_rows(usual.score)
    assert again.read == usual.read

"""What the user knows to be innocent: whom a line means, when, what it weighs, and what is wrong with a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from stsdetect.errors import InputError
from stsdetect.pipeline.innocent import describe_known
from stsdetect.schema import EVENTS, VESSELS
from stsdetect.score import rank_dark, rank_deliveries, rank_pairs
from stsdetect.score.known import NOTHING_KNOWN, Known, read_known
from stsdetect.settings import ScoreSettings
from tests.unit.score.dark_rows import GHOST, TANKER, crowd, dark, silence, stay
from tests.unit.score.rows import (
    ALONGSIDE,
    AT_SEA,
    CHINA,
    KOREA,
    Row,
    meeting,
    sentence_of,
    some_of,
    swapped,
    table,
    weight_of,
)
from tests.unit.score.test_other_trades import COAL, call

GOOD_IMO = 9074729


def file(folder: Path, *lines: str, header: str = "vessel_a,vessel_b,reason,from,to,who") -> Path:
    path = folder / "known.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def known(folder: Path, events: pa.Table, *lines: str, vessels: pa.Table | None = None, **more: Any) -> Known:
    return read_known(file(folder, *lines, **more)).among(VESSELS.empty() if vessels is None else vessels, events)


def met(**more: Any) -> Row:
    return meeting(1, CHINA, KOREA, **ALONGSIDE, **AT_SEA, **more)


def test_a_known_pair_ranks_low_and_says_why(tmp_path: Path) -> None:
    events = table([met(), meeting(2, CHINA, "412000009", 0, 5)])
    usual, poor = rank_pairs(events).to_pylist()
    innocent = known(tmp_path, events, f"{KOREA},{CHINA},weekly supply,,,J. Doe")
    last, pair = rank_pairs(events, known=innocent).to_pylist()
    assert (last["pair_id"], pair["pair_id"]) == (poor["pair_id"], usual["pair_id"])
    assert pair["log_odds"] == pytest.approx(usual["log_odds"] - 20.0)
    said = "This pair is known to the user as innocent: weekly supply (line 2 of known.csv, by J. Doe)"
    assert sentence_of(pair, "known").startswith(said)
    assert next(r["value"] for r in pair["reasons"] if r["indicator"] == "known") == 2.0
    assert abs(sum(reason["weight"] for reason in pair["reasons"]) - pair["log_odds"]) < 1e-9


def test_it_can_be_taken_back(tmp_path: Path) -> None:
    events = table([met()])
    innocent = known(tmp_path, events, f"{KOREA},{CHINA},weekly supply")
    off = rank_pairs(events, known=innocent, settings=ScoreSettings(weights={"known": 0.0})).to_pylist()[0]
    assert off["log_odds"] == rank_pairs(events).to_pylist()[0]["log_odds"]
    assert rank_pairs(events, known=NOTHING_KNOWN).equals(rank_pairs(events))


@pytest.mark.parametrize("one", [KOREA, f"MMSI {KOREA}", str(GOOD_IMO), f"imo {GOOD_IMO}", f"IMO{GOOD_IMO}"])
def test_one_vessel_by_any_number(tmp_path: Path, one: str) -> None:
    row = met(imo_b=GOOD_IMO)
    events = table([row, meeting(2, CHINA, "412000009", 0, 5)])
    ranked = rank_pairs(events, known=known(tmp_path, events, f"{one},,own barge")).to_pylist()
    assert {weight_of(pair, "known") for pair in ranked if KOREA in (pair["vessel_a"], pair["vessel_b"])} == {-20.0}
    assert {weight_of(pair, "known") for pair in ranked if KOREA not in (pair["vessel_a"], pair["vessel_b"])} == {0.0}
    turned = table([swapped(row)])
    assert weight_of(rank_pairs(turned, known=known(tmp_path, turned, f"{one},,x")).to_pylist()[0], "known") == -20.0


def test_an_imo_number_is_not_the_mmsi_of_another_hull(tmp_path: Path) -> None:
    """A transponder whose MMSI was set to seven digits is called by them; the ship of that IMO number is meant."""
    broken = meeting(2, str(GOOD_IMO), CHINA, 0, 5) | {"mmsi_a": GOOD_IMO, "imo_a": None}
    events = table([met(imo_b=GOOD_IMO), broken])
    assert list(known(tmp_path, events, f"{GOOD_IMO},,own barge").by_hulls) == [(KOREA,)]
    alone = table([broken])
    assert list(known(tmp_path, alone, f"{GOOD_IMO},,own barge").by_hulls) == [(str(GOOD_IMO),)]


def test_identity_history_is_asked(tmp_path: Path) -> None:
    row: Row = dict.fromkeys(VESSELS.names)
    row |= {"vessel": KOREA, "imo": GOOD_IMO, "mmsi": int(KOREA)}
    fields = {field.name: field for field in VESSELS.arrow}
    filled = {
        name: [row[name] if row[name] is not None or fields[name].nullable else some_of(fields[name].type)]
        for name in VESSELS.names
    }
    innocent = known(tmp_path, table([met()]), f"{GOOD_IMO},,x", vessels=VESSELS.table(filled))
    assert weight_of(rank_pairs(table([met()]), known=innocent).to_pylist()[0], "known") == -20.0


@pytest.mark.parametrize(
    ("days", "counts"),
    [
        (",", True), ("2020-01-12,", True), (",2020-01-12", True), ("2020-01-12,2020-01-12", True),
        ("2020-01-13,", False), (",2020-01-11", False),
    ],
)  # fmt: skip
def test_days_bound_it(tmp_path: Path, days: str, counts: bool) -> None:
    events = table([met()])  # 14:00 to 19:00 UTC on 12 January 2020
    (pair,) = rank_pairs(events, known=known(tmp_path, events, f"{KOREA},{CHINA},x,{days}")).to_pylist()
    assert (weight_of(pair, "known") < 0) == counts


def test_pair_is_measured_at_a_meeting_that_is_not_known(tmp_path: Path) -> None:
    other = meeting(2, CHINA, KOREA, 200.0, 3.0)
    events = table([met(), other])
    innocent = known(tmp_path, events, f"{KOREA},{CHINA},x,2020-01-12,2020-01-12")
    (pair,) = rank_pairs(events, known=innocent).to_pylist()
    assert weight_of(pair, "known") == 0
    assert weight_of(pair, "hull_gap") == 0


def test_possible_meetings_and_deliveries(tmp_path: Path) -> None:
    lay, silent = stay(1), silence(2)
    events = table([lay, silent, dark(3, TANKER, GHOST, [lay, silent])])
    for line in (f"{TANKER},{GHOST},the meeting place", f"{GHOST},,the meeting place"):
        (lead,) = rank_dark(events, known=known(tmp_path, events, line)).to_pylist()
        assert weight_of(lead, "known") == -20.0
        assert "innocent: the meeting place (" in sentence_of(lead, "known")
    many = table(crowd())
    for vessel, weight in ((TANKER, -20.0), ("538000003", 0.0)):
        (lead,) = rank_dark(many, known=known(tmp_path, many, f"{vessel},,x")).to_pylist()
        assert weight_of(lead, "known") == weight
    trip = table([call(1, "kp_nampo", 0.0, 2.5), call(2, "cn_rizhao", 80.0, -2.4)])
    (lead,) = rank_deliveries(
        trip, settings=COAL.score, calls=COAL.port_calls, known=known(tmp_path, trip, "671000001,,x")
    ).to_pylist()
    assert weight_of(lead, "known") == -20.0


def test_lines_about_nobody_are_told(tmp_path: Path) -> None:
    events = table([met()])
    innocent = known(
        tmp_path, events, "999999999,,x", f"{KOREA},999999999,y", f"{KOREA},,z", "1234567,,bad check digit"
    )
    assert [line.line for line in innocent.absent] == [2, 3, 5]


def test_a_number_of_several_hulls_is_told(tmp_path: Path) -> None:
    """Who sends the MMSI of a known barge is taken as known with it: the user must hear of that."""
    copy = meeting(2, f"{KOREA}-2", CHINA, 0, 5) | {"mmsi_a": int(KOREA)}
    events = table([met(), copy])
    innocent = known(tmp_path, events, f"{KOREA},,own barge", f"{CHINA},,other")
    assert sorted(innocent.by_hulls) == [(CHINA,), (KOREA,), (f"{KOREA}-2",)]
    assert [line.line for line in innocent.shared] == [2]
    one = describe_known(innocent, rank_pairs(events, known=innocent), whole_hash=True)
    assert one["lines_of_several_hulls"] == [2]


def test_hostile_text_stays_harmless(tmp_path: Path) -> None:
    evil = '"=HYPERLINK(""x"")<script>\u202e\x07' + "A" * 500 + '"'
    events = table([met()])
    (pair,) = rank_pairs(events, known=known(tmp_path, events, f"{KOREA},{CHINA},{evil},,,{evil}")).to_pylist()
    sentence = sentence_of(pair, "known")
    assert not set('<>"\n\x07\u202e=') & set(sentence)
    assert len(sentence) < 400


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ((f"{KOREA},{CHINA},",), "line 2: no reason"),
        ((f",{CHINA},x",), "line 2: vessel_a is empty"),
        ((f"{KOREA},{KOREA},x",), "both vessels are"),
        ((f"{KOREA},,x,12.01.2020",), "'from' is '12.01.2020', which is no day"),
        ((f"{KOREA},,x,2020-02-01,2020-01-01",), "comes before"),
        ((f"{KOREA},,x", f"{KOREA},,x,,,me,too many"), "line 3: wrong column count"),
        ((f'{KOREA},,"open',), "line 2"),
        ((), "has no line"),
    ],
)
def test_wrong_lines_are_refused(tmp_path: Path, lines: tuple[str, ...], words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_known(file(tmp_path, *lines))


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("vessel_a,vessel_b", "has no column reason"),
        ("a,b,c", "has no column vessel_a and reason"),
        ("vessel_a,vessel_b,reason,form", "Did you mean 'from'"),
        ("vessel_a,Vessel_A,reason", "two columns vessel_a"),
    ],
)
def test_wrong_headers_are_refused(tmp_path: Path, header: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_known(file(tmp_path, f"{KOREA},,x", header=header))


def test_a_second_vessel_without_a_column_does_not_excuse_the_first_everywhere(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="column without a name"):
        read_known(file(tmp_path, f"{KOREA},x,{CHINA}", header="vessel_a,reason,"))
    assert read_known(file(tmp_path, f"{KOREA},x,", header="vessel_a,reason,")).lines[0].vessels == (KOREA,)


def test_files_that_are_none(tmp_path: Path) -> None:
    for content in (b"", b"\x00\x01\x02", b"PAR1"):
        path = tmp_path / "odd.csv"
        path.write_bytes(content)
        with pytest.raises(InputError):
            read_known(path)
    with pytest.raises(InputError):
        read_known(tmp_path / "none.csv")


def test_without_a_file_nothing_is_known() -> None:
    assert NOTHING_KNOWN.among(VESSELS.empty(), EVENTS.empty()) is NOTHING_KNOWN
    assert NOTHING_KNOWN.line_of(["a", "b"], 0, 1) is None

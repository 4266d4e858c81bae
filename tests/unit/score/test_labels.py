"""Labels: appended, never lost, found again when ids have changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stsdetect.errors import InputError, UsageError
from stsdetect.schema import PAIRS
from stsdetect.score.labels import (
    MAX_WHY,
    Label,
    append_label,
    make_label,
    match_labels,
    read_labels,
)

START = datetime(2024, 3, 1, tzinfo=UTC)


def lead(rank: int, a: str = "a", b: str | None = "b", hour: float = 0.0, hours: float = 5.0, **over: Any) -> Any:
    row = {
        "pair_id": f"{rank:016x}", "vessel_a": a, "vessel_b": b, "partner_kind": "vessel", "partner_id": b,
        "rank": rank, "score": 0.5, "log_odds": 0.0, "confidence": "low", "n_events": 1,
        "first_time": START + timedelta(hours=hour), "last_time": START + timedelta(hours=hour + hours),
        "event_ids": [f"e{rank}"], "reasons": [], "settings_id": "s1",
    }  # fmt: skip
    return {**row, **over}


def table(*rows: Any) -> pa.Table:
    return PAIRS.table({name: [row.get(name) for row in rows] for name in PAIRS.names})


def label(pairs: pa.Table, pair: Any = 1, verdict: str = "transfer", *, hour: float = 0.0, **over: Any) -> Label:
    given = {"who": "Ana", "why": "seen by a patrol aircraft", "when": START + timedelta(days=9, hours=hour)}
    return make_label(pairs, pair, verdict, **{**given, **over})


def test_a_label_says_who_when_why_and_what_the_lead_was(tmp_path):
    pairs = table(lead(1), lead(2, "c", "d"))
    one = label(pairs, "0000000000000002", "innocent")
    append_label(tmp_path / "labels.jsonl", one)
    assert read_labels(tmp_path / "labels.jsonl").labels == (one,)
    assert json.loads((tmp_path / "labels.jsonl").read_text()) == {
        "pair_id": "0000000000000002", "partner_kind": "vessel", "vessel_a": "c", "vessel_b": "d", "partner_id": "d",
        "first_time": "2024-03-01T00:00:00Z", "last_time": "2024-03-01T05:00:00Z", "event_ids": ["e2"],
        "verdict": "innocent", "who": "Ana", "when": "2024-03-10T00:00:00Z", "why": "seen by a patrol aircraft",
        "settings_id": "s1", "score": 0.5, "rank": 2,
    }  # fmt: skip


def test_a_label_without_a_time_is_of_now():
    before = datetime.now(UTC)
    assert before <= label(table(lead(1)), when=None).when <= datetime.now(UTC)


def test_a_time_without_a_zone_is_utc():
    assert label(table(lead(1)), when=datetime(2024, 3, 2)).when == datetime(2024, 3, 2, tzinfo=UTC)


@given(st.text(min_size=1, max_size=60), st.text(min_size=1, max_size=60))
@settings(max_examples=100, deadline=None)
def test_hostile_text_comes_back_as_it_was_and_is_one_line(tmp_path_factory, who, why):
    path = tmp_path_factory.mktemp("labels") / "l.jsonl"
    if not who.strip() or not why.strip():
        return
    one = label(table(lead(1)), who=who, why=why)
    append_label(path, one)
    append_label(path, one)
    assert path.read_bytes().count(b"\n") == 2
    assert path.read_bytes().isascii()
    assert read_labels(path).labels == (one, one)


@pytest.mark.parametrize(
    ("pair", "over", "said"),
    [
        (9, {}, "no lead with rank 9 among 1"),
        ("abc", {}, "no lead with pair_id 'abc'"),
        (1, {"verdict": "guilty"}, "there is no verdict 'guilty'; choose from transfer, innocent, unclear"),
        (1, {"verdict": "transfers"}, "Did you mean 'transfer'"),
        (1, {"who": " "}, "a label needs who"),
        (1, {"why": "\n"}, "a label needs why"),
        (1, {"why": "x" * (MAX_WHY + 1)}, "why has 10,001 characters"),
        (1, {"when": datetime.fromisoformat("0001-01-01T00:00:00+14:00")}, "when is 0001-01-01 .* no time in UTC"),
    ],
)
def test_what_cannot_be_labelled_is_said(pair, over, said):
    with pytest.raises(UsageError, match=said):
        label(table(lead(1)), pair, **over)


def test_a_torn_line_is_told_and_nothing_else_is_lost(tmp_path):
    path, one = tmp_path / "l.jsonl", label(table(lead(1)))
    append_label(path, one)
    whole = path.read_bytes()
    for cut in (1, 40, len(whole) - 1):
        path.write_bytes(whole + whole[:cut])
        found = read_labels(path)
        assert found.labels[0] == one
        if cut < len(whole) - 1:
            assert [number for number, _ in found.problems] == [2]
            assert "was its writing cut off" in found.problems[0][1]
        append_label(path, one)
        again = read_labels(path)
        assert again.labels[-1] == one
        assert len(again.labels) + len(again.problems) == 3


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c.pop("who"), "it has no who"),
        (lambda c: c.update(verdict="guilty"), "verdict is 'guilty', none of transfer"),
        (lambda c: c.update(when="2024-03-01T00:00:00"), "when is '2024-03-01T00:00:00', not a time with its zone"),
        (lambda c: c.update(when=5), "when is '5'"),
        (lambda c: c.update(partner_kind="ghost"), "partner_kind is 'ghost', none of vessel, unknown, port"),
        (lambda c: c.update(event_ids="e"), "event_ids is not a list"),
        (lambda c: c.update(rank=True), "rank is 'True'"),
        (lambda c: c.update(first_time="soon"), "Invalid isoformat"),
        (lambda c: c.update(when="0001-01-01T00:00:00+14:00"), "which is no time in UTC"),
    ],
)
def test_a_line_that_is_no_label_is_told(tmp_path, change, said):
    path, one = tmp_path / "l.jsonl", label(table(lead(1)))
    append_label(path, one)
    content = json.loads(path.read_text())
    change(content)
    path.write_text(path.read_text() + json.dumps(content) + "\n\n" + one.line())
    found = read_labels(path)
    assert found.labels == (one, one)
    assert len(found.problems) == 1
    assert found.problems[0][0] == 2
    assert said in found.problems[0][1]


@pytest.mark.parametrize("text", [b"x", b"[" * 50_000, b"\xff\xfe\x00", b"5", b'{"who": 1}'])
def test_other_files_are_no_labels(tmp_path, text):
    path = tmp_path / "l.jsonl"
    path.write_bytes(text)
    with pytest.raises(InputError, match="is no file of labels: line 1"):
        read_labels(path)


@pytest.mark.parametrize(
    "text", [b"PAR1\x00", b'{\n "schema": "x"\n}', b'{"type": "Feature", "pair_id": "1"}\n', b"a,b\n"]
)
def test_no_label_is_added_to_another_file(tmp_path, text):
    path = tmp_path / "other"
    path.write_bytes(text)
    with pytest.raises(UsageError, match="other is no file of labels"):
        append_label(path, label(table(lead(1))))
    assert path.read_bytes() == text


@pytest.mark.parametrize("text", [b"", b"\n", b"{", b'{"pair_id": "00', b'oops\n{"pair_id": "00'])
def test_a_label_is_added_after_a_torn_first_one(tmp_path, text):
    path, one = tmp_path / "l.jsonl", label(table(lead(1)))
    path.write_bytes(text)
    append_label(path, one)
    append_label(path, one)
    assert path.read_bytes().startswith(text)
    assert read_labels(path).labels == (one, one)


def test_a_label_with_its_fields_in_another_order_is_one(tmp_path):
    path, one = tmp_path / "l.jsonl", label(table(lead(1)))
    path.write_text(json.dumps(dict(reversed(json.loads(one.line()).items()))))
    append_label(path, one)
    assert read_labels(path).labels == (one, one)


def test_bytes_that_are_no_text_can_be_stored(tmp_path):
    path, one = tmp_path / "l.jsonl", label(table(lead(1)), who="A\udcff", why="\ud800")
    assert (one.who, one.why) == ("A\ufffd", "\ufffd")
    path.write_text(one.line().replace(r"\ufffd", r"\udcff"))
    assert read_labels(path).labels[0].why == "\ufffd"


def test_an_empty_file_has_no_labels_and_a_missing_one_is_said(tmp_path):
    (tmp_path / "l.jsonl").touch()
    assert read_labels(tmp_path / "l.jsonl").labels == ()
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read_labels(tmp_path / "none.jsonl")
    with pytest.raises(UsageError, match="cannot be written"):
        append_label(tmp_path / "no" / "l.jsonl", label(table(lead(1))))


WRITER = """
import sys
from tests.unit.score.test_labels import append_label, label, lead, table
for number in range(40):
    append_label(sys.argv[1], label(table(lead(1)), who=sys.argv[2], why="x" * 9000 + str(number)))
"""


def test_two_writers_do_not_mix(tmp_path):
    path = tmp_path / "l.jsonl"
    root = Path(__file__).parents[3]
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), name], cwd=root, env={**os.environ, "PYTHONPATH": str(root)}
        )
        for name in ("Ana", "Bo")
    ]
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0]
    found = read_labels(path)
    assert found.problems == ()
    assert sorted(one.who for one in found.labels) == ["Ana"] * 40 + ["Bo"] * 40
    for name in ("Ana", "Bo"):
        assert [int(one.why[9000:]) for one in found.labels if one.who == name] == list(range(40))


def test_threads_do_not_mix_either(tmp_path):
    path, one = tmp_path / "l.jsonl", label(table(lead(1)), why="y" * 9000)
    threads = [threading.Thread(target=lambda: [append_label(path, one) for _ in range(20)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read_labels(path) == type(read_labels(path))((one,) * 80)


# --- finding the lead again ------------------------------------------------------------------------------------------


def test_a_later_label_counts_and_the_earlier_stays():
    pairs = table(lead(1), lead(2, "c", "d"))
    some = [label(pairs, 1, "transfer"), label(pairs, 2, "unclear"), label(pairs, 1, "innocent", hour=1)]
    found = match_labels(some, pairs)
    assert found.row.tolist() == [0, 1, 0]
    assert found.counts.tolist() == [False, True, True]
    assert found.verdicts(some, 2).tolist() == [0, -1]
    # It is the time of the verdict that counts, and at the same time the place in the file.
    assert match_labels(some[::-1], pairs).verdicts(some[::-1], 2).tolist() == [0, -1]
    same = [label(pairs, 1, "innocent"), label(pairs, 1, "transfer")]
    assert match_labels(same, pairs).verdicts(same, 2).tolist() == [1, -1]


def test_new_ids_do_not_lose_a_label():
    one = label(table(lead(1)), 1)
    moved = lead(7, hour=2.0, event_ids=["x"])
    swapped = lead(8, "b", "a", partner_id="a", hour=1.0)
    assert match_labels([one], table(lead(3, "c", "d"), moved)).row.tolist() == [1]
    assert match_labels([one], table(swapped)).row.tolist() == [0]
    # The one that shares most time.
    assert match_labels([one], table(moved, swapped)).row.tolist() == [1]


def test_the_same_vessels_at_another_time_are_another_lead():
    one = label(table(lead(1)), 1)
    found = match_labels([one], table(lead(1, hour=100.0)))
    assert found.row.tolist() == [-1]
    assert found.why_not == ("the same vessels are a lead, but at another time",)
    assert match_labels([one], table(lead(3, "c", "d"), lead(2, "e", "f"))).row.tolist() == [-1]
    other = match_labels([one], table(lead(4, "c", "d")))
    assert other.why_not == ("no lead has these vessels",)


def test_unknown_partners_and_ports_are_found_by_vessel_and_time():
    unknown = lead(1, "a", None, partner_kind="unknown", partner_id="e1")
    port = lead(2, "a", None, partner_kind="port", partner_id="p1")
    other_port = lead(3, "a", None, partner_kind="port", partner_id="p2")
    some = [label(table(unknown)), label(table(unknown, port), 2)]
    again = table(
        lead(11, "a", "b"), {**other_port, "pair_id": "x"}, {**port, "pair_id": "y"},
        {**unknown, "pair_id": "z", "partner_id": "e9"},
    )  # fmt: skip
    assert match_labels(some, again).row.tolist() == [3, 2]


def test_a_verdict_on_a_delivery_stays_when_another_port_becomes_the_strongest():
    """Such a lead is one of a vessel and a country; which port it names changes with weights and data."""

    def delivery(rank: int, port: str, **over: Any) -> Any:
        return lead(rank, "a", None, partner_kind="port", partner_id=port, **over)

    one = label(table(delivery(1, "kp_chongjin")))
    moved, elsewhere = delivery(2, "kp_rason"), delivery(3, "ru_slavyanka")
    assert match_labels([one], table(elsewhere, moved)).row.tolist() == [1]
    # The same vessel in another country is another lead.
    assert match_labels([one], table(elsewhere)).row.tolist() == [-1]
    # Ports of one's own do not say in their ids where they are: of all leads the one that shares most time.
    named = label(table(delivery(1, "Chongjin")))
    late = delivery(4, "Chongjin_East", hour=4.0)
    assert match_labels([named], table(late, delivery(5, "Rason", hour=1.0))).row.tolist() == [1]
    # Leads of its hull with others are no deliveries.
    assert match_labels([one], table(lead(6), lead(7, "a", None, partner_kind="unknown"))).row.tolist() == [-1]


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.sampled_from(["transfer", "innocent"])), max_size=12)
)
@settings(max_examples=60, deadline=None)
def test_the_order_of_labels_of_different_times_does_not_matter(rows):
    pairs = table(lead(1), lead(2, "c", "d"), lead(3, "e", "f"), lead(4, "g", "h"))
    some = [label(pairs, place + 1, verdict, hour=k + 10 * hour) for k, (place, hour, verdict) in enumerate(rows)]
    found = match_labels(some, pairs).verdicts(some, 4)
    assert np.array_equal(match_labels(some[::-1], pairs).verdicts(some[::-1], 4), found)


def test_nothing_to_match():
    assert match_labels([], PAIRS.empty()).verdicts([], 0).tolist() == []

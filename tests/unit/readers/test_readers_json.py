"""Items of JSON: wherever they stand they are found, one by one, and nothing in them breaks reading."""

from __future__ import annotations

import gzip
import json
import time
import tracemalloc

import pytest

from stsdetect.errors import InputError, UsageError
from stsdetect.readers import QuestionError, raw_lines
from stsdetect.readers.json_items import MAX_ITEM, _shapes, chunks, shapes
from stsdetect.readers.recognition import layouts
from stsdetect.readers.source import Head, Source
from stsdetect.readers.streaming import stream
from tests.unit.readers.layouts.lib import adds_up, read_text, rows

ITEM = {
    "mmsi": 257000001,
    "msgtime": "2024-03-01T00:00:05Z",
    "latitude": 60.5,
    "longitude": 5.25,
    "name": "VIKING",
    "speedOverGround": 0.3,
    "navigationalStatus": 1,
}
PLAIN = json.dumps(ITEM)


def numbered(count):
    return [{**ITEM, "mmsi": 257000001 + i} for i in range(count)]


def with_token(name, token):
    """An item in which a value is written as this text."""
    return json.dumps({**ITEM, name: "@@"}).replace('"@@"', token)


def head(text, whole=True):
    return Head("x.json", text.encode() if isinstance(text, str) else text, whole)


WRAPPED = {
    "array": lambda items: json.dumps(items),
    "indented array": lambda items: json.dumps(items, indent=2),
    "wrapper": lambda items: json.dumps({"count": 3, "note": ["a", {"b": "]"}], "vessels": items, "after": {"x": [1]}}),
    "deep": lambda items: json.dumps({"data": {"vessels": {"pageInfo": {"end": None}, "nodes": items}}}),
    "with meta": lambda items: json.dumps([{"ERROR": False, "RECORDS": 3}, items]),
    "lines": lambda items: "\n".join(map(json.dumps, items)),
    "lines of Windows, blank ones": lambda items: "\r\n\r\n".join(map(json.dumps, items)) + "\r\n",
    "objects behind one another": lambda items: "".join(json.dumps(item, indent=1) for item in items),
    "objects on one line": lambda items: " ".join(map(json.dumps, items)),
    "pages behind one another": lambda items: "\n".join(json.dumps({"vessels": [item]}, indent=1) for item in items),
    "pages on lines": lambda items: "\n".join(json.dumps({"vessels": [item]}) for item in items),
    "arrays behind one another": lambda items: json.dumps(items[:1]) + json.dumps(items[1:]),
    "array of pages": lambda items: json.dumps([{"data": {"nodes": items[:2]}}, {"data": {"nodes": items[2:]}}]),
    "byte-order mark": lambda items: "\ufeff" + json.dumps(items),
    "comma at the end": lambda items: json.dumps(items)[:-1] + ",\n]\n",
}


@pytest.mark.parametrize("write", WRAPPED.values(), ids=WRAPPED)
def test_items_are_found_wherever_they_stand(tmp_path, write):
    result = read_text(tmp_path, write(numbered(3)), "input.json")
    assert result.files[0].layout == "barentswatch"
    assert [row["mmsi"] for row in rows(result)] == [257000001, 257000002, 257000003]
    assert not result.rejects.num_rows
    adds_up(result)


@pytest.mark.parametrize("pack", [lambda data: gzip.compress(data), lambda data: data.decode().encode("utf-16")])
def test_packed_and_utf_16(tmp_path, pack):
    result = read_text(tmp_path, pack(json.dumps(numbered(3)).encode()), "input.json")
    assert result.positions.num_rows == 3


@pytest.mark.parametrize("write", [WRAPPED["array"], WRAPPED["lines"], WRAPPED["deep"]])
def test_many_items_cross_the_pieces_in_which_text_is_read(tmp_path, write):
    items = [{**ITEM, "mmsi": 200000000 + i, "name": "é" * (i % 7)} for i in range(30_000)]
    result = read_text(tmp_path, write(items), "input.json")
    assert result.positions["mmsi"].to_pylist() == [item["mmsi"] for item in items]
    assert result.positions["source_row"].to_pylist() == list(range(1, 30_001))
    assert result.positions["name"].to_pylist() == [item["name"] or None for item in items]


def test_rows_of_lines_are_line_numbers_and_of_documents_item_numbers(tmp_path):
    text = PLAIN + "\n\n" + PLAIN + "\n"
    assert [row["source_row"] for row in rows(read_text(tmp_path, text))] == [1, 3]
    text = "\n\r\n" + PLAIN + "\r\n\r\n  \n\n" + PLAIN
    assert [row["source_row"] for row in rows(read_text(tmp_path, text))] == [3, 7]
    text = "[\n" + PLAIN + ",\n\n" + PLAIN + "\n]"
    assert [row["source_row"] for row in rows(read_text(tmp_path, text))] == [1, 2]


BAD_LINES = {
    "cut short": PLAIN[:50],
    "two values": PLAIN + PLAIN,
    "no JSON": "connection lost",
    "an array": "[1, 2]",
    "a number": "12",
    "NUL": "\x00\x00",
    "deep": "[" * 200_000,
    "deep and closed": "[" * 200_000 + "]" * 200_000,
    "long": '{"name": "' + "x" * MAX_ITEM + '"}',
    "half an escape": '{"name": "\\u12"}',
}


@pytest.mark.parametrize("line", BAD_LINES.values(), ids=BAD_LINES)
def test_a_broken_line_is_rejected_and_the_rest_is_read(tmp_path, line):
    result = read_text(tmp_path, f"{PLAIN}\n{PLAIN}\n{line}\n{PLAIN}\n", "input.jsonl")
    assert result.files[0].rejected == {"bad_json": 1}
    (reject,) = result.rejects.to_pylist()
    assert reject["source_row"] == 3
    assert reject["detail"]
    assert len(reject["text"]) <= 500
    assert [row["source_row"] for row in rows(result)] == [1, 2, 4]
    adds_up(result)


DAMAGE = {
    "cut in an item": json.dumps(numbered(3))[:-20],
    "cut behind an item": "[" + PLAIN + "," + PLAIN,
    "cut behind a comma": "[" + PLAIN + "," + PLAIN + ",",
    "no comma": "[" + PLAIN + "," + PLAIN + PLAIN + "]",
    "no value": "[" + PLAIN + "," + PLAIN + ",,]",
    "wrong end": "[" + PLAIN + "," + PLAIN + "}",
    "deep": "[" + PLAIN + "," + PLAIN + "," + "[" * 200_000,
    "large": "[" + PLAIN + "," + PLAIN + ', {"name": "' + "x" * 3 * MAX_ITEM + '"}]',
    "text behind it": "[" + PLAIN + "," + PLAIN + "] and so on",
    "wrapper": '{"data": [' + PLAIN + "," + PLAIN,
    "wrapper without colon": '{"data": [' + PLAIN + "," + PLAIN + '], "more" 1}',
}


@pytest.mark.parametrize("text", DAMAGE.values(), ids=DAMAGE)
def test_of_a_broken_document_what_came_before_is_kept(tmp_path, text):
    result = read_text(tmp_path, text, "input.json")
    assert result.files[0].rejected == {"damaged_file": 1}
    assert [row["source_row"] for row in rows(result)] == [1, 2]
    (reject,) = result.rejects.to_pylist()
    assert reject["source_row"] == 3
    assert "behind item 2" in reject["detail"]
    adds_up(result)


def test_an_item_that_is_no_object_is_rejected(tmp_path):
    result = read_text(tmp_path, json.dumps([ITEM, None, [1], "x", 5, True, ITEM]), "input.json")
    assert result.files[0].rejected == {"bad_json": 5}
    assert [row["source_row"] for row in rows(result)] == [1, 7]
    adds_up(result)


HUGE = "9" * 5000
#: Value written in the file, what becomes of the row if it is the latitude, the vessel or the time.
TOKENS = [
    "NaN",
    "Infinity",
    "-Infinity",
    "1e999",
    HUGE,
    "true",
    "[60.5]",
    '{"a": 1}',
    '"\\ud800"',
    '"6\\u00000"',
    '"x"',
]


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize(
    ("name", "reason"), [("latitude", "bad_position"), ("mmsi", "bad_mmsi"), ("msgtime", "bad_time")]
)
def test_a_value_of_the_wrong_kind_rejects_its_row(tmp_path, token, name, reason):
    text = f"[{PLAIN}, {with_token(name, token)}, {PLAIN}]"
    result = read_text(tmp_path, text, "input.json")
    assert result.files[0].rejected == {reason: 1}
    assert [row["source_row"] for row in rows(result)] == [1, 3]
    adds_up(result)


@pytest.mark.parametrize("token", TOKENS)
def test_an_optional_value_of_the_wrong_kind_is_left_empty_and_counted(tmp_path, token):
    text = f"{PLAIN}\n{with_token('speedOverGround', token)}\n{with_token('navigationalStatus', token)}\n"
    result = read_text(tmp_path, text, "input.json")
    assert [(row["sog_kn"], row["nav_status"]) for row in rows(result)] == [(0.3, 1), (None, 1), (0.3, None)]
    notes = "; ".join(result.files[0].notes)
    assert "sog_kn: 1 unreadable" in notes
    assert "nav_status: 1 unreadable" in notes


@pytest.mark.parametrize("token", ["true", "[1]", '{"a": "b"}'])
def test_a_name_that_is_no_word_is_left_empty_and_counted(tmp_path, token):
    result = read_text(tmp_path, f"[{PLAIN}, {with_token('name', token)}]", "input.json")
    assert [row["name"] for row in rows(result)] == ["VIKING", None]
    assert "name: 1 unreadable values left empty" in result.files[0].notes


def test_numbers_as_texts_and_names_as_numbers(tmp_path):
    odd = {**ITEM, "latitude": "60.5", "mmsi": "257000001", "name": 407}
    first, second = rows(read_text(tmp_path, json.dumps([odd, ITEM]), "input.json"))
    assert (first["lat_deg"], first["mmsi"], first["name"]) == (60.5, 257000001, "407")
    assert second["name"] == "VIKING"


def test_of_a_key_written_twice_the_last_counts(tmp_path):
    text = PLAIN[:-1] + ', "mmsi": 257000009}'
    (row,) = rows(read_text(tmp_path, text, "input.json"))
    assert row["mmsi"] == 257000009


def test_an_array_written_twice_is_read_twice(tmp_path):
    text = f'{{"data": [{PLAIN}], "data": [{PLAIN}]}}'
    assert read_text(tmp_path, text, "input.json").positions.num_rows == 2


@pytest.mark.parametrize("wrap", ["{}\n{}\n", "[{}, {}]"])
def test_odd_texts_can_be_stored(tmp_path, wrap):
    odd = PLAIN.encode().replace(b"VIKING", b"B\xc5T \\ud83d\\udea2 \\ud800 \xe6\xb5\xb7")
    bad = odd.replace(b"60.5", b'"\xff\\udfff"')
    parts = wrap.encode().split(b"{}")
    result = read_text(tmp_path, parts[0] + odd + parts[1] + bad + parts[2], "input.json")
    (row,) = rows(result)
    assert row["name"] == "BÅT \N{SHIP} \ufffd 海"
    (reject,) = result.rejects.to_pylist()
    assert reject["detail"] == "lat ÿ\ufffd"


def test_a_large_value_beside_the_items_is_passed_over(tmp_path):
    beside = [{"id": i, "text": "x" * 100} for i in range(20_000)]  # more than MAX_ITEM
    text = json.dumps({"data": numbered(3), "more": beside, "other": dict.fromkeys(map(str, range(200_000)), 1)})
    assert read_text(tmp_path, text, "input.json").positions.num_rows == 3


def test_items_of_a_head_that_is_cut(tmp_path):
    text = '{"type": "x", "data": {"nodes": [' + PLAIN + ", " + PLAIN[:70]
    found = shapes(head(text, whole=False))
    assert ("data", "nodes", None) in [shape.path for shape in found]
    shape = next(shape for shape in found if shape.path == ("data", "nodes", None))
    assert shape.samples[0] == ITEM
    for cut in range(1, len(text), 3):
        _shapes(head(text[:cut], whole=False))


@pytest.mark.parametrize(
    "text",
    [
        "{" + '"' + '\\"' * 100_000,
        '{"a":' * 40_000,
        "[" * 260_000 + "{",
        '[{"a":[' + "[]," * 80_000,
        "{" + ",".join(f'"{i}":[{{}}]' for i in range(20_000)),
        "{" * 260_000,
        '{"' + "\\" * 259_999,
    ],
)
def test_no_head_takes_long_to_look_at(text):
    begin = time.process_time()
    shapes(head(text, whole=False))
    assert time.process_time() - begin < 5  # with a square of the length it would be minutes


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "12", "[]", "[1, 2]", "not {json", "PAR1{"])
def test_what_is_no_items_has_no_place(text):
    assert all(not any(type(item) is dict for item in shape.samples) for shape in shapes(head(text)))


def one_source(tmp_path, text):
    path = tmp_path / "input.json"
    path.write_text(text)
    return Source(str(path), None, len(text), str(path), True)


@pytest.mark.parametrize("size", [10, 5_000, 500_000])
def test_no_more_than_a_chunk_is_in_memory(tmp_path, size):
    count = 30_000_000 // (size + 200)
    item = json.dumps({**ITEM, "note": "x" * size})
    source = one_source(tmp_path, '{"data": [' + ",".join([item] * count) + "]}")
    (shape,) = (shape for shape in shapes(source.head()) if shape.path == ("data", None))
    sizes = [len(chunk.items) for chunk in chunks(source, shape)]
    assert sum(sizes) == count
    assert max(sizes) <= 20_000
    assert max(sizes) * len(item) < 5_000_000


def test_memory_for_items_of_many_small_values_is_bounded(tmp_path):
    many = '{"a": [' + ",".join(["[]"] * 250_000) + "]}"
    source = one_source(tmp_path, "[" + PLAIN + "," + ",".join([many] * 8) + "]")
    tracemalloc.start()
    with stream(source.path) as blocks:
        assert sum(block.num_rows for block in blocks) == 1
    top = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert top < 250e6


def test_a_document_that_is_damaged_before_its_first_item_is_an_error(tmp_path):
    with pytest.raises(InputError):
        read_text(tmp_path, '{"data": [', "input.json")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"type": "FeatureCollection", "features": []}', "JSON in no layout .*type"),
        ("[{}]", "JSON without any item"),
        ('{"features": []}', "JSON without any item"),
    ],
)
def test_json_without_items_says_so(tmp_path, text, words):
    with pytest.raises(InputError, match=words):
        read_text(tmp_path, text, "empty.json")


OTHER = {"id": "7", "pos": {"at": "2024-03-01T00:00:05Z", "point": [5.25, 60.5]}, "ship": {"mmsi": 257000001, "v": 2}}
MAP = {"time": "pos.at", "lat": "pos.point.1", "lon": "pos.point.0", "mmsi": "ship.mmsi", "sog": "ship.v"}


@pytest.mark.parametrize("write", [WRAPPED["array"], WRAPPED["lines"], WRAPPED["deep"]])
def test_other_json_is_read_through_a_map(tmp_path, write):
    bad = {**OTHER, "ship": None}
    result = read_text(tmp_path, write([OTHER, bad]), "other.json", columns=MAP, speed_unit="m/s")
    assert result.files[0].layout == "table"
    (row,) = rows(result)
    assert (row["lat_deg"], row["lon_deg"], row["mmsi"]) == (60.5, 5.25, 257000001)
    assert row["sog_kn"] == pytest.approx(2 * 3600 / 1852)
    assert result.files[0].rejected == {"missing_vessel": 1}
    adds_up(result)


def test_times_of_mapped_json_are_settled_as_those_of_tables(tmp_path):
    def item(time):
        return {**OTHER, "pos": {**OTHER["pos"], "at": time}}

    with pytest.raises(QuestionError, match="3 April or 4 March"):
        read_text(tmp_path, json.dumps([item("03/04/2021 10:00:00")]), "other.json", columns=MAP)
    text = json.dumps([item("03/04/2021 10:00:00"), item("13/04/2021 10:00:00")])
    result = read_text(tmp_path, text, "other.json", columns=MAP, utc_offset_h=2)
    assert [row["time"].isoformat()[:13] for row in rows(result)] == ["2021-04-03T08", "2021-04-13T08"]
    assert "times have no zone; read as 2 h ahead of UTC" in result.files[0].notes
    epochs = read_text(tmp_path, json.dumps([item(1709251205000)]), "other.json", columns=MAP)
    assert rows(epochs)[0]["time"].isoformat() == "2024-03-01T00:00:05+00:00"


def test_unknown_json_is_answered_with_a_map_to_paste(tmp_path):
    with pytest.raises(InputError, match="JSON in no layout") as caught:
        read_text(tmp_path, json.dumps({"data": [OTHER]}), "other.json")
    assert "pos.at" in str(caught.value)
    assert "--map mmsi=ship.mmsi" in str(caught.value)


def test_a_name_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"no column 'pos.att' .*pos\.at"):
        read_text(tmp_path, json.dumps([OTHER]), "other.json", columns={**MAP, "time": "pos.att"})


def test_no_layout_is_listed_twice():
    names = [layout.name for layout in layouts()]
    assert sorted(names) == sorted(set(names))


def test_names_with_dots_in_them_and_numbers_as_names(tmp_path):
    flat = {"pos.at": "2024-03-01T00:00:05Z", "point": {"0": 5.25, "1": 60.5}, "ship.mmsi": 257000001}
    names = {"time": "pos.at", "lat": "point.1", "lon": "point.0", "mmsi": "ship.mmsi"}
    (row,) = rows(read_text(tmp_path, json.dumps([flat]), "other.json", columns=names))
    assert (row["lat_deg"], row["lon_deg"], row["mmsi"]) == (60.5, 5.25, 257000001)


@pytest.mark.parametrize("depth", range(850, 1000, 10))
def test_a_deep_value_is_rejected_or_breaks_off_and_breaks_nothing(tmp_path, depth):
    text = f"{PLAIN}\n{with_token('latitude', '[' * depth + ']' * depth)}\n{PLAIN}\n"
    result = read_text(tmp_path, text, "input.jsonl")
    assert sum(result.files[0].rejected.values()) == 1
    adds_up(result)


def test_names_of_any_kind_can_be_said(tmp_path):
    text = json.dumps([{"\ud800time": 1, "x" * 5000: 2, "lat": 3}])
    with pytest.raises(InputError) as caught:
        read_text(tmp_path, text, "other.json")
    assert len(str(caught.value).encode()) < 1000


@pytest.mark.parametrize("write", WRAPPED.values(), ids=WRAPPED)
def test_rows_lead_back_to_the_text_of_their_items(tmp_path, write):
    result = read_text(tmp_path, write(numbered(3)), "input.json")
    table = result.positions.to_pylist()
    found = raw_lines(table[0]["source_file"], [row["source_row"] for row in table], layout=result.files[0].layout)
    assert [json.loads(found[row["source_row"]])["mmsi"] for row in table] == [row["mmsi"] for row in table]


def test_a_row_that_is_not_there_cannot_be_quoted(tmp_path):
    result = read_text(tmp_path, json.dumps(numbered(3)), "input.json")
    with pytest.raises(InputError, match="no row 4"):
        raw_lines(str(tmp_path / "input.json"), [2, 4], layout=result.files[0].layout)


def test_a_mapped_name_may_come_in_later_items(tmp_path):
    items = [{"at": f"2024-03-01T00:{i:02d}:05Z", "y": 60.5, "x": 5.25, "who": 257000001} for i in range(50)]
    items[45]["static"] = {"name": "NEVA", "imo": 9074729}
    text = "\n".join(json.dumps(item) for item in items)
    columns = {"time": "at", "lat": "y", "lon": "x", "mmsi": "who", "name": "static.name"}
    result = read_text(tmp_path, text, "other.jsonl", columns=columns)
    assert [row["name"] for row in rows(result)] == [None] * 45 + ["NEVA"] + [None] * 4
    assert any("none of the first items has 'static.name'" in note for note in result.files[0].notes)


@pytest.mark.parametrize(
    ("wrong", "message"), [({"lat": "north"}, "no column 'north'"), ({"name": "whoo"}, r"Did you mean 'who'")]
)
def test_a_mapped_name_that_is_a_mistake_is_told(tmp_path, wrong, message):
    item = {"at": "2024-03-01T00:00:05Z", "y": 60.5, "x": 5.25, "who": 257000001}
    columns = {"time": "at", "lat": "y", "lon": "x", "mmsi": "who", **wrong}
    with pytest.raises(UsageError, match=message):
        read_text(tmp_path, json.dumps([item, item]), "other.json", columns=columns)


def test_times_without_a_zone_are_rejected_and_it_is_said_why(tmp_path):
    item = {"mmsi": 257000001, "msgtime": "2024-03-01T00:00:05", "latitude": 60.5, "longitude": 5.25}
    items = [item, item | {"msgtime": "2024-03-01T00:00:05+00:00"}, item | {"msgtime": "noon"}]
    (report,) = read_text(tmp_path, json.dumps(items), "live.json").files
    assert (report.rows_kept, report.rejected) == (1, {"bad_time": 2})
    (note,) = [note for note in report.notes if "without a zone" in note]
    assert note.endswith(": 1")

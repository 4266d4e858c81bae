"""Who is on a list does not depend on how the input is cut or ordered, nor on the room there is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import stsdetect as sts
from stsdetect.readers import write_positions
from tests.builders import boat, join
from tests.property.test_in_parts import little_room
from tests.property.test_rule_two import content

LISTS = Path(__file__).parents[1] / "unit" / "score" / "lists"


@pytest.fixture(scope="module")
def fleet() -> pa.Table:
    names = ["TESTAVIL", "TEST LEADER", "SAM TEST 1", "NUMBERLESS TEST", "TEST LEADERS", None]
    numbers = [9100011, np.nan, 9100023, 9100035, np.nan, 9100030]
    ships = [
        boat(
            538000001 + k, [(0, 300 * k, 0), (9, 300 * k + 900, 0)], every_s=600, name=names[k % 6], imo=numbers[k % 5]
        )
        for k in range(12)
    ]
    return join(*ships, boat(538000001, [(10, 0, 0), (12, 500, 0)], every_s=600, name="RENAMED", imo=9100047))


def results(source: object) -> list[bytes]:
    lists = [LISTS / "ofac" / "sdn.csv", sts.WatchListFile(LISTS / "vessels.json", date="2026-01-01")]
    found = sts.detect(source, watch_lists=lists, keep_fixes=False)
    assert found.watch_hits.num_rows > 5
    return content((found.watch_hits, found.pairs_table))


def test_the_same_bytes_however_it_is_cut(fleet, tmp_path):
    whole = results(fleet)
    rng = np.random.default_rng(5)
    assert results(fleet.take(pa.array(rng.permutation(fleet.num_rows)))) == whole
    with little_room(40, 0, 2):
        assert results(fleet) == whole
    for number, begin in enumerate(range(0, fleet.num_rows, 101)):
        write_positions(fleet.slice(begin, 101), tmp_path / f"{number}.parquet")
    assert results(tmp_path) == whole


def test_lists_that_are_read_already_give_the_same(fleet):
    lists = sts.read_watch_lists(
        [LISTS / "ofac" / "sdn.csv", sts.WatchListFile(LISTS / "vessels.json", date="2026-01-01")]
    )
    assert content((sts.detect(fleet, watch_lists=lists).watch_hits,)) == results(fleet)[:1]


def test_one_path_is_a_list_of_one(fleet):
    path = LISTS / "vessels.json"
    one, several = (sts.detect(fleet, watch_lists=given).watch_hits for given in (path, [path]))
    assert one.equals(several)

"""What is no file, and files that change while they are read."""

from __future__ import annotations

import gzip
import json
import os
import socket
import stat

import pytest

from tests.cli.conftest import HEADER, write_noaa
from tests.cli.test_hostile_input import HEAD, rows

posix = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs here")


def good(folder):
    path = folder / "good.csv"
    path.write_text(f"{HEAD}\n{rows(20)}")
    return path


@posix
@pytest.mark.parametrize("verb", ["inspect", "detect"])
def test_a_fifo_a_socket_and_a_device_are_refused_at_once(run, tmp_path, verb):
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(tmp_path / "socket"))
        for path in (tmp_path / "fifo", tmp_path / "socket", "/dev/zero"):
            done = run(verb, path, *(["--out", tmp_path / "out"] if verb == "detect" else []))
            assert done.code == 3
            assert f"{path} is not a regular file" in done.err


@posix
def test_in_a_folder_they_are_passed_over_by_name(run, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    good(folder)
    os.mkfifo(folder / "fifo")
    (folder / "dangling").symlink_to(folder / "nowhere")
    (folder / "itself").symlink_to(folder / "itself")
    (folder / "loop").symlink_to(folder)
    done = run("detect", folder, "--out", tmp_path / "out", "--no-page")
    assert done.code == 0, done.err
    run_file = json.loads((tmp_path / "out" / "run.json").read_text())
    reasons = {os.path.basename(one["path"]): one["reason"] for one in run_file["skipped"]}
    assert set(reasons) == {"fifo", "dangling", "itself", "loop"}
    assert "no regular file" in reasons["fifo"]
    assert "No such file" in reasons["dangling"]
    assert "links" in reasons["itself"]
    assert "folder behind a link" in reasons["loop"]
    assert run_file["rows"]["read"] == 20


def test_damage_in_a_folder_is_told_and_counted(run, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    good(folder)
    (folder / "cut.csv.gz").write_bytes(gzip.compress(b"MMSI,BaseDateTime,LAT,LON")[:10])
    (folder / "README.txt").write_text("no table\n")
    done = run("detect", folder, "--out", tmp_path / "out", "--no-page")
    assert done.code == 0, done.err
    assert "cut.csv.gz: nothing of it could be read: it is damaged or cut short" in " ".join(done.err.split())
    run_file = json.loads((tmp_path / "out" / "run.json").read_text())
    assert [os.path.basename(one["path"]) for one in run_file["skipped"]] == ["README.txt"]
    assert run_file["rows"]["rejected"] == {"damaged_file": 1}
    assert (run_file["rows"]["read"], run_file["rows"]["kept"]) == (21, 20)
    assert {one["layout"] for one in run_file["inputs"]} == {"", "noaa_2015_2024"}
    done = run("detect", folder, "--out", tmp_path / "strict", "--no-page", "--max-reject-share", "0")
    assert done.code == 4
    assert "damaged_file 1" in done.err
    done = run("inspect", "--rejects", folder)
    assert "cut.csv.gz is damaged or cut short" in " ".join(done.out.split())


def test_links_to_nothing_say_so(run, tmp_path):
    (tmp_path / "gone.csv").symlink_to(tmp_path / "nowhere")
    done = run("inspect", tmp_path / "gone.csv")
    assert done.code == 3
    assert "is a link to" in done.err


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="everything may be read by root")
def test_what_may_not_be_read(run, tmp_path):
    path = good(tmp_path)
    path.chmod(0)
    done = run("inspect", path)
    assert done.code == 3
    assert "Permission denied" in done.err
    path.chmod(stat.S_IRUSR)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    found = json.loads(run("inspect", "--json", tmp_path).out)
    assert any("cannot be listed" in str(one["notes"]) for one in found)


@pytest.fixture
def while_read(monkeypatch):
    """Do something to a file between the look at its beginning and the reading of the rest."""

    def arrange(action):
        from stsdetect.readers import streaming

        before = streaming.recognise

        def recognise(head, settings):
            layout = before(head, settings)
            action()
            return layout

        monkeypatch.setattr(streaming, "recognise", recognise)

    return arrange


def inspected(run, path):
    done = run("inspect", "--json", path)
    assert done.code == 0, done.err
    (found,) = json.loads(done.out)
    assert found["rows_read"] == found["rows_kept"] + sum(found["rejected"].values())
    return found


def test_a_file_that_grows(run, tmp_path, while_read):
    path = good(tmp_path)
    whole = path.stat().st_size
    with path.open("a") as file:
        file.write("412000001,2024-03-01T05:00:00,38.5,1,0.1,HA")  # written by halves

    def grow():
        with path.open("a") as file:
            file.write(f"LF\n{rows(500)}")

    while_read(grow)
    found = inspected(run, path)
    assert (found["rows_read"], found["rows_kept"]) == (20, 20)
    assert any(
        note.startswith(f"the file grew while it was read: read to byte {whole + 43:,}") for note in found["notes"]
    )


def test_a_file_that_shrinks(run, tmp_path, while_read):
    path = tmp_path / "in.csv"
    path.write_text(f"{HEAD}\n{rows(40_000)}")
    while_read(lambda: os.truncate(path, 1_000_000))
    found = inspected(run, path)
    assert 0 < found["rows_kept"] < 40_000
    assert "the file became shorter while it was read; read it again" in found["notes"]


def test_a_file_that_vanishes_is_read_to_its_end_or_refused(run, tmp_path, while_read):
    path = good(tmp_path)
    while_read(lambda: path.unlink(missing_ok=True))
    done = run("inspect", path)
    assert done.code == 3
    assert f"{path} cannot be read: No such file" in done.err


def test_a_file_replaced_by_another(run, tmp_path, while_read):
    path, other = good(tmp_path), write_noaa(tmp_path / "other", ["x"])
    assert HEADER != HEAD
    while_read(lambda: other.exists() and os.replace(other, path))
    done = run("inspect", path)
    assert done.code == 3
    assert "was replaced by another file while it was read" in done.err


def test_a_file_written_over(run, tmp_path, while_read):
    path = good(tmp_path)

    def write():
        path.write_text(path.read_text().replace("38.5", "39.5"))
        os.utime(path, (1, 1))

    while_read(write)
    assert "the file was written to while it was read; read it again" in inspected(run, path)["notes"]

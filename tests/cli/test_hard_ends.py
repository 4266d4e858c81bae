"""Nothing to find, nothing to read, wrong use, interruption: exit code and message of each."""

from __future__ import annotations

import errno
import json
import os
import shlex
import signal
import subprocess
import sys
import textwrap

import pyarrow.parquet as pq
import pytest

from stsdetect.schema import EVENTS, PAIRS
from tests.cli.conftest import START, meeting, names, row, vessel, write_noaa


def assert_empty(out):
    for name, schema in (("events", EVENTS), ("pairs", PAIRS)):
        table = pq.read_table(out / f"{name}.parquet")
        assert table.num_rows == 0
        assert table.column_names == schema.names
    assert "Ship-to-ship" in (out / "report.html").read_text(encoding="utf-8")


def test_empty_input_with_a_header_is_done_with_empty_tables(run, tmp_path):
    done = run("detect", write_noaa(tmp_path / "in.csv", []), "--out", tmp_path / "out")
    assert done.code == 0, done.err
    assert "no rows to work on; the result is empty" in done.err
    assert "0 rows read" in done.out
    assert_empty(tmp_path / "out")


def test_a_file_without_a_byte_is_unreadable(run, tmp_path):
    (tmp_path / "in.csv").write_bytes(b"")
    done = run("detect", tmp_path / "in.csv", "--out", tmp_path / "out")
    assert done.code == 3
    assert "in.csv is empty" in done.err
    assert not (tmp_path / "out").exists()


def test_one_vessel(run, tmp_path):
    done = run("detect", write_noaa(tmp_path / "in.csv", vessel(412000001, 31, 124.5)), "--out", tmp_path / "out")
    assert done.code == 0, done.err
    kinds = pq.read_table(tmp_path / "out" / "events.parquet").column("kind").to_pylist()
    assert kinds == ["identity", "loitering"]  # the IMO number made up here fails its own check
    assert "pairs: 0" in done.out


def test_one_fix(run, tmp_path):
    done = run("detect", write_noaa(tmp_path / "in.csv", [row(412000001, START, 31, 124)]), "--out", tmp_path / "out")
    assert done.code == 0, done.err
    assert "1 row read, 1 kept; 1 vessel\n" in done.out
    events = pq.read_table(tmp_path / "out" / "events.parquet").to_pylist()
    assert [(event["kind"], event["subtype"]) for event in events] == [("identity", "imo_checksum")]
    assert pq.read_table(tmp_path / "out" / "pairs.parquet").num_rows == 0


def test_rows_without_a_place_only(run, tmp_path):
    done = run("detect", write_noaa(tmp_path / "in.csv", [row(412000001, START, 91, 181)]), "--out", tmp_path / "out")
    assert done.code == 0, done.err
    assert json.loads((tmp_path / "out" / "run.json").read_text())["quality"] == {"no_position": 1}
    assert_empty(tmp_path / "out")


def test_all_rows_rejected_is_written_and_ends_with_4(run, tmp_path):
    rows = [row(412000001, "yesterday", 31, 124), row(412000001, "31/31/2024", 31, 124)]
    done = run("detect", write_noaa(tmp_path / "in.csv", rows), "--out", tmp_path / "out")
    assert done.code == 4
    assert "2 of 2 rows were rejected (bad_time 2), more than the 50% allowed by read.max_reject_share" in done.err
    assert "rejects.parquet" in done.err
    assert pq.read_table(tmp_path / "out" / "rejects.parquet").num_rows == 2
    assert_empty(tmp_path / "out")


def test_too_many_rejects_can_be_allowed(run, tmp_path):
    rows = [row(412000001, "yesterday", 31, 124)]
    path = write_noaa(tmp_path / "in.csv", rows)
    assert run("detect", path, "--out", tmp_path / "out", "--no-page", "--max-reject-share", "1").code == 0


def test_a_folder_without_ais(run, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"\xff\xd8\xff\x00" * 50)
    (tmp_path / "photos" / "todo.txt").write_text("buy milk\n")
    done = run("detect", tmp_path / "photos", "--out", tmp_path / "out")
    assert done.code == 3
    assert "no AIS found" in done.err
    assert "2 files looked at" in done.err
    assert not (tmp_path / "out").exists()


def test_an_empty_folder(run, tmp_path):
    (tmp_path / "none").mkdir()
    done = run("detect", tmp_path / "none", "--out", tmp_path / "out")
    assert done.code == 3
    assert "holds no files" in done.err


def test_an_input_that_is_not_there(run, tmp_path):
    done = run("detect", tmp_path / "typo.csv", "--out", tmp_path / "out")
    assert done.code == 3
    assert "typo.csv does not exist" in done.err
    assert not (tmp_path / "out").exists()


def test_an_unwritable_output_is_found_before_the_work(run, export, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr("stsdetect.pipeline.job.stream", lambda *a, **k: pytest.fail("the work has begun"))
    done = run("detect", export, "--out", tmp_path / "file" / "out")
    assert done.code == 2
    assert "cannot write to the output folder" in done.err
    assert "file is a file" in done.err
    assert "Choose another folder with --out" in done.err
    assert (tmp_path / "file").read_text() == "in the way"


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_closed_folder(run, export, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    assert run("detect", export, "--out", closed).code == 2


def test_a_folder_in_the_place_of_a_file(run, export, tmp_path):
    (tmp_path / "out" / "events.parquet").mkdir(parents=True)
    done = run("detect", export, "--out", tmp_path / "out")
    assert done.code == 2
    assert "is a folder where a file must go" in done.err


def test_an_output_folder_that_holds_inputs_is_refused(run, export):
    for source in (export, export / "a.csv", f"{export}/*.csv"):
        done = run("detect", source, "--out", export)
        assert done.code == 2
        assert "holds the input" in done.err
    write_noaa(export / "deep" / "b.csv", meeting())
    done = run("detect", export, "--out", export / "deep")
    assert done.code == 2
    assert "b.csv" in done.err
    assert names(export) == ["a.csv", "deep"]
    assert names(export / "deep") == ["b.csv"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--set", "encounters.max_distnce_m=300"], "Did you mean 'encounters.max_distance_m'"),
        (["--set", "max_distance_m=300"], "Did you mean 'encounters.max_distance_m'"),
        (["--set", "encounter.max_distance_m=300"], "Did you mean"),
        (["--set", "encounters.max_distance_m=far"], "'encounters.max_distance_m' cannot be 'far'"),
        (["--set", "encounters.max_distance_m=NaN"], "'encounters.max_distance_m' cannot be nan"),
        (["--set", "encounters.min_duration_s=soon"], "is not a duration"),
        (["--set", "encounters"], "NAME=VALUE"),
        (["--set", "encounters=3"], "encounters"),
        (["--set", "score.weights.hul_gap=1"], "Did you mean 'hull_gap'"),
        (["--map", "lat"], "NAME=VALUE"),
        (["--bbox", "1,2,3"], "must be four numbers"),
        (["--bbox", "120,40,130,30"], "latitudes rising"),
        (["--bbox", "300,30,310,40"], "within -180..180"),
        (["--since", "last week"], "since is 'last week'"),
        (["--since", "2024-03-02", "--until", "2024-03-01"], "must come before"),
        (["--format", "shp"], "there is no format 'shp'"),
        (["--format", "geojsn"], "Did you mean 'geojson'"),
        (["--workers", "0"], "run.workers"),
        (["--worker", "2"], "Did you mean '--workers'"),
        (["--zones", "nowhere.geojson"], "nowhere.geojson does not exist"),
        (["--settings", "nowhere.toml"], "nowhere.toml cannot be read"),
    ],
)
def test_wrong_use(run, export, tmp_path, words, message):
    done = run("detect", export, "--out", tmp_path / "out", *words)
    assert done.code == (3 if "--zones" in words else 2)
    assert message in done.err
    assert done.out == ""
    assert "Traceback" not in done.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["detct"], "Did you mean 'detect'"),
        (["detect"], "Missing argument 'INPUT...'"),
        (["detect", "x"], "Missing option '--out'"),
        ([], "Usage: stsdetect"),
    ],
)
def test_wrong_words(run, words, message):
    done = run(*words)
    assert done.code == 2
    assert message in done.err
    assert done.out == ""


@pytest.mark.parametrize(
    "stage", ["archive.build_track_arrays", "archive.find_encounters", "job.annotate", "job.score_events"]
)
def test_an_interruption_leaves_the_earlier_run_untouched(run, export, tmp_path, monkeypatch, stage):
    out = tmp_path / "deep" / "out"

    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(f"stsdetect.pipeline.{stage}", interrupt)
    done = run("detect", export, "--out", out)
    assert done.code == 130
    assert "interrupted" in done.err
    assert not (tmp_path / "deep").exists()
    monkeypatch.undo()
    assert run("detect", export, "--out", out, "--no-page").code == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    monkeypatch.setattr(f"stsdetect.pipeline.{stage}", interrupt)
    assert run("detect", export, "--out", out).code == 130
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_in_the_middle_of_writing(export, tmp_path, name):
    program = f"""
        import os, signal, sys, time
        import stsdetect.report.gis as gis
        from stsdetect.cli import main
        write = gis.write_table
        def write_and_be_killed(table, path):
            write(table, path)
            os.kill(os.getpid(), signal.{name})
            time.sleep(60)
        gis.write_table = write_and_be_killed
        main(["detect", {str(export)!r}, "--out", {str(tmp_path / "out")!r}, "--no-page"])
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True, text=True, timeout=120, preexec_fn=_default_signals, check=False,
    )  # fmt: skip
    assert done.returncode == 130, done.stderr
    assert "interrupted; no half-written output is left" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def _default_signals():
    # A test started in the background of a shell would ignore SIGINT.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_a_failure_is_called_a_bug(run, export, tmp_path, monkeypatch):
    def fail(*args, **kwargs):
        raise ZeroDivisionError("inside")

    monkeypatch.setattr("stsdetect.pipeline.archive.find_encounters", fail)
    done = run("detect", export, "--out", tmp_path / "out")
    assert done.code == 1
    assert "which is a bug: ZeroDivisionError: inside" in done.err
    assert "report it" in done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / "out").exists()
    debug = run("detect", export, "--out", tmp_path / "out", "--debug")
    assert debug.code == 1
    assert "Traceback" in debug.err


def test_a_full_disk_while_writing(run, export, tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pyarrow.parquet.write_table", full)
    done = run("detect", export, "--out", tmp_path / "out")
    assert done.code == 2
    assert "No space left" in done.err
    assert not (tmp_path / "out").exists()


def test_a_reader_that_leaves_early_is_no_error(tmp_path):
    program = "from stsdetect.cli import main; main(['about', 'columns'])"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        _, err = process.communicate(timeout=60)
    assert "Traceback" not in err
    assert process.returncode == 0


def _command(*words, **how):
    program = f"from stsdetect.cli import main; main({[str(word) for word in words]!r})"
    return subprocess.run([sys.executable, "-c", program], timeout=120, check=False, **how)


@pytest.fixture
def named(run, tmp_path):
    """A run with a name, and a label with words, that Latin letters cannot write."""
    export = write_noaa(tmp_path / "in.csv", meeting("\u041b\u0415\u041d\u0410", "S\xc3O 1"))
    assert run("detect", export, "--out", tmp_path / "out", "--no-page", "-q").code == 0
    words = ("--verdict", "innocent", "--who", "\u0410\u043d\u043d\u0430", "--why", "s\xe3o")
    assert run("label", tmp_path / "out", "1", *words, "-q").code == 0
    return tmp_path / "out"


def test_output_that_is_not_utf_8_has_question_marks(named, tmp_path):
    latin = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    for words, said in (
        (("score", named, "--out", tmp_path / "again", "--no-page"), "S\xc3O 1"),
        (("label", named, "--list"), "s\xe3o"),
        (("label", named, "--list", "--csv"), "????"),
        (("chains", named), "no chain"),
    ):
        done = _command(*words, capture_output=True, env=latin)
        assert (done.returncode, done.stderr) == (0, b""), words
        assert said in done.stdout.decode("latin-1")
    done = _command("label", named, "--list", capture_output=True, env={**os.environ, "PYTHONIOENCODING": "utf-8"})
    assert "\u0410\u043d\u043d\u0430" in done.stdout.decode("utf-8")


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&- <&-"])
def test_a_job_without_streams_does_its_work(export, tmp_path, closed):
    """Some schedulers start jobs with standard output closed; what is opened next would get its number."""
    program = "import sys; from stsdetect.cli import main; main(sys.argv[1:])"
    for words in (("detect", export, "--out", tmp_path / "out"), ("about", "columns"), ("detect", tmp_path / "none")):
        line = " ".join(shlex.quote(str(word)) for word in (sys.executable, "-c", program, *words))
        done = subprocess.run(["sh", "-c", f"{line} {closed}"], capture_output=True, timeout=120, check=False)
        assert done.returncode == (0 if words[-1] != tmp_path / "none" else 2), done
        assert b"bug" not in done.stdout + done.stderr
    assert json.loads((tmp_path / "out" / "run.json").read_text())["files"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_output_that_finds_no_room(named, tmp_path):
    with open("/dev/full", "wb") as full:
        for words in (("chains", named, "--csv"), ("about", "columns"), ("--help",), ("label", named, "--list")):
            done = _command(*words, stdout=full, stderr=subprocess.PIPE)
            assert done.returncode == 2, words
            assert done.stderr == b"error: the output cannot be written: No space left on device; make room, or " \
                b"write elsewhere\n"  # fmt: skip
        done = _command("score", named, "--out", tmp_path / "again", "--no-page", stdout=full, stderr=subprocess.PIPE)
        assert done.returncode == 2
    assert (tmp_path / "again" / "run.json").exists()


@pytest.mark.parametrize(
    ("problem", "code", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), 2, "the output cannot be written: No space left"),
        (OSError(errno.EDQUOT, "Disk quota exceeded", "a\x1b.csv"), 2, "a.csv cannot be written: Disk quota exceeded"),
        (OSError(errno.EFBIG, "File too large"), 2, "the output cannot be written: File too large"),
        (OSError(errno.EIO, "Input/output error"), 2, "the output cannot be written: Input/output error"),
        (OSError(errno.EBADF, "Bad file descriptor"), 1, "which is a bug"),
    ],
)
def test_a_disk_that_takes_no_more_is_no_bug(run, tmp_path, monkeypatch, problem, code, said):
    def fail(*args, **kwargs):
        raise problem

    monkeypatch.setattr("stsdetect.pipeline.chained.chains_of", fail)
    monkeypatch.setattr("stsdetect.cli.options.settings_on_run", lambda *args, **kwargs: None)
    done = run("chains", tmp_path)
    assert done.code == code
    assert said in done.err


def test_meeting_is_a_meeting(run, tmp_path):
    """The rows that other tests here cut short do hold a pair."""
    done = run("detect", write_noaa(tmp_path / "in.csv", meeting()), "--out", tmp_path / "out", "--no-page")
    assert done.code == 0
    assert "pairs: 1" in done.out


def test_compiled_loops_without_numba(run, export, tmp_path, monkeypatch):
    """Who insists on them is told what to do; all else works without."""
    monkeypatch.setitem(sys.modules, "numba", None)
    monkeypatch.setattr("stsdetect.pipeline.job.stream", lambda *a, **k: pytest.fail("the work has begun"))
    done = run("detect", export, "--out", tmp_path / "out", "--set", "run.compiled=always")
    assert done.code == 2
    assert "run.compiled is 'always', but numba is not installed" in done.err
    assert "pip install 'stsdetect[fast]'" in done.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("wish", ["auto", "never"])
def test_a_large_input_without_numba(wish, run, export, tmp_path, monkeypatch):
    assert run("detect", export, "--out", tmp_path / "small", "--no-page").code == 0
    monkeypatch.setitem(sys.modules, "numba", None)
    monkeypatch.setattr("stsdetect.pipeline.loops.COMPILED_FROM_BYTES", 1)
    done = run("detect", export, "--out", tmp_path / "large", "--no-page", "--set", f"run.compiled={wish}")
    assert done.code == 0, done.err
    assert ("pip install 'stsdetect[fast]'" in done.err) == (wish == "auto")
    small, large = (pq.read_table(tmp_path / way / "events.parquet") for way in ("small", "large"))
    assert large.num_rows > 0
    assert large.equals(small)

"""Files appear whole or not at all."""

import os

import pytest

from stsdetect.errors import UsageError
from stsdetect.report.files import atomic_write


def left(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_a_written_file_takes_its_place_and_makes_its_folder(tmp_path):
    with atomic_write(tmp_path / "new" / "a.txt") as aside:
        aside.write_text("whole")
        assert not (tmp_path / "new" / "a.txt").exists()
    assert (tmp_path / "new" / "a.txt").read_text() == "whole"
    assert left(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("problem", [KeyboardInterrupt, RuntimeError, SystemExit])
def test_after_an_exception_the_old_file_stands_and_nothing_else(tmp_path, problem):
    (tmp_path / "a.gpkg").write_text("old")
    with pytest.raises(problem), atomic_write(tmp_path / "a.gpkg") as aside:  # noqa: PT012
        aside.write_text("half")
        aside.with_name(aside.name + "-journal").write_text("half")
        raise problem
    assert left(tmp_path) == ["a.gpkg"]
    assert (tmp_path / "a.gpkg").read_text() == "old"


def test_a_file_in_the_place_of_the_folder_is_a_usage_error(tmp_path):
    (tmp_path / "out").write_text("a file")
    with (
        pytest.raises(UsageError, match=r"cannot write .*a\.txt: .*Choose another"),
        atomic_write(tmp_path / "out" / "a.txt"),
    ):
        pass
    assert left(tmp_path) == ["out"]


def test_a_folder_in_the_place_of_the_file_is_a_usage_error(tmp_path):
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(UsageError, match="cannot write"), atomic_write(tmp_path / "a.txt") as aside:
        aside.write_text("whole")
    assert left(tmp_path) == []


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_closed_folder_is_a_usage_error(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(UsageError, match="Permission denied"), atomic_write(tmp_path / "a.txt"):
        pass


def test_a_writer_that_wrote_nothing_is_told(tmp_path):
    with pytest.raises(UsageError), atomic_write(tmp_path / "a.txt"):
        pass
    assert left(tmp_path) == []

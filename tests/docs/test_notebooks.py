"""The notebooks run, and what they show is what the code gives.

After a change that alters what they show, ``python tests/docs/test_notebooks.py`` runs them again in place.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MAX_BYTES = 400_000

#: Folders of a machine; a leading letter, ``~`` or dot would make it part of an address or of a relative path.
ABSOLUTE = re.compile(r"(?<![\w.~/])/(?:home|Users|root|tmp|var|work|opt|mnt|usr|private)\b|\b[A-Za-z]:\\\\?\w")

pytestmark = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def load(path: Path) -> Any:
    import nbformat

    return nbformat.read(path, as_version=4)


@cache
def execute(path: Path) -> Any:
    """Run a copy of a notebook beside a copy of the sample, in a home of its own; return it with its outputs."""
    with tempfile.TemporaryDirectory() as name:
        home, root = Path(name) / "home", Path(name) / "repository"
        shutil.copytree(ROOT / "sample_ais", root / "sample_ais")
        (root / "notebooks").mkdir()
        for data in (ROOT / "notebooks").glob("*.parquet"):
            shutil.copy(data, root / "notebooks")
        before = listing(root)
        # No kernel or start-up file of the user's may come in, and none may be left there.
        own = {"IPYTHONDIR": home, "JUPYTER_CONFIG_DIR": home, "JUPYTER_DATA_DIR": home, "JUPYTER_RUNTIME_DIR": home}
        own["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
        with patch.dict(os.environ, {key: str(value) for key, value in own.items()}):
            notebook = run(load(path), root / "notebooks")
        assert listing(root) == before, "the notebook left files behind"
    return notebook


def run(notebook: Any, folder: Path) -> Any:
    from nbclient import NotebookClient

    client = NotebookClient(
        notebook, kernel_name="python3", timeout=300, allow_errors=True, record_timing=False, coalesce_streams=True,
        resources={"metadata": {"path": str(folder)}},
    )  # fmt: skip
    client.execute()
    return tidy(notebook)


def listing(folder: Path) -> list[Path]:
    return sorted(item.relative_to(folder) for item in folder.rglob("*"))


def tidy(notebook: Any) -> Any:
    """Remove what differs between machines that run the same thing."""
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        cell.metadata = {}
    return notebook


def code_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def said(cell: Any, stream: str) -> str:
    return "".join(out.text for out in cell.outputs if out.output_type == "stream" and out.name == stream)


def text_of(out: Any) -> str:
    """All of an output that people read; no pictures."""
    if out.output_type == "stream":
        return str(out.text)
    return "\n".join(str(value) for kind, value in out.get("data", {}).items() if kind.startswith("text/"))


@pytest.mark.slow
def test_it_runs_without_error_or_warning(path):
    for number, cell in enumerate(code_cells(execute(path)), start=1):
        errors = [f"{out.ename}: {out.evalue}" for out in cell.outputs if out.output_type == "error"]
        assert not errors, f"code cell {number}: {errors}"
        assert "Warning" not in said(cell, "stderr"), f"code cell {number}"


@pytest.mark.slow
def test_what_it_prints_is_what_the_code_gives(path):
    shown, given = code_cells(load(path)), code_cells(execute(path))
    for number, (old, new) in enumerate(zip(shown, given, strict=True), start=1):
        assert said(old, "stdout") == said(new, "stdout"), (
            f"code cell {number} now prints something else; run `python tests/docs/test_notebooks.py`, and look at it"
        )
        assert [out.output_type for out in old.outputs] == [
            out.output_type for out in new.outputs if out.get("name") != "stderr"
        ], f"code cell {number}"


def test_it_is_committed_with_its_outputs(path):
    notebook = load(path)
    cells = code_cells(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [out for cell in cells for out in cell.outputs]
    assert outputs
    assert {out.output_type for out in outputs} <= {"stream", "display_data", "execute_result"}
    assert any("image/png" in out.get("data", {}) for out in outputs)
    assert not any(said(cell, "stderr") for cell in cells)
    assert path.stat().st_size < MAX_BYTES


def test_nothing_in_it_belongs_to_one_machine(path):
    notebook = load(path)
    texts = [cell.source for cell in notebook.cells]
    texts += [text_of(out) for cell in code_cells(notebook) for out in cell.outputs]
    for text in texts:
        assert not ABSOLUTE.search(text), text
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert notebook.metadata.kernelspec.name == "python3"
    assert notebook.metadata.language_info == {"name": "python"}
    assert not any(cell.metadata for cell in notebook.cells)


def test_figures_of_readme_are_those_it_prints(path):
    """README's tables of rare transfers are those of the notebook, row by row."""
    printed = "\n".join(said(cell, "stdout") for cell in code_cells(load(path)))
    rows = [line for line in printed.splitlines() if line.startswith("| ")]
    readme = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert (path.stem == "40_evaluation") == bool(rows)
    assert not [row for row in rows if row not in readme]


def test_it_says_that_its_vessels_are_simulated(path):
    text = " ".join(cell.source for cell in load(path).cells if cell.cell_type == "markdown")
    assert "simulated" in text
    assert "never verdicts" in text


def test_the_sample_is_found_from_the_root_too(path, monkeypatch):
    monkeypatch.chdir(ROOT)
    cell = next((cell for cell in code_cells(load(path)) if "sample_ais" in cell.source), None)
    if cell is None:
        assert "hand-made" in load(path).cells[0].source
        return
    names: dict[str, Any] = {}
    exec(compile(cell.source, path.name, "exec"), names)
    assert names["sample"] == Path("sample_ais")


def refresh() -> None:
    """Run every notebook and put its outputs in place."""
    import nbformat

    for path in NOTEBOOKS:
        notebook = execute(path)
        for cell in code_cells(notebook):
            cell.outputs = [out for out in cell.outputs if out.get("name") != "stderr"]
        nbformat.write(notebook, path)
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    refresh()

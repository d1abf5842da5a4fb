"""Every notebook runs from start to end without a network, a warning or an error, and holds narrative, no programs."""

import ast
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from traitlets.config import Config

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
LONGEST_FUNCTION, LONGEST_CELL, LONGEST_LINE = 5, 15, 120
# Seconds of one cell after which a kernel is given up for hanging.
GIVEN_UP = 600
# What a notebook keeps; anything else tells whose machine it was saved on.
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]  # it has no types


def code_of(path: Path) -> list[str]:
    return [cell.source for cell in read(path).cells if cell.cell_type == "code"]


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Config]:
    """Settings of a kernel that keeps its files in the test's folder, opens no port and finds no network."""
    # Built once for a machine, with a word to whoever waits for it; not in a notebook's output.
    import matplotlib.font_manager  # noqa: F401, PLC0415

    for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]))
    # The path of a socket has little room, and the folders of tests have long names.
    with TemporaryDirectory(prefix="tsk-") as short:
        yield Config({"KernelManager": {"transport": "ipc", "ip": str(Path(short) / "k")}})


def test_there_is_a_notebook_for_each_step() -> None:
    assert [path.stem for path in NOTEBOOKS] == [
        "01-look-at-the-data",
        "02-retrain",
        "03-thresholds-and-alert-budgets",
        "04-errors",
        "05-fairness",
        "06-active-learning",
        "07-bring-your-own",
    ]


@every_notebook
def test_notebook_is_valid_and_says_what_it_is(path: Path) -> None:
    book = read(path)
    nbformat.validate(book)
    assert book.metadata == METADATA
    assert re.match(rf"# {int(path.stem[:2])}\. \w", book.cells[0].source)
    assert len({cell.id for cell in book.cells}) == len(book.cells)


@every_notebook
def test_outputs_are_stripped(path: Path) -> None:
    cells = [cell for cell in read(path).cells if cell.cell_type == "code"]
    assert cells
    assert [cell.id for cell in cells if cell.outputs or cell.execution_count is not None or cell.metadata] == []


@every_notebook
def test_cells_are_short_and_define_next_to_nothing(path: Path) -> None:
    long_cells, long_lines, programs = [], [], []
    for source in code_of(path):
        long_cells += [source] if len(source.splitlines()) > LONGEST_CELL else []
        long_lines += [line for line in source.splitlines() if len(line) > LONGEST_LINE]
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ClassDef):
                programs.append(node.name)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                programs += [node.name] if lines > LONGEST_FUNCTION else []
    assert (long_cells, long_lines, programs) == ([], [], [])


@every_notebook
def test_narrative_leads(path: Path) -> None:
    """Never more than three cells of code without a word between them, and more words than lines of code."""
    kinds = "".join(cell.cell_type[0] for cell in read(path).cells)
    assert kinds.startswith("m")
    assert "cccc" not in kinds
    words = sum(len(cell.source.split()) for cell in read(path).cells if cell.cell_type == "markdown")
    assert words > sum(len(source.splitlines()) for source in code_of(path))


@every_notebook
def test_notebook_stands_on_what_is_in_the_repository(path: Path) -> None:
    imported = set()
    for source in code_of(path):
        assert "TELLSIGN_DATA" not in source
        assert "://" not in source
        assert not re.search(r"^[!%]", source, flags=re.MULTILINE), "a cell is Python, not a shell"
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add((node.module or "").split(".")[0])
    assert imported - set(sys.stdlib_module_names) <= {"classifier", "numpy", "pandas", "training"}


@pytest.mark.slow
@every_notebook
def test_notebook_runs_without_a_warning(path: Path, kernel: Config) -> None:
    book, place = read(path), {"metadata": {"path": str(path.parent)}}
    NotebookClient(book, config=kernel, kernel_name="python3", timeout=GIVEN_UP, resources=place).execute()
    outputs = [output for cell in book.cells for output in cell.get("outputs", [])]
    assert [output.text for output in outputs if output.get("name") == "stderr"] == []
    assert [output.traceback for output in outputs if output.output_type == "error"] == []
    # Each shows something to look at, and no figure is shown twice.
    pictures = [output.data["image/png"] for output in outputs if "image/png" in output.get("data", {})]
    assert pictures
    assert len(set(pictures)) == len(pictures)

"""`tellsign export` writes each format whole or not at all, and says what it left out."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from service.commands.exits import OneLineErrors
from service.commands.export import ABOUT, OpenReviewed, build_export_app
from service.review.exports import FORMATS
from service.review.reviewed import ReviewedDocument, ReviewedSource
from service.store.errors import StoreError
from tests.reviewed_documents import FakeSource, denial, disclosure, quiet

DOCUMENTS = (disclosure(), denial(), quiet())


def export(*arguments: str | Path, documents: tuple[ReviewedDocument, ...] = DOCUMENTS) -> Result:
    @contextmanager
    def open_reviewed() -> Iterator[ReviewedSource]:
        yield FakeSource(documents)

    return run(open_reviewed, *arguments)


def run(open_reviewed: OpenReviewed, *arguments: str | Path) -> Result:
    """Run `tellsign export` as it stands in the whole command line."""
    app = typer.Typer(cls=OneLineErrors)
    app.add_typer(build_export_app(open_reviewed), name="export")
    return CliRunner().invoke(app, ["export", *map(str, arguments)])


def test_every_format_has_a_command() -> None:
    assert set(ABOUT) == set(FORMATS)


@pytest.mark.parametrize("name", FORMATS)
def test_format_is_written_and_counted(name: str, tmp_path: Path) -> None:
    path = tmp_path / "out"
    result = export(name, "--output", path)
    assert result.exit_code == 0
    assert path.stat().st_size > 100
    assert f"3 documents written to {path}, names and numbers hidden" in result.stderr
    assert result.stdout == ""
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


def test_names_stay_hidden_unless_asked_for(tmp_path: Path) -> None:
    hidden, plain = tmp_path / "hidden", tmp_path / "plain"
    export("csv", "--output", hidden)
    export("csv", "--output", plain, "--unmasked")
    assert "Featherstone" not in hidden.read_text(encoding="utf-8")
    assert "Featherstone" in plain.read_text(encoding="utf-8")


def test_what_was_set_aside_is_said_and_changes_the_exit_code(tmp_path: Path) -> None:
    result = export("corpus", "--output", tmp_path / "out", documents=(quiet(), replace(denial(), text=None)))
    assert result.exit_code == 1
    assert "1 documents written" in result.stderr
    assert "doc-2 was set aside: its text was erased" in result.stderr


def test_since_leaves_out_what_was_decided_before(tmp_path: Path) -> None:
    path = tmp_path / "out"
    assert "0 documents written" in export("doccano", "--output", path, "--since", "2030-01-07T13:00:01").stderr
    assert "3 documents written" in export("doccano", "--output", path, "--since", "2030-01-07T13:00:00").stderr


def test_folder_that_is_missing_is_refused(tmp_path: Path) -> None:
    result = export("csv", "--output", tmp_path / "none" / "out")
    assert result.exit_code == 3


def test_store_that_cannot_be_opened_leaves_no_file(tmp_path: Path) -> None:
    def broken() -> FakeSource:
        raise StoreError("the database cannot be opened")

    @contextmanager
    def open_reviewed() -> Iterator[ReviewedSource]:
        yield broken()

    path = tmp_path / "out"
    result = run(open_reviewed, "csv", "--output", path)
    assert result.exit_code == 3
    assert list(tmp_path.iterdir()) == []

"""What `tellsign score --output` leaves beside the scores: repeated documents linked, clusters, a report, a sample."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner, Result

from service.cli import app
from tests.cli_fakes import ASSERTED, NOTHING, fake_ports

KEPT = "keep the rest of the words as they are and come back to the market"


def score(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["score", *arguments], obj=fake_ports())


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Forty documents of which four are distinct, letter for letter or in all but a name."""
    texts = [f"{ASSERTED} Ask for {'Asha' if number % 3 else 'Bela'}, {KEPT}." for number in range(20)]
    texts += [
        f"{NOTHING} I met {'Ciro' if number % 3 else 'Dara'}, {KEPT}, number {number + 50}." for number in range(20)
    ]
    lines = [orjson.dumps({"id": f"n-{number}", "text": text}) + b"\n" for number, text in enumerate(texts)]
    path = tmp_path / "in.jsonl"
    path.write_bytes(b"".join(lines))
    return path


def rows(path: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def test_repeated_documents_are_linked_and_every_one_has_its_line(source: Path, tmp_path: Path) -> None:
    result = score(str(source), "--output", str(tmp_path / "out.jsonl"))
    assert result.exit_code == 0
    found = rows(tmp_path / "out.jsonl")
    assert [row["id"] for row in found] == [f"n-{number}" for number in range(40)]
    assert [row["id"] for row in found if "duplicate_of" not in row] == ["n-0", "n-20"]
    assert "38 by an earlier one they repeat" in result.stderr


def test_run_folder_has_clusters_and_report(source: Path, tmp_path: Path) -> None:
    score(str(source), "--output", str(tmp_path / "out.csv"))
    assert [row["size"] for row in rows(tmp_path / "out.run/clusters.jsonl")] == [20, 20]
    assert "flagged for review" in (tmp_path / "out.run/report.html").read_text(encoding="utf-8")


def test_no_dedupe_scores_every_document(source: Path, tmp_path: Path) -> None:
    score(str(source), "--output", str(tmp_path / "out.jsonl"))
    score(str(source), "--output", str(tmp_path / "out.jsonl"), "--no-dedupe")
    assert not any("duplicate_of" in row for row in rows(tmp_path / "out.jsonl"))
    assert not (tmp_path / "out.run/clusters.jsonl").exists()
    assert "did not look for repeated documents" in (tmp_path / "out.run/report.html").read_text(encoding="utf-8")


def test_sample_is_drawn_from_the_unflagged(source: Path, tmp_path: Path) -> None:
    result = score(str(source), "--output", str(tmp_path / "out.jsonl"), "--sample-audit", "5")
    assert result.exit_code == 0
    (sample,) = (tmp_path / "out.run").glob("audit-sample-*.csv")
    header, *lines = sample.read_text(encoding="utf-8-sig").splitlines()
    assert header == "label,id,source,member,line,population,text"
    assert len(lines) == 5
    assert all(",20," in line and "market" in line for line in lines)


REFUSED = [
    pytest.param(["{in}", "--sample-audit", "5"], "name it with --output", id="no output"),
    pytest.param(["Some words of a text.", "--output", "{out}", "--sample-audit", "5"], "read again", id="a text"),
    pytest.param(["{in}", "--output", "{out}", "--sample-audit", "0"], "--sample-audit", id="none"),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED)
def test_sample_that_cannot_be_drawn_is_refused(
    arguments: list[str], message: str, source: Path, tmp_path: Path
) -> None:
    filled = [one.replace("{in}", str(source)).replace("{out}", str(tmp_path / "out.jsonl")) for one in arguments]
    result = score(*filled)
    assert result.exit_code == 2
    assert message in result.stderr


def test_key_of_contact_points_that_is_too_short_is_refused(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELLSIGN_CONTACT_KEY", "short")
    result = score(str(source), "--output", str(tmp_path / "out.jsonl"))
    assert (result.exit_code, "allowed: 16 or more" in result.stderr) == (3, True)

"""The blocks of docs/python.md run one after the other, as a reader would type them."""

import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)

pytestmark = pytest.mark.slow


def test_every_block_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    session: dict[str, Any] = {}
    for number, block in enumerate(BLOCKS):
        exec(compile(block, f"docs/python.md, block {number}", "exec"), session)  # noqa: S102 - our own page
        if "print(" in block:
            assert capsys.readouterr().out.strip(), f"block {number} shows nothing"
    assert "<mark" in session["page"]
    assert "document_retention" in session["html"]
    assert session["found"]["error"].tolist()[1] == "not_text"
    assert {"site-model", "pipeline"} <= {path.name for path in tmp_path.iterdir()}


def test_page_shows_every_way_in() -> None:
    together = "\n".join(BLOCKS)
    for name in ("analyze(", "render_html(", "analyze_frame(", "analyze_rows(", "TellsignClassifier(", "add_pipe("):
        assert name in together


def test_linked_files_exist() -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", PAGE)
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []

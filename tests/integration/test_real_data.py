"""The model that ships on real labelled texts, where a folder with them is named; figures only, never a text."""

import json
import os
from pathlib import Path

import pytest

from training import cli

LABELLED = Path(os.environ.get("TELLSIGN_DATA", "")) / "real" / "dev.jsonl"


@pytest.mark.slow
@pytest.mark.skipif(not LABELLED.is_file(), reason="TELLSIGN_DATA names no folder with real/dev.jsonl")
@pytest.mark.parametrize("options", [["--json"], []], ids=["as JSON", "for people"])
def test_figures_of_real_texts_come_without_the_texts(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.evaluate([str(LABELLED), "--resamples", "50", *options]) == 0
    shown = capsys.readouterr()
    if options:
        value, low, high = json.loads(shown.out)["overall"]["indicator macro AP"]
        assert 0.0 <= value <= 1.0
        assert 0.0 <= low <= high <= 1.0
    texts = [json.loads(line)["text"] for line in LABELLED.read_text(encoding="utf-8").splitlines()]
    # Shorter ones may be words of the report itself.
    long_texts = [text for text in texts if len(text) >= 40]
    assert not [place for place, text in enumerate(long_texts) if text[:40] in shown.out or text[-40:] in shown.out]
    assert shown.err == ""

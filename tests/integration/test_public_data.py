"""The public benchmark files where a folder with them is named: their cards fit them; counts only, never a text."""

import os
from pathlib import Path

import numpy as np
import pytest

from training.benchmarks.aims import order_sentences
from training.benchmarks.card import load_benchmark_card
from training.benchmarks.emscad import choose_rows, number_prefixes
from training.benchmarks.tables import load_tables

PUBLIC = Path(os.environ.get("TELLSIGN_DATA", "")) / "public"


def needs(name: str) -> pytest.MarkDecorator:
    parts = load_benchmark_card(name).parts.values()
    missing = [part.file for part in parts if not (PUBLIC / part.folder / part.file).is_file()]
    return pytest.mark.skipif(bool(missing), reason=f"TELLSIGN_DATA names no folder with public files {missing}")


@needs("emscad")
def test_emscad_subset_is_the_one_on_the_card() -> None:
    columns = choose_rows(load_tables(load_benchmark_card("emscad"))["adverts"])
    assert len(columns["title"]) == 1382
    assert columns["fraudulent"].count("1") == 643
    assert number_prefixes(columns["description"]).max() + 1 == 1215


@needs("aims")
def test_aims_sentences_are_those_on_the_card() -> None:
    card = load_benchmark_card("aims")
    data = order_sentences(load_tables(card), tuple(card.labels))
    names, counts = np.unique(data.jurisdictions, return_counts=True)
    assert dict(zip(names.tolist(), counts.tolist(), strict=True)) == {"AU": 4794, "CA": 3657, "UK": 2871}
    assert len(np.unique(data.rows.groups)) == 151
    # What the card says of the labels that are scored.
    assert data.rows.labels[data.jurisdictions != "AU"].sum(axis=0).min() >= 10

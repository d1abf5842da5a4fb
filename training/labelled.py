"""Labelled documents that a model has not seen: what every measure starts from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from training.build import split_corpus
from training.corpus import Record, load_card, load_corpus, read_records
from training.recipe import build_recipe


def load_labelled(card: Mapping[str, Any], path: Path | None, *, language: str) -> tuple[str, list[Record]]:
    """Load a labelled file, or the frozen test part of the corpus that the model was trained on.

    Args:
        card: Manifest of the model; names corpus and split.
        path: JSONL in the corpus format, or None for the test part.
        language: Keep the records of this language.

    Returns:
        What the records are, and the records.

    Raises:
        CorpusError: a record is wrong, or the corpus or its frozen split changed.
    """
    if path is not None:
        return path.name, [record for record in read_records(path) if record.lang == language]
    recipe = build_recipe(card["recipe"], str(card["name"]))
    corpus = load_corpus(recipe.corpus, recipe.language)
    split = split_corpus(corpus, recipe.split, load_card(recipe.corpus))
    return f"test part of '{recipe.corpus}'", [corpus[i] for i in split.test]

"""Labelled documents from outside the corpus as a small share of the mix, and how well they are read out of fold.

They join the development part alone: the frozen split stays what it is, and figures on the test part still compare. A
recipe names their file; it is looked for under the folder that TELLSIGN_DATA names, since such texts are rarely ours to
copy. Each of them is scored by linear and document models that were fitted without its fold, and by an encoder that
never saw any of them, so their figures are those of a grouped cross-validation.
"""

import os
from collections.abc import Sequence
from dataclasses import asdict, replace
from hashlib import file_digest
from pathlib import Path
from typing import Any

import numpy as np

from classifier.errors import CorpusError, RecipeError
from training.calibration import Probabilities
from training.corpus import Record, read_records
from training.fit import FitResult
from training.metrics import average_precision, draw_weights, macro, measure_interval
from training.recipe import Recipe
from training.split import TAUGHT, Split, split_records

_DATA = "TELLSIGN_DATA"
_RESAMPLES = 1000


def find_added(name: str) -> Path:
    """Find the file of added documents under the folder that TELLSIGN_DATA names, or by an absolute path.

    Raises:
        RecipeError: there is none.
    """
    path = Path(os.environ.get(_DATA, "")) / name
    if not path.is_file():
        raise RecipeError(f"added is '{name}', but '{path}' is no file; set {_DATA} to the folder that holds it")
    return path


def add_records(records: Sequence[Record], split: Split, recipe: Recipe) -> tuple[list[Record], Split]:
    """Join the added documents of a recipe to a corpus; groups and near-duplicates stay in one fold.

    Args:
        records: The corpus.
        split: Of it.
        recipe: Names the file.

    Returns:
        Corpus and then added documents, and their split, which keeps the hash of the corpus alone.

    Raises:
        RecipeError: there is no such file.
        CorpusError: an added document repeats one of the test part, or ties documents of the corpus together.
    """
    found = read_records(find_added(recipe.added))
    added = [replace(record, split=TAUGHT) for record in found if record.lang == recipe.language]
    rule, n = recipe.split, len(records)
    whole = split_records([*records, *added], test_share=rule.test_share, folds=rule.folds)
    if (whole.parts[:n] != split.parts).any() or (whole.parts[n:] < 0).any():
        raise CorpusError(f"documents of '{recipe.added}' repeat documents of the corpus; leave those out")
    # Nobody had them in sight while writing the lexicon.
    positions = np.concatenate([split.positions, np.maximum(whole.positions[n:], rule.lexicon_share)])
    return [*records, *added], replace(whole, positions=positions, sha256=split.sha256)


def describe_added(recipe: Recipe, result: FitResult, count: int) -> dict[str, Any]:
    """Say what was added, and give its figures out of fold with intervals over groups.

    Args:
        recipe: Names the file.
        result: Of training.
        count: Added documents, the last of the development part.
    """
    with find_added(recipe.added).open("rb") as stream:
        digest = file_digest(stream, "sha256").hexdigest()
    tiers = {"fast": result.probabilities} | ({"deep": result.deep.probabilities} if result.deep else {})
    chosen = slice(len(result.prepared.records) - count, None)
    figures = {tier: _measure(result, found, chosen) for tier, found in tiers.items()}
    return {"file": recipe.added, "sha256": digest, "documents": count, "out_of_fold": figures}


def _measure(result: FitResult, found: Probabilities, chosen: slice) -> dict[str, Any]:
    data = result.prepared
    truth, probability = data.states[chosen, :, 0], found.indicators[chosen]
    weights = draw_weights([record.group for record in data.records[chosen]], _RESAMPLES, seed=0)
    every = [average_precision(truth[:, k], probability[:, k]) for k in np.flatnonzero(truth.any(axis=0))]
    measures = {
        "indicator macro AP": macro(every),
        "review AP": average_precision(data.review[chosen], found.review[chosen]),
    }
    return {name: asdict(measure_interval(one, weights)) for name, one in measures.items()}

"""Runs two models over the same documents, and times them in turns: what slows the machine down slows both."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from classifier import Analyzer, load
from classifier.document import Analysis, Tier
from classifier.errors import CorpusError
from training.corpus import Record
from training.evaluate import analyze_records
from training.labelled import load_labelled

_TIMED = 128


@dataclass(frozen=True, slots=True)
class Runs:
    """What two models say of the same documents.

    Attributes:
        a: Analyses by the first model.
        b: Analyses by the second.
        seconds_a: CPU time a document, seconds; comparable within this run only.
        seconds_b: The same of the second.
    """

    a: tuple[Analysis, ...]
    b: tuple[Analysis, ...]
    seconds_a: float
    seconds_b: float


def load_pair(first: Path, second: Path, tier: Tier | None) -> tuple[Analyzer, Analyzer]:
    """Load both models.

    Raises:
        ArtifactError: one is refused, or has no such tier.
    """
    return load(first, tier=tier), load(second, tier=tier)


def load_shared(a: Analyzer, b: Analyzer, path: Path | None, *, language: str) -> tuple[str, list[Record]]:
    """Load labelled documents that neither model was trained on, as far as the two say.

    Args:
        a: The first model.
        b: The second.
        path: JSONL in the corpus format; None for the frozen test part of the corpus that both learned from.
        language: Keep the records of this language.

    Raises:
        CorpusError: a record is wrong; or no file is given and the two were not trained on one corpus by one split.
    """
    if path is None:
        one, other = (_describe_training(model) for model in (a, b))
        if one != other:
            raise CorpusError(
                f"the models were trained on different data ({one} and {other}): give a labelled file new to both"
            )
    return load_labelled(a.card, path, language=language)


def _describe_training(model: Analyzer) -> str:
    recipe = model.card.get("recipe", {})
    split = recipe.get("split", {})
    return f"corpus '{recipe.get('corpus')}', test share {split.get('test_share')}"


def warn_of_training(a: Analyzer, b: Analyzer) -> list[str]:
    """Say where the two models did not learn from the same files of their corpus."""
    files = [model.card.get("data", {}).get("files", {}) for model in (a, b)]
    changed = sorted(name for name in {*files[0], *files[1]} if files[0].get(name) != files[1].get(name))
    if not changed:
        return []
    return [f"the models learned from different states of {', '.join(changed)}: part of a difference is the data's"]


def run_both(a: Analyzer, b: Analyzer, records: Sequence[Record]) -> Runs:
    """Analyse all documents by both models, then time both on the first 128 of them, in turns: a, b, b, a.

    Raises:
        CorpusError: there are no records, or one cannot be analysed.
    """
    first, second = (tuple(analyze_records(model, records)) for model in (a, b))
    # Both have read the texts by now: words are known to the caches that they share, and neither pays for the other.
    timed = records[:_TIMED]
    spent = [_time(model, timed) for model in (a, b, b, a)]
    each = 2 * len(timed)
    return Runs(first, second, (spent[0] + spent[3]) / each, (spent[1] + spent[2]) / each)


def _time(model: Analyzer, records: Sequence[Record]) -> float:
    """Give the CPU time of analysing these documents, seconds."""
    began = time.process_time()
    analyze_records(model, records)
    return time.process_time() - began

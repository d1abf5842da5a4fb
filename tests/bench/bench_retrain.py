"""Measures retraining from a corpus of 20,000 sentences: reading, splitting, parsing, fitting, choosing, writing.

Whole groups of the authored corpus are drawn until their development part holds so many sentences, and are learned from
by the default recipe without the encoder, from the files to the model folder. The tiers of the encoder stand on reads
that were made when it was fine-tuned, of the whole corpus alone: `tellsign train --recipe default` times these. Where
the machine is shared, run it with `--jobs 1`: the CPU seconds are those of this process, and then there is no other.
"""

import argparse
import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    # Read once, when numpy loads.
    os.environ[variable] = "1"

import time  # noqa: E402
import warnings  # noqa: E402
from collections.abc import Iterator  # noqa: E402
from contextlib import contextmanager  # noqa: E402
from dataclasses import replace  # noqa: E402
from pathlib import Path  # noqa: E402
from tempfile import TemporaryDirectory  # noqa: E402

import numpy as np  # noqa: E402
from sklearn.exceptions import ConvergenceWarning  # noqa: E402

from classifier.artifact import save, verify  # noqa: E402
from classifier.pipeline import Pipeline  # noqa: E402
from classifier.taxonomy import load_taxonomy  # noqa: E402
from training.corpus import load_card, read_records, write_records  # noqa: E402
from training.development import Development, draw_groups, load_development  # noqa: E402
from training.fit import FitResult, fit  # noqa: E402
from training.manifest import build_manifest  # noqa: E402
from training.metrics import average_precision  # noqa: E402
from training.recipe import Recipe, load_recipe  # noqa: E402
from training.split import split_records  # noqa: E402

GOAL = 180.0


@contextmanager
def timed(step: str, spent: dict[str, float]) -> Iterator[None]:
    """Print what a step took, seconds of the clock and of this process; keep those of the clock under its name."""
    processor, began = time.process_time(), time.perf_counter()
    yield
    spent[step] = time.perf_counter() - began
    print(f"{step:<34}{spent[step]:>9.1f} s{time.process_time() - processor:>9.1f} CPU s", flush=True)


def draw_sentences(recipe: Recipe, sentences: int) -> tuple[Development, int]:
    """Draw whole groups of the development part until they hold so many sentences, or all there are."""
    whole = load_development(recipe, unseen=False)
    pipeline = Pipeline(recipe.language, load_taxonomy().ids)
    counts = {record.id: len(pipeline.parse(record.text).sentences) for record in whole.records}
    share = sentences / sum(counts.values())
    drawn = draw_groups(whole, round(len(whole) * min(share, 1.0)))
    while (found := sum(counts[record.id] for record in drawn.records)) < sentences and len(drawn) < len(whole):
        drawn = draw_groups(whole, len(drawn) + 50)
    return drawn, found


def retrain(path: Path, recipe: Recipe, folder: Path, spent: dict[str, float]) -> FitResult:
    """Go from a file of labelled texts to a model folder, step by step."""
    with timed("reading the corpus", spent):
        records = read_records(path)
    with timed("splitting", spent):
        split = split_records(records, test_share=0.0, folds=recipe.split.folds)
    with timed("parsing, fitting, choosing", spent):
        result = fit(records, split, recipe)
    with timed("writing the model folder", spent):
        manifest = build_manifest("bench", result, recipe, data={"card": load_card(recipe.corpus).name}, metrics={})
        save(folder, manifest, space=result.space, weights=result.weights, text=result.text, document=result.document)
    return result


def main() -> None:
    """Print seconds by step, and their sum against three minutes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sentences", type=int, default=20_000, help="sentences to learn from")
    parser.add_argument("--jobs", type=int, default=2, help="worker processes of the linear models")
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    recipe = replace(load_recipe("default"), encoder=False, jobs=options.jobs)
    drawn, sentences = draw_sentences(recipe, options.sentences)
    print(f"{len(drawn):,} documents, {sentences:,} sentences, {options.jobs} processes")
    spent: dict[str, float] = {}
    with TemporaryDirectory() as home:
        path, folder = Path(home) / "corpus.jsonl", Path(home) / "model"
        write_records(drawn.records, path)
        result = retrain(path, recipe, folder, spent)
        if faults := verify(folder):
            raise SystemExit(f"the folder that was written is refused: {faults}")
    total = sum(spent.values())
    rows = len(result.prepared.labels)
    print(f"{'together':<34}{total:>9.1f} s, goal {GOAL:.0f} s; {rows / total:,.0f} sentences a second")
    print(f"{'review AP out of fold':<34}{review_precision(result):>9.3f}")


def review_precision(result: FitResult) -> float:
    """Give the average precision of review out of fold, on the fair documents: the model learned something."""
    fair = result.prepared.fair
    measure = average_precision(result.prepared.review[fair], result.probabilities.review[fair])
    return float(measure(np.ones((1, int(fair.sum()))))[0])


if __name__ == "__main__":
    main()

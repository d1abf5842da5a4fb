"""Measures Spanish against English at equal training size: macro AP of the indicators and AP of review, out of fold.

Both are fitted by the same code on grouped folds; a document is scored by models that did not see its fold. English is
drawn several times, whole groups at a time, to the size of the Spanish development part, and to the same number of
documents that were in sight when the lexicon was written; only the others are measured. It is fitted by its own recipe
without the encoder, and by the settings of the Spanish one. The test part is not read.

Average precision rises with the share of positives, which the two corpora do not have alike: it is printed too.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    # Read once, when numpy loads.
    os.environ[variable] = "1"

import argparse  # noqa: E402
import warnings  # noqa: E402
from collections.abc import Iterator, Sequence  # noqa: E402
from dataclasses import dataclass, replace  # noqa: E402
from statistics import mean, stdev  # noqa: E402

import numpy as np  # noqa: E402
from sklearn.exceptions import ConvergenceWarning  # noqa: E402

from classifier.errors import CorpusError  # noqa: E402
from training.build import check_folds  # noqa: E402
from training.corpus import Record, load_corpus  # noqa: E402
from training.fit import fit  # noqa: E402
from training.metrics import average_precision, draw_weights, macro, measure_interval  # noqa: E402
from training.recipe import Recipe, load_recipe  # noqa: E402
from training.split import TEST, Split, split_records  # noqa: E402

RESAMPLES = 1000
# Share of the hash range that was in sight when the lexicon of a language other than English was written.
SEEN = 0.3


@dataclass(frozen=True, slots=True)
class Part:
    """The development documents of a language with their split, to be fitted on."""

    records: Sequence[Record]
    split: Split
    seen: np.ndarray

    def take(self, chosen: np.ndarray) -> "Part":
        """Keep the documents with these numbers."""
        split = Split(
            self.split.parts[chosen], self.split.clusters[chosen], self.split.positions[chosen], self.split.sha256
        )
        return Part([self.records[number] for number in chosen.tolist()], split, self.seen[chosen])


@dataclass(frozen=True, slots=True)
class Figures:
    """Average precisions over the documents that were not in sight, with 95 percent intervals over groups."""

    documents: int
    measured: int
    positives: float
    indicators: tuple[float, float, float]
    review: tuple[float, float, float]


def read_part(recipe: Recipe, seen: float) -> Part:
    """Load the development part of a recipe's corpus; the documents of the share `seen` were in sight."""
    records = load_corpus(recipe.corpus, recipe.language)
    split = split_records(records, test_share=recipe.split.test_share, folds=recipe.split.folds)
    whole = Part(records, split, split.positions < seen)
    return whole.take(np.flatnonzero(split.parts != TEST))


def draw(part: Part, seen: int, unseen: int, seed: int) -> Part:
    """Draw whole groups until there are as many documents of either kind."""
    order = np.random.default_rng(seed).permutation(np.unique(part.split.clusters))
    chosen: list[int] = []
    for wanted, kind in ((seen, part.seen), (unseen, ~part.seen)):
        taken: list[int] = []
        for cluster in order.tolist():
            members = np.flatnonzero((part.split.clusters == cluster) & kind).tolist()
            if len(taken) + len(members) <= wanted:
                taken += members
        chosen += taken
    return part.take(np.array(sorted(chosen)))


def measure(part: Part, recipe: Recipe) -> Figures:
    """Fit on grouped folds and measure the predictions out of fold.

    Raises:
        CorpusError: an answer is too rare among the documents.
    """
    # The test part is not there, so that the check is told to ask for the folds alone.
    split = replace(part.split, parts=np.append(part.split.parts, TEST), positions=np.append(part.split.positions, 1.0))
    check_folds([*part.records, part.records[0]], split, recipe.split)
    result = fit(part.records, part.split, recipe)
    unseen = ~part.seen
    truth, found = result.prepared.states[unseen, :, 0], result.probabilities.indicators[unseen]
    present = np.flatnonzero(truth.any(axis=0)).tolist()
    groups = [record.group for record, kept in zip(part.records, unseen.tolist(), strict=True) if kept]
    weights = draw_weights(groups, RESAMPLES, seed=0)
    indicators = measure_interval(macro([average_precision(truth[:, k], found[:, k]) for k in present]), weights)
    wanted, opened = result.prepared.review[unseen], result.probabilities.review[unseen]
    review = measure_interval(average_precision(wanted, opened), weights)
    return Figures(
        len(part.records),
        int(unseen.sum()),
        float(truth[:, present].mean()),
        (indicators.value, indicators.low, indicators.high),
        (review.value, review.low, review.high),
    )


def draws(part: Part, recipe: Recipe, counts: tuple[int, int], wanted: int) -> Iterator[Figures]:
    """Measure draws of English; one in which an answer is too rare to be fitted is drawn again."""
    seed = 0
    while wanted:
        seed += 1
        try:
            figures = measure(draw(part, *counts, seed), recipe)
        except CorpusError:
            continue
        print_row(f"English, draw {seed}", figures)
        wanted -= 1
        yield figures


def print_row(title: str, figures: Figures) -> None:
    """Print figures with their intervals."""
    shown = [f"{value:.3f} [{low:.3f}, {high:.3f}]" for value, low, high in (figures.indicators, figures.review)]
    counts = f"{figures.documents:>10}{figures.measured:>10}{figures.positives:>10.3f}"
    print(f"{title:<20}{counts}   {shown[0]:<24}{shown[1]}", flush=True)


def main() -> None:
    """Print Spanish, the draws of English, and the differences of the means."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=5, help="draws of English")
    parser.add_argument("--recipe", default="es", help="recipe of the language that is measured")
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    print(f"{'':<20}{'documents':>10}{'measured':>10}{'positive':>10}   {'indicator macro AP':<24}review AP")
    recipe = load_recipe(options.recipe)
    part = read_part(recipe, SEEN)
    ours = measure(part, recipe)
    print_row(recipe.language, ours)
    own = replace(load_recipe("default"), encoder=False)
    english = read_part(own, own.split.lexicon_share)
    counts = (int(part.seen.sum()), int((~part.seen).sum()))
    for title, settings in (("its own settings", own), ("the same settings", replace(recipe, language="en"))):
        print(f"English by {title}:")
        compare(ours, list(draws(english, settings, counts, options.draws)))


def compare(ours: Figures, found: Sequence[Figures]) -> None:
    """Print the mean of the draws, how they spread, and the difference."""
    for name in ("indicators", "review"):
        values = [getattr(figures, name)[0] for figures in found]
        spread = stdev(values) if len(values) > 1 else 0.0
        gap = getattr(ours, name)[0] - mean(values)
        print(f"  {name}: mean {mean(values):.3f}, standard deviation {spread:.3f}, difference {gap:+.3f}")


if __name__ == "__main__":
    main()

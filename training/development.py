"""The part of a corpus that may be looked at, and samples of it that keep groups whole."""

from dataclasses import dataclass

import numpy as np

from classifier.errors import CorpusError
from training.build import split_corpus
from training.corpus import Record, load_card, load_corpus
from training.recipe import Recipe
from training.split import TEST, Split


@dataclass(frozen=True, slots=True)
class Development:
    """Development documents and the part of the split that is about them.

    Attributes:
        records: n documents.
        split: Their folds, clusters and places; its hash is that of the whole corpus.
    """

    records: tuple[Record, ...]
    split: Split

    def __len__(self) -> int:
        """Count the documents."""
        return len(self.records)

    def take(self, chosen: np.ndarray) -> "Development":
        """Keep the documents with these numbers."""
        whole = self.split
        split = Split(whole.parts[chosen], whole.clusters[chosen], whole.positions[chosen], whole.sha256)
        return Development(tuple(self.records[number] for number in chosen.tolist()), split)

    def hold_out(self, fold: int) -> "tuple[Development, Development]":
        """Part the documents of the other folds from those of one.

        Raises:
            CorpusError: no document is of this fold, or all are.
        """
        held = self.split.parts == fold
        if held.all() or not held.any():
            folds = ", ".join(str(number) for number in np.unique(self.split.parts).tolist())
            raise CorpusError(f"fold {fold} cannot be held out of folds {folds}")
        return self.take(np.flatnonzero(~held)), self.take(np.flatnonzero(held))


def load_development(recipe: Recipe, *, unseen: bool = True) -> Development:
    """Load the development part of a recipe's corpus; the test part is left behind.

    Args:
        recipe: Names corpus, language and split.
        unseen: Leave out what was in sight when the lexicon was written too: there its phrases fit too well.

    Raises:
        CorpusError: the corpus or its frozen split changed.
    """
    records = load_corpus(recipe.corpus, recipe.language)
    split = split_corpus(records, recipe.split, load_card(recipe.corpus))
    least = recipe.split.lexicon_share if unseen else 0.0
    chosen = np.flatnonzero((split.parts != TEST) & (split.positions >= least))
    return Development(tuple(records), split).take(chosen)


def draw_groups(development: Development, documents: int, *, seed: int = 0) -> Development:
    """Draw whole groups until there are at least so many documents; a smaller draw of one seed lies within a larger.

    Args:
        development: What to draw from.
        documents: At least so many, or all there are.
        seed: Of the order.
    """
    clusters = development.split.clusters
    order = np.random.default_rng(seed).permutation(np.unique(clusters))
    place = np.empty(len(order), dtype=int)
    place[np.searchsorted(np.unique(clusters), order)] = np.arange(len(order))
    # Where each document's group comes in the order, and how many documents stand before the end of each group.
    turn = place[np.searchsorted(np.unique(clusters), clusters)]
    total = np.cumsum(np.bincount(turn, minlength=len(order)))
    last = int(np.searchsorted(total, documents))
    return development.take(np.flatnonzero(turn <= last))

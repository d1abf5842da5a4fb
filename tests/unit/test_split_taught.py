"""Texts written to teach are never tested on, and move nothing that was split before they came."""

import random

import numpy as np
import pytest

from tests.records import make_record
from training.corpus import Record
from training.split import TAUGHT, TEST, split_records

SHARE, FOLDS = 0.3, 4
WORDS = [f"{start}{end}" for start in ("lan", "mor", "pel", "tir", "sol") for end in ("a", "o", "et", "in", "uk", "as")]


def build_records(count: int, *, seed: int, split: str) -> list[Record]:
    """Records of made-up words, each in a group of its own."""
    drawn = random.Random(seed)
    return [
        make_record(seed * 1_000 + n, " ".join(drawn.choices(WORDS, k=20)), group=f"s{seed}-{n}", split=split)
        for n in range(count)
    ]


EARLIER = build_records(150, seed=1, split="train")
LATER = build_records(150, seed=2, split=TAUGHT)


def test_taught_texts_spread_over_the_development_folds_alone() -> None:
    split = split_records([*EARLIER, *LATER], test_share=SHARE, folds=FOLDS)
    later = split.parts[len(EARLIER) :]
    assert TEST not in later
    assert np.bincount(later, minlength=FOLDS).min() > 15
    assert split.positions[len(EARLIER) :].max() < 1.0 - SHARE


def test_taught_texts_move_no_other() -> None:
    alone = split_records(EARLIER, test_share=SHARE, folds=FOLDS)
    assert TEST in alone.parts
    together = split_records([*EARLIER, *LATER], test_share=SHARE, folds=FOLDS)
    assert np.array_equal(together.parts[: len(EARLIER)], alone.parts)


def test_taught_texts_keep_their_order() -> None:
    """The hash that spreads all others spreads them, over a shorter range."""
    taught = split_records(LATER, test_share=SHARE, folds=FOLDS)
    free = split_records(build_records(150, seed=2, split="train"), test_share=SHARE, folds=FOLDS)
    assert taught.positions == pytest.approx(free.positions * (1.0 - SHARE))


@pytest.mark.parametrize("number", range(10))
def test_text_that_is_tied_to_one_of_the_corpus_goes_where_that_goes(number: int) -> None:
    """Else a near-copy of a test text could be learned from."""
    held_out = EARLIER[split_records(EARLIER, test_share=SHARE, folds=FOLDS).test[number]]
    copy = make_record(5_000, held_out.text, group="z-later", split=TAUGHT)
    split = split_records([*EARLIER, copy], test_share=SHARE, folds=FOLDS)
    assert split.parts[EARLIER.index(held_out)] == split.parts[-1] == TEST

"""Samples of a development part: groups stay whole, draws nest and repeat, and a held-out fold is really out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.errors import CorpusError
from tests.records import make_record
from training.development import Development, draw_groups
from training.split import Split

WORDS = ("ferry", "quarry", "orchard", "bakery", "harbour", "mill", "kiln", "dairy", "vineyard", "foundry")


def make_development(sizes: list[int]) -> Development:
    """Groups of these sizes, in three folds by turns."""
    clusters = np.repeat(np.arange(len(sizes)), sizes)
    records = tuple(make_record(k, f"A {WORDS[c % 10]} of {k}", group=f"g{c}") for k, c in enumerate(clusters.tolist()))
    return Development(records, Split(clusters % 3, clusters, np.linspace(0, 1, len(clusters)), "0" * 64))


def ids(development: Development) -> set[str]:
    return {record.id for record in development.records}


@given(st.lists(st.integers(1, 6), min_size=1, max_size=30), st.integers(0, 60), st.integers(0, 60), st.integers(0, 9))
def test_draw_is_whole_groups_and_smaller_draws_lie_within(sizes: list[int], one: int, other: int, seed: int) -> None:
    whole = make_development(sizes)
    few, many = (draw_groups(whole, count, seed=seed) for count in sorted((one, other)))
    assert ids(few) <= ids(many) <= ids(whole)
    for drawn, wanted in ((few, min(one, other)), (many, max(one, other))):
        assert len(drawn) >= min(wanted, len(whole))
        # One group less would have been too few.
        assert len(drawn) < wanted + max(sizes) or len(np.unique(drawn.split.clusters)) == 1
        for cluster in np.unique(drawn.split.clusters).tolist():
            assert (drawn.split.clusters == cluster).sum() == sizes[cluster]


def test_draw_repeats_and_another_seed_draws_another() -> None:
    whole = make_development([3] * 40)
    assert ids(draw_groups(whole, 30, seed=4)) == ids(draw_groups(whole, 30, seed=4))
    assert ids(draw_groups(whole, 30, seed=4)) != ids(draw_groups(whole, 30, seed=5))


def test_split_goes_with_the_documents() -> None:
    whole = make_development([2, 2, 2, 2])
    taken = whole.take(np.array([7, 2]))
    assert [record.id for record in taken.records] == ["r7", "r2"]
    assert taken.split.parts.tolist() == [0, 1]
    assert taken.split.clusters.tolist() == [3, 1]
    assert taken.split.sha256 == whole.split.sha256


def test_held_out_fold_is_out() -> None:
    whole = make_development([2] * 9)
    learning, held = whole.hold_out(2)
    assert (len(learning), len(held)) == (12, 6)
    assert set(held.split.parts.tolist()) == {2}
    assert not ids(learning) & ids(held)


def test_fold_that_is_not_there_cannot_be_held_out() -> None:
    whole = make_development([2] * 9)
    with pytest.raises(CorpusError, match="fold 3 cannot be held out of folds 0, 1, 2"):
        whole.hold_out(3)
    with pytest.raises(CorpusError, match="fold 2 cannot be held out of folds 2"):
        whole.hold_out(2)[1].hold_out(2)

"""A split keeps groups and near-duplicates whole, is decided by hashes alone, and is frozen by a hash of its own."""

import random
from hashlib import md5

import numpy as np
import pytest

from classifier.errors import CorpusError
from tests.records import make_record
from training.corpus import Record
from training.split import TEST, Split, check_split, cluster_near_duplicates, cluster_records, split_records

SHARE, FOLDS = 0.2, 4
WORDS = [f"{start}{end}" for start in ("lan", "mor", "pel", "tir", "sol") for end in ("a", "o", "et", "in", "uk", "as")]


def build_records(groups: int, *, seed: int = 0, of_each: int = 3) -> list[Record]:
    """Records of different made-up texts, `of_each` in a group."""
    generator = random.Random(seed)
    return [
        make_record(seed * 1_000 + number, " ".join(generator.choices(WORDS, k=20)), group=f"s{seed}-{number % groups}")
        for number in range(groups * of_each)
    ]


def divide(records: list[Record]) -> Split:
    return split_records(records, test_share=SHARE, folds=FOLDS)


def height(group: str) -> float:
    """Where the hash of a group stands in its range, 0..1."""
    return int.from_bytes(md5(group.encode(), usedforsecurity=False).digest()[:8], "big") / 2**64


def first_group(*, held_out: bool) -> str:
    return next(f"x{n}" for n in range(1_000) if (height(f"x{n}") >= 1.0 - SHARE) == held_out)


def test_groups_stay_whole() -> None:
    records = build_records(40)
    split = divide(records)
    parts: dict[str, set[int]] = {}
    for record, part in zip(records, split.parts.tolist(), strict=True):
        parts.setdefault(record.group, set()).add(part)
    assert {len(found) for found in parts.values()} == {1}
    assert set(split.parts.tolist()) == {TEST, *range(FOLDS)}


def test_no_cluster_stands_in_both_parts() -> None:
    split = divide(build_records(40))
    assert not set(split.clusters[split.test]) & set(split.clusters[split.development])
    assert sorted([*split.test, *split.development]) == list(range(120))


def test_near_duplicates_of_two_groups_end_in_one_part() -> None:
    """Their groups alone would go to the test part and to the development part."""
    held, shown = first_group(held_out=True), first_group(held_out=False)
    text = "the cook said that the owner of the farm keeps all our cards in a box under his bed"
    records = [
        *build_records(10),
        make_record(900, text, group=held),
        make_record(901, text.replace("cook", "driver"), group=shown),
        make_record(902, "we were paid on friday and walked to the market by the river", group=shown),
    ]
    alone = divide([records[-3], records[-1]])
    assert [part == TEST for part in alone.parts.tolist()] == [True, False]
    split = divide(records)
    assert len(set(split.parts[-3:].tolist())) == 1
    assert len(set(split.clusters[-3:].tolist())) == 1


@pytest.mark.parametrize(
    ("shared", "linked"), [(9, True), (8, True), (7, False), (0, False)], ids=["all", "8 of 9", "7 of 9", "none"]
)
def test_texts_are_linked_from_half_of_their_shingles(shared: int, linked: bool) -> None:
    words = WORDS[:9]
    other = words[:shared] + WORDS[10 : 19 - shared]
    near = cluster_near_duplicates([" ".join(words), " ".join(other)])
    assert bool(near[0, 1]) is linked
    assert bool(near[1, 0]) is linked


def test_equal_texts_shorter_than_a_shingle_are_linked() -> None:
    near = cluster_near_duplicates(["No pay!", "no pay", "no food"])
    assert near.toarray().tolist() == [[True, True, False], [True, True, False], [False, False, True]]


def test_links_reach_over_the_blocks_that_texts_are_compared_in() -> None:
    records = build_records(700, of_each=1)
    twin = make_record(5_000, records[0].text, group="far")
    clusters = cluster_records([*records, twin])
    assert clusters[0] == clusters[-1]


def test_added_records_move_no_other() -> None:
    records = build_records(40)
    before = divide(records)
    after = divide([*build_records(30, seed=1), *records])
    assert after.parts[-len(records) :].tolist() == before.parts.tolist()


def test_test_part_is_the_top_of_the_hash_range() -> None:
    records = build_records(200, of_each=1)
    split = divide(records)
    assert min(height(records[i].group) for i in split.test) >= 1.0 - SHARE
    assert max(height(records[i].group) for i in split.development) < 1.0 - SHARE


def test_share_of_the_test_part_is_about_what_was_asked_for() -> None:
    split = divide(build_records(1_000, of_each=1))
    assert len(split.test) / 1_000 == pytest.approx(SHARE, abs=0.05)
    assert np.bincount(split.parts[split.development]).min() > 150


def test_frozen_hash_does_not_depend_on_the_order_of_records() -> None:
    records = build_records(20)
    assert divide(records[::-1]).sha256 == divide(records).sha256


def test_split_that_is_not_the_frozen_one_is_refused() -> None:
    records = build_records(20)
    frozen = divide(records)
    check_split(frozen, frozen.sha256, "grouped")
    changed = divide(records[1:])
    with pytest.raises(CorpusError, match=f"split 'grouped' has sha256 {changed.sha256}; .* froze {frozen.sha256}"):
        check_split(changed, frozen.sha256, "grouped")


def test_split_without_a_frozen_hash_is_accepted() -> None:
    check_split(divide(build_records(5)), None, "own")

"""Invented corpora with faults of a known kind and place: what a check must find, and what it must leave alone."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from training.corpus_entries import Entry

# Two subjects that share half of their words, so that telling them apart takes more than one word.
_SHARED = (
    "morning evening market road table letter number friend window garden winter summer paper corner music village "
    "story river bridge kitchen station answer season weather colour holiday question picture counter journey"
)
_BREAD = (
    "flour oven dough baker crust yeast loaf rolls rye crumb sesame tray knead bake pastry bun wheat butter shelf bread"
)
_BOATS = "sail harbour anchor mast deck oar tide keel rope buoy hull crew net wave pier compass knot cabin rudder boat"


def draw_texts(count: int, *, seed: int = 0) -> list[Entry]:
    """Draw texts about bread or boats; those about boats carry the label `boats`."""
    drawn = np.random.default_rng(seed)
    entries = []
    for number in range(count):
        boats = bool(number % 2)
        words = [*drawn.choice(_SHARED.split(), 18), *drawn.choice((_BOATS if boats else _BREAD).split(), 8)]
        drawn.shuffle(words)
        text = f"{' '.join(words).capitalize()}."
        entries.append(Entry(f"e{number}", text, ("boats",) if boats else (), f"g{number}", "train"))
    return entries


def plant_leaks(entries: list[Entry], count: int, *, seed: int = 1) -> tuple[list[Entry], set[tuple[str, str]]]:
    """Put every fifth entry into the test part, and copies of `count` others, two words changed, under new names.

    Returns:
        The corpus, and the pairs of ids that leak.
    """
    drawn = np.random.default_rng(seed)
    parted = [replace(entry, part="test" if k % 5 == 0 else "train") for k, entry in enumerate(entries)]
    sources = drawn.choice([k for k, entry in enumerate(parted) if entry.part == "train"], count, replace=False)
    copies, pairs = [], set()
    for number, k in enumerate(sources.tolist()):
        source = parted[k]
        words = source.text.split()
        for place in drawn.choice(len(words), 2, replace=False).tolist() if number % 4 else []:
            words[place] = "copper"
        copies.append(replace(source, id=f"copy{number}", text=" ".join(words), group=f"copy{number}", part="test"))
        pairs.add((source.id, f"copy{number}"))
    return [*parted, *copies], pairs


def plant_flips(entries: list[Entry], share: float, *, seed: int = 2) -> tuple[list[Entry], set[str]]:
    """Turn the label `boats` of a share of the entries around; gives the corpus and the ids of those entries."""
    drawn = np.random.default_rng(seed)
    chosen = set(drawn.choice(len(entries), round(share * len(entries)), replace=False).tolist())
    turned = [
        replace(entry, labels=() if entry.labels else ("boats",)) if k in chosen else entry
        for k, entry in enumerate(entries)
    ]
    return turned, {entries[k].id for k in chosen}


def precision_recall(found: Iterable[object], planted: Iterable[object]) -> tuple[float, float]:
    """Give precision and recall of what was found."""
    found, planted = set(found), set(planted)
    both = len(found & planted)
    return both / max(len(found), 1), both / len(planted)

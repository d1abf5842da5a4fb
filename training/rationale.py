"""How long a highlight should be: the evidence rule is chosen by character F1 on a fold that its model did not see."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from itertools import product

import numpy as np

from classifier.evidence import Rule, choose_claims, collect
from classifier.fusion import Reading
from classifier.scoring import DocumentModel
from classifier.taxonomy import load_taxonomy
from training.corpus import Record
from training.prepare import Prepared
from training.recipe import EvidenceGrid


def character_counts(predicted: Iterable[tuple[int, int]], gold: Iterable[tuple[int, int]]) -> tuple[int, int, int]:
    """Count characters in both, predicted and gold spans: (shared, predicted, gold)."""
    mine = {place for start, end in predicted for place in range(start, end)}
    theirs = {place for start, end in gold for place in range(start, end)}
    return len(mine & theirs), len(mine), len(theirs)


def character_f1(counts: Iterable[tuple[int, int, int]]) -> float:
    """Give the micro-averaged F1 of character counts as from `character_counts`."""
    shared, predicted, gold = np.array(list(counts)).reshape(-1, 3).sum(axis=0).tolist()
    return 2.0 * shared / (predicted + gold) if predicted + gold else 0.0


def asserted_spans(record: Record) -> dict[str, list[tuple[int, int]]]:
    """Give the asserted spans of a record by indicator id, in source offsets."""
    spans: dict[str, list[tuple[int, int]]] = {}
    for span in record.spans:
        if span.assertion == "asserted":
            spans.setdefault(span.indicator, []).append((span.start, span.end))
    return spans


def choose_rule(
    data: Prepared,
    readings: Mapping[int, Reading],
    flagged: Mapping[int, np.ndarray],
    *,
    document: DocumentModel,
    grid: EvidenceGrid,
) -> dict[str, float]:
    """Try every rule of the grid on documents that the models behind the readings did not see.

    Args:
        data: The development part.
        readings: Document numbers to how they were read.
        flagged: Document numbers to (n_indicators,) bool, out of fold.
        document: Thresholds.
        grid: Prices and least log-odds to try.

    Returns:
        `asserted` and `price` of the best rule, and its `character_f1`.
    """
    held = np.log(document.held_thresholds / (1.0 - document.held_thresholds))
    best: dict[str, float] = {"character_f1": -1.0}
    explain = {number: cache(reading.explain) for number, reading in readings.items()}
    for price, asserted in product(grid.prices, grid.asserted):
        rule = Rule(asserted=asserted, held=held, price=price)
        counts = [
            count
            for number, reading in readings.items()
            for count in _count(data, number, (reading.sentences, explain[number]), flagged[number], rule)
        ]
        if (found := character_f1(counts)) > best["character_f1"]:
            best = {"asserted": asserted, "price": price, "character_f1": found}
    return best


def _count(
    data: Prepared,
    number: int,
    reading: tuple[np.ndarray, Callable[[int, int], np.ndarray]],
    flagged: np.ndarray,
    rule: Rule,
) -> Sequence[tuple[int, int, int]]:
    record, parsed = data.records[number], data.parses[number]
    sentences, explain = reading
    gold = asserted_spans(record)
    counts = []
    for indicator, name in enumerate(load_taxonomy().ids):
        found: list[tuple[int, int]] = []
        if flagged[indicator]:
            deciding = int(sentences[:, indicator].argmax())
            claims = choose_claims(sentences, indicator, len(flagged), deciding=deciding, rule=rule)
            evidence = collect(explain, parsed, indicator=indicator, claims=claims, price=rule.price)
            found = [parsed.source_span(e.first, e.last) for e in evidence if e.assertion == "asserted"]
        if found or name in gold:
            counts.append(character_counts(found, gold.get(name, [])))
    return counts

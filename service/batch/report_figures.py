"""Counts what a finished run found, in one pass over its shards: a few dozen bytes of memory for each document."""

import heapq
import struct
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson

from service.batch.carrying import CARRIED
from service.batch.results import Results
from service.batch.shards import ANALYSIS, DEAD, ShardRecord, split_row

BINS = 20
_NO_BIN = BINS
# Flagged or spoken-of indicators and warnings are bits of one number.
_MOST = 32
_DEAD_ROW = 1 << 31

Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class IndicatorFigures:
    """What a run found of one indicator.

    Attributes:
        id: The indicator.
        threshold: Flagged at or above this probability.
        flagged: Documents.
        spoken: Documents that speak of it, but only to deny it or in general.
        bins: Documents by probability, in `BINS` equal steps from 0 to 1.
        contexts: Flagged documents of each context, in the order of `Figures.contexts`.
    """

    id: str
    threshold: float
    flagged: int
    spoken: int
    bins: tuple[int, ...]
    contexts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Queued:
    """A document near the top of the queue.

    Attributes:
        analysis: As in the output, without carried fields.
        repeats: How many later documents repeat it.
        place: Number of its file in the listing, and its number in the file.
    """

    analysis: Mapping[str, Any]
    repeats: int
    place: Place


@dataclass(frozen=True, slots=True)
class Figures:
    """What a run found.

    Attributes:
        analysed: Documents with an analysis, the carried ones included.
        carried: Documents that carry the analysis of an earlier one.
        flagged: Documents flagged for review.
        abstained: Documents with an analysis that scores nothing.
        dead: Dead letters by code.
        contexts: Documents by context, most first; the label None stands for no context.
        languages: Documents by language code, most first.
        warnings: Documents by warning code, most first.
        review_threshold: Flagged for review at or above this probability.
        review_bins: Documents by review probability, in `BINS` equal steps from 0 to 1.
        indicators: In taxonomy order.
        queue: The flagged documents of the highest review probability, repetitions left out.
    """

    analysed: int
    carried: int
    flagged: int
    abstained: int
    dead: Mapping[str, int]
    contexts: Mapping[str | None, int]
    languages: Mapping[str, int]
    warnings: Mapping[str, int]
    review_threshold: float
    review_bins: tuple[int, ...]
    indicators: tuple[IndicatorFigures, ...]
    queue: tuple[Queued, ...]


def count_results(results: Results, *, queue: int = 20) -> Figures:
    """Count the results of a run; `queue` is how many documents of the queue are kept.

    Raises:
        BatchRefusedError: A shard is not there or not intact.
    """
    tally = _Tally(queue)
    for shard in results.shards():
        places = row_places(shard.record)
        for row, place in zip(shard.rows, places, strict=True):
            # Only the first result of a row that became several is what a link can point to.
            for part, one in enumerate(split_row(row)):
                tally.add(one, place, linkable=part == 0)
    return tally.figures()


def row_places(record: ShardRecord) -> Iterator[Place]:
    """Yield where in the input each row of a shard comes from."""
    for stretch in record.stretches:
        for item in range(stretch.item, stretch.item + stretch.count):
            yield stretch.file, item


@dataclass(slots=True)
class _Names:
    """Gives names numbers in the order they come."""

    numbers: dict[str | None, int] = field(default_factory=dict)

    def __getitem__(self, name: str | None) -> int:
        return self.numbers.setdefault(name, len(self.numbers))

    def bits(self, names: Iterable[str]) -> int:
        return sum({1 << number for name in names if (number := self[name]) < _MOST})


class _Tally:
    def __init__(self, queue: int) -> None:
        self._queue_size = queue
        self._first: dict[str, Any] | None = None
        self._contexts, self._languages, self._warnings, self._codes = _Names(), _Names(), _Names(), _Names()
        self._format = struct.Struct("")
        # One packed summary for each analysis that was made, how often it is carried, and which one each row has.
        self._summaries, self._repeats, self._rows = bytearray(), array("I"), array("I")
        self._dead: Counter[str] = Counter()
        self._near = 0
        self._queue: list[tuple[float, int, bytes, Place]] = []

    def add(self, row: bytes, place: Place, *, linkable: bool) -> None:
        if row.startswith(ANALYSIS):
            shown = self._add_analysis(row[len(ANALYSIS) : -1], place)
        elif row.startswith(DEAD):
            shown = self._add_dead(orjson.loads(row)["dead"]["code"])
        else:
            shown = self._add_link(orjson.loads(row)["link"])
        if linkable:
            self._rows.append(shown)

    def figures(self) -> Figures:
        weights = np.array(self._repeats, dtype=np.int64) + 1
        count = len(weights)
        indicators = self._first["indicators"] if self._first else []
        packed = np.frombuffer(bytes(self._summaries), dtype=self._columns(len(indicators)), count=count)
        bins = packed["bins"]
        contexts = _sorted(self._contexts.numbers, np.bincount(packed["context"], weights))
        shown = [self._contexts.numbers[label] for label in contexts]
        return Figures(
            analysed=int(weights.sum()),
            carried=int(weights.sum()) - count,
            flagged=int(weights[packed["review_flag"] == 1].sum()),
            abstained=int(weights[packed["review"] == _NO_BIN].sum()),
            dead=dict(self._dead.most_common()),
            contexts=contexts,
            languages=_sorted(self._languages.numbers, np.bincount(packed["language"], weights)),
            warnings=self._count_warnings(packed["warnings"], weights),
            review_threshold=self._first["review"]["threshold"] if self._first else 0.0,
            review_bins=_bins(packed["review"], weights),
            indicators=tuple(
                IndicatorFigures(
                    id=one["id"],
                    threshold=one["threshold"],
                    flagged=int(weights[(packed["flags"] >> number) & 1 == 1].sum()),
                    spoken=int(weights[(packed["spoken"] >> number) & 1 == 1].sum()),
                    bins=_bins(bins[:, number], weights),
                    contexts=_by_context(packed, weights, number, shown),
                )
                for number, one in enumerate(indicators)
            ),
            queue=tuple(self._top()),
        )

    def _add_analysis(self, content: bytes, place: Place) -> int:
        analysis: dict[str, Any] = orjson.loads(content)
        indicators, review = analysis["indicators"], analysis["review"]
        if self._first is None:
            self._first = analysis
            self._format = struct.Struct(f"<IIIHBBB{len(indicators)}B")
        flags = sum(1 << place for place, one in enumerate(indicators[:_MOST]) if one["flagged"])
        spoken = sum(1 << place for place, one in enumerate(indicators[:_MOST]) if one["state"] in _SPOKEN)
        self._summaries += self._format.pack(
            flags,
            spoken,
            self._warnings.bits(warning["code"] for warning in analysis["warnings"]),
            self._languages[analysis["language"]["code"]],
            self._contexts[analysis["context"]["label"]],
            _bin(review["probability"]),
            review["flagged"],
            *(_bin(one["probability"]) for one in indicators),
        )
        number = len(self._repeats)
        self._repeats.append(0)
        if review["flagged"]:
            # Smallest first: the one to give way is the least probable, and of equals the last.
            entry = (review["probability"], -number, content, place)
            change = heapq.heappush if len(self._queue) < self._queue_size else heapq.heappushpop
            change(self._queue, entry)
        return number

    def _add_dead(self, code: str) -> int:
        self._dead[code] += 1
        return _DEAD_ROW | self._codes[code]

    def _add_link(self, link: Mapping[str, Any]) -> int:
        shown: int = self._rows[link["number"]]
        if shown & _DEAD_ROW:
            codes = {number: code for code, number in self._codes.numbers.items()}
            return self._add_dead(str(codes[shown ^ _DEAD_ROW]))
        self._repeats[shown] += 1
        self._near += "blocks" in link
        return shown

    def _count_warnings(self, bits: Any, weights: Any) -> dict[str, int]:
        found = Counter({CARRIED: self._near})
        for code, number in self._warnings.numbers.items():
            found[str(code)] += int(weights[(bits >> min(number, _MOST - 1)) & 1 == 1].sum())
        return {code: count for code, count in found.most_common() if count}

    def _top(self) -> Iterator[Queued]:
        for _, number, content, place in sorted(self._queue, key=lambda entry: (-entry[0], -entry[1])):
            yield Queued(orjson.loads(content), self._repeats[-number], place)

    def _columns(self, indicators: int) -> np.dtype[Any]:
        names = [("flags", "<u4"), ("spoken", "<u4"), ("warnings", "<u4"), ("language", "<u2"), ("context", "u1")]
        return np.dtype([*names, ("review", "u1"), ("review_flag", "u1"), ("bins", "u1", (indicators,))])


_SPOKEN = frozenset({"negated", "hypothetical"})


def _bin(probability: float | None) -> int:
    return _NO_BIN if probability is None else min(int(probability * BINS), BINS - 1)


def _bins(column: Any, weights: Any) -> tuple[int, ...]:
    return tuple(int(count) for count in np.bincount(column, weights, minlength=BINS)[:BINS])


def _by_context(packed: Any, weights: Any, indicator: int, contexts: Sequence[int]) -> tuple[int, ...]:
    flagged = (packed["flags"] >> indicator) & 1 == 1
    return tuple(int(weights[flagged & (packed["context"] == context)].sum()) for context in contexts)


def _sorted(numbers: Mapping[Any, int], counts: Any) -> dict[Any, int]:
    ranked = sorted(numbers, key=lambda name: (-counts[numbers[name]], numbers[name]))
    return {name: int(counts[numbers[name]]) for name in ranked}

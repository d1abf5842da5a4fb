"""Counts of a corpus in one pass, which may be a stream: labels, lengths, parts, and a sample that fits in memory."""

import heapq
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import combinations

import numpy as np

from training.corpus import ASSERTIONS, Record
from training.corpus_entries import Corpus, Entry

SAMPLE = 5000
_PERCENTILES = (5, 25, 50, 75, 95)


@dataclass(frozen=True, slots=True)
class Lengths:
    """Lengths of texts in code points; `percentiles` are the 5th, 25th, 50th, 75th and 95th."""

    least: int
    most: int
    mean: float
    percentiles: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SpanCounts:
    """What only records have.

    Attributes:
        contexts: Context to the number of documents.
        languages: Language to the number of documents.
        spans: Indicator to the number of spans by assertion, in the order of `ASSERTIONS`.
        words: Lengths of spans in words.
    """

    contexts: dict[str, int]
    languages: dict[str, int]
    spans: dict[str, tuple[int, ...]]
    words: Lengths | None


@dataclass(frozen=True, slots=True)
class CorpusStats:
    """Figures of a corpus.

    Attributes:
        entries: How many were read.
        groups: How many independent groups they come from.
        labels: Label to the number of entries, in the order of the corpus.
        unlabelled: Entries without a label.
        together: Pairs of labels that stand together most often, with their number.
        lengths: Of the texts.
        label_lengths: Label to the median length of its texts.
        parts: Part to the number of entries.
        repeats: Entries whose text, folded, came before.
        spans: For records, else None.
        sample: Drawn evenly over all entries by a hash of their text and id: the same each time.
    """

    entries: int
    groups: int
    labels: dict[str, int]
    unlabelled: int
    together: list[tuple[str, str, int]]
    lengths: Lengths | None
    label_lengths: dict[str, int]
    parts: dict[str, int]
    repeats: int
    spans: SpanCounts | None
    sample: tuple[Entry, ...]


@dataclass(slots=True)
class _Tally:
    """What is kept of each entry while the rest of it is let go."""

    labels: Counter[str] = field(default_factory=Counter)
    together: Counter[tuple[str, str]] = field(default_factory=Counter)
    parts: Counter[str] = field(default_factory=Counter)
    groups: set[bytes] = field(default_factory=set)
    texts: set[bytes] = field(default_factory=set)
    lengths: list[int] = field(default_factory=list)
    by_label: dict[str, list[int]] = field(default_factory=dict)
    unlabelled: int = 0
    sample: list[tuple[int, int, Entry]] = field(default_factory=list)

    def add(self, entry: Entry, limit: int) -> None:
        """Count an entry, and keep it whole if its hash is among the smallest so far."""
        self.labels.update(entry.labels)
        self.together.update(combinations(entry.labels, 2))
        self.parts[entry.part] += 1
        self.groups.add(_digest(entry.group))
        self.texts.add(_digest(fold(entry.text)))
        self.lengths.append(len(entry.text))
        for label in entry.labels:
            self.by_label.setdefault(label, []).append(len(entry.text))
        self.unlabelled += not entry.labels
        place = int.from_bytes(_digest(f"{entry.id}\n{entry.text}")[:8], "big")
        item = (-place, len(self.lengths), entry)
        if len(self.sample) < limit:
            heapq.heappush(self.sample, item)
        elif item > self.sample[0]:
            heapq.heapreplace(self.sample, item)


def measure_corpus(corpus: Corpus, *, limit: int = SAMPLE) -> CorpusStats:
    """Count a corpus in one pass.

    Args:
        corpus: Its entries are read once.
        limit: Most entries that are kept in memory for what needs them side by side.
    """
    tally = _Tally()
    for entry in corpus.entries:
        tally.add(entry, limit)
    return CorpusStats(
        entries=len(tally.lengths),
        groups=len(tally.groups),
        labels={name: tally.labels[name] for name in corpus.labels},
        unlabelled=tally.unlabelled,
        together=[(*pair, count) for pair, count in tally.together.most_common(10)],
        lengths=_measure_lengths(tally.lengths),
        label_lengths={name: int(np.median(tally.by_label[name])) for name in corpus.labels if name in tally.by_label},
        parts=dict(sorted(tally.parts.items())),
        repeats=len(tally.lengths) - len(tally.texts),
        spans=_count_spans(corpus.records) if corpus.records else None,
        sample=tuple(entry for _, _, entry in sorted(tally.sample, key=lambda item: item[1])),
    )


def fold(text: str) -> str:
    """Fold case and white space, so that texts that look alike are alike."""
    return " ".join(text.casefold().split())


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _measure_lengths(lengths: Sequence[int]) -> Lengths | None:
    if not lengths:
        return None
    values = np.asarray(lengths)
    percentiles = tuple(int(value) for value in np.percentile(values, _PERCENTILES))
    return Lengths(int(values.min()), int(values.max()), float(values.mean()), percentiles)


def _count_spans(records: Iterable[Record]) -> SpanCounts:
    contexts: Counter[str] = Counter()
    languages: Counter[str] = Counter()
    spans: dict[str, Counter[str]] = {}
    words: list[int] = []
    for record in records:
        contexts[record.genre] += 1
        languages[record.lang] += 1
        for span in record.spans:
            spans.setdefault(span.indicator, Counter())[span.assertion] += 1
            words.append(len(record.text[span.start : span.end].split()))
    by_assertion = {name: tuple(count[a] for a in ASSERTIONS) for name, count in sorted(spans.items())}
    return SpanCounts(
        dict(contexts.most_common()), dict(languages.most_common()), by_assertion, _measure_lengths(words)
    )

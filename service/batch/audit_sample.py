"""Draws unflagged documents at random for people to read, and says from their labels how much was missed at most.

This is the elusion test of document review: relevant documents that a search left behind are estimated from a random
sample of what it left (Roitblat, Kershaw and Oot, "Document categorization in legal electronic discovery: computer
classification vs. manual review", JASIST 61(1), 2010). The bound is exact for the binomial distribution (Clopper and
Pearson, "The use of confidence or fiducial limits illustrated in the case of the binomial", Biometrika 26(4), 1934).
"""

import csv
import heapq
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from math import exp, lgamma, log, log1p
from pathlib import Path
from typing import Any

import orjson

from classifier.errors import TellsignError
from service.batch.input_texts import read_texts
from service.batch.inputs import Inputs
from service.batch.items import Incoming
from service.batch.report_figures import Place, row_places
from service.batch.run_folder import RunFolder
from service.batch.shards import ANALYSIS, DEAD, split_row
from service.batch.stores import BatchRefusedError

COLUMNS = ("label", "id", "source", "member", "line", "population", "text")
YES, NO = frozenset({"yes", "y", "1", "true", "missed"}), frozenset({"no", "n", "0", "false"})
MAX_SAMPLE = 100_000


class AuditError(TellsignError):
    """A labelled sample cannot be counted; the message names the row and what is allowed."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a labelled sample says of the unflagged documents.

    Attributes:
        sample: Documents read.
        missed: Those that should have been flagged.
        population: Unflagged documents that the sample was drawn from.
        confidence: Of the bound.
        rate: Share missed in the sample, the best single guess.
        upper: The share missed among all unflagged documents is below this, with that confidence.
    """

    sample: int
    missed: int
    population: int
    confidence: float
    rate: float
    upper: float

    @property
    def missed_at_most(self) -> int:
        """How many unflagged documents should have been flagged, at most, with that confidence."""
        return min(int(self.upper * self.population), self.population)


class AuditSample:
    """A `Finisher` that puts a sample of unflagged documents into the run folder, to be labelled.

    The same run gives the same sample, and one that is there already is left as it is: it may hold labels.
    """

    def __init__(self, inputs: Inputs | None, count: int, *, suffix: str = ".csv") -> None:
        """Take what the run reads, for the texts, and how many documents to draw.

        Raises:
            ValueError: The number or the suffix is not allowed.
        """
        if not 0 < count <= MAX_SAMPLE:
            raise ValueError(f"the sample is of {count} documents; allowed: 1 to {MAX_SAMPLE:,}")
        if suffix not in {".csv", ".jsonl"}:
            raise ValueError(f"the sample's suffix is '{suffix}'; allowed: .csv, .jsonl")
        self._inputs, self._count, self._suffix = inputs, count, suffix

    def finish(self, run: RunFolder) -> None:
        """Draw the sample and write it.

        Raises:
            OSError: It cannot be written.
            BatchRefusedError: The texts cannot be read again, or changed since the run.
        """
        drawn, population = draw(run, self._count)
        # Another number of documents, or a run after dead letters were scored, is another sample.
        mark = sha256(f"{run.manifest['run']} {self._count} {population}".encode()).hexdigest()[:8]
        name = f"audit-sample-{mark}{self._suffix}"
        if not run.store.exists(f"{run.name}/{name}"):
            texts = read_texts(self._inputs, set(drawn))
            if missing := len(drawn) - len(texts):
                detail = f"{missing} of {len(drawn)} drawn documents cannot be read again"
                raise BatchRefusedError(f"no sample was written: {detail}; it needs files that are still there")
            rows = [_row(texts[place], population) for place in drawn]
            run.store.write(f"{run.name}/{name}", _encode(rows, self._suffix))
        run.save(audit_sample={"file": name, "documents": len(drawn), "population": population})


def draw(run: RunFolder, count: int) -> tuple[list[Place], int]:
    """Return the places of documents drawn at random without replacement, in input order, and the number drawn from.

    Drawn from are the documents with an analysis that is not flagged, repeated ones included; what the model abstained
    on is not among them, for nothing is known of it. Each document's lot is a hash of the run and its place, and the
    smallest lots win: the same run draws the same, and every set of `count` documents is equally likely.
    """
    lots: list[tuple[int, Place]] = []
    population = 0
    seed = run.manifest["run"].encode()
    for place, unflagged in _unflagged(run):
        if not unflagged:
            continue
        population += 1
        lot = int.from_bytes(sha256(b"%s %d %d" % (seed, *place)).digest()[:8], "big")
        change = heapq.heappush if len(lots) < count else heapq.heappushpop
        change(lots, (-lot, place))
    return sorted(place for _, place in lots), population


def estimate(labels: Mapping[str, int], population: int, *, confidence: float = 0.95) -> Estimate:
    """Return what labels say: `labels` has the number of documents `missed` and `read`.

    Raises:
        ValueError: The numbers do not fit together, or the confidence is not between 0.5 and 1.
    """
    missed, sample = labels["missed"], labels["read"]
    if not 0.5 <= confidence < 1.0:
        raise ValueError(f"confidence is {confidence}; allowed: 0.5 to below 1")
    if not 0 <= missed <= sample <= population or not sample:
        raise ValueError(f"{missed} missed of {sample} read of {population}; allowed: no part larger than its whole")
    upper = 0.0 if sample == population and not missed else upper_bound(missed, sample, confidence)
    return Estimate(sample, missed, population, confidence, missed / sample, upper)


def upper_bound(missed: int, sample: int, confidence: float) -> float:
    """Return the exact one-sided upper bound of Clopper and Pearson for a share: `missed` were found in `sample`.

    It is the share at which so few or fewer are found with probability `1 - confidence`, found by bisection.
    """
    if missed >= sample:
        return 1.0
    low, high = missed / sample, 1.0
    # Each step halves the interval; after 60 it is narrower than doubles can tell apart.
    for _ in range(60):
        middle = (low + high) / 2
        if binomial_cdf(missed, sample, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def binomial_cdf(count: int, trials: int, share: float) -> float:
    """Return the probability of at most `count` hits in `trials` of probability `share`, 0 < share < 1."""
    if share >= 1.0:
        return 1.0 if count >= trials else 0.0
    whole = lgamma(trials + 1)
    terms = (
        whole - lgamma(hits + 1) - lgamma(trials - hits + 1) + hits * log(share) + (trials - hits) * log1p(-share)
        for hits in range(count + 1)
    )
    return min(1.0, sum(map(exp, terms)))


def read_labels(path: Path) -> tuple[dict[str, int], int]:
    """Return how many documents of a labelled sample were `missed` and `read`, and the number drawn from.

    Raises:
        AuditError: A row has no label or one that is not allowed, or the file is no sample.
        OSError: The file cannot be read.
    """
    populations: set[int] = set()
    missed = count = 0
    for count, row in enumerate(_rows(path), 1):
        label = str(row.get("label") or "").strip().casefold()
        if label not in YES | NO:
            said = "has no label" if not label else f"has the label {label[:20]!r}"
            raise AuditError(f"{path}: document {count} {said}; allowed: yes (should have been flagged) or no")
        missed += label in YES
        populations.add(_population(row.get("population"), path, count))
    if len(populations) != 1:
        found = "no documents" if not count else "documents of several samples"
        raise AuditError(f"{path} holds {found}; allowed: one sample as `tellsign score --sample-audit` wrote it")
    return {"missed": missed, "read": count}, populations.pop()


def _population(value: object, path: Path, row: int) -> int:
    try:
        return int(str(value))
    except ValueError:
        detail = f"{path}: document {row} has no whole number as population"
        raise AuditError(f"{detail}; allowed: the column as it was written") from None


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    suffix = path.suffix.lower()
    if suffix not in {".csv", ".jsonl"}:
        raise AuditError(f"{path} ends in '{suffix}'; allowed: .csv, .jsonl")
    # Spreadsheets put a mark before the first column.
    text = path.read_text(encoding="utf-8-sig")
    if suffix == ".csv":
        try:
            yield from csv.DictReader(io.StringIO(text, newline=""))
        except csv.Error as error:
            raise AuditError(f"{path} is not CSV: {error}") from None
        return
    for number, line in enumerate(text.splitlines(), 1):
        try:
            if line.strip():
                row = orjson.loads(line)
                yield row if isinstance(row, dict) else {}
        except orjson.JSONDecodeError:
            raise AuditError(f"{path}: line {number} is not JSON; allowed: one object a line") from None


def _unflagged(run: RunFolder) -> Iterator[tuple[Place, bool]]:
    """Yield the place of every document, and whether it has an analysis that scores it below the threshold."""
    known = bytearray()
    for shard in run.results().shards():
        for row, place in zip(shard.rows, row_places(shard.record), strict=True):
            # Of a row that became several only the first has a place of its own.
            first = next(split_row(row))
            if first.startswith(ANALYSIS):
                review = orjson.loads(first)["analysis"]["review"]
                unflagged = review["probability"] is not None and not review["flagged"]
            else:
                unflagged = not first.startswith(DEAD) and bool(known[orjson.loads(first)["link"]["number"]])
            known.append(unflagged)
            yield place, unflagged


def _row(incoming: Incoming, population: int) -> dict[str, Any]:
    document = incoming.document
    values = ("", document.id, incoming.source, incoming.member, incoming.line, population, document.text)
    return dict(zip(COLUMNS, values, strict=True))


def _encode(rows: list[dict[str, Any]], suffix: str) -> bytes:
    if suffix == ".jsonl":
        return b"".join(orjson.dumps(row) + b"\n" for row in rows)
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    # With a mark for spreadsheets, which take UTF-8 for something else without it.
    return text.getvalue().encode("utf-8-sig")


def _cell(value: object) -> object:
    # A spreadsheet takes such a text for a formula, and would run it.
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"} else value

"""Makes `report.html` of a finished run: one file that needs no script, no network and no server."""

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from heapq import nlargest
from math import log1p
from typing import Any

import orjson
from markupsafe import Markup

from classifier.document import NOTICE
from classifier.taxonomy import Taxonomy, load_taxonomy
from service.batch.clusters import CLUSTERS
from service.batch.excerpts import Piece, build_excerpt, plain
from service.batch.input_texts import read_texts
from service.batch.inputs import Inputs
from service.batch.items import Incoming
from service.batch.report_figures import BINS, Figures, IndicatorFigures, Queued, count_results
from service.batch.run_folder import RunFolder
from service.percentage import percent
from service.templating import build_templates
from service.visible import visible_line

REPORT = "report.html"
_CLUSTERS_SHOWN = 12
_WIDTH, _HEIGHT = 400, 100

_TEMPLATES = build_templates(
    "service.batch",
    percent=percent,
    number="{:,}".format,
    plain=plain,
    visible=visible_line,
)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a histogram, in the units of its drawing."""

    x: float
    width: float
    height: float
    flagged: bool
    label: str


@dataclass(frozen=True, slots=True)
class Histogram:
    """A distribution of probabilities, with logarithmic heights, and the threshold.

    Attributes:
        columns: From 0 to 1; empty ones left out.
        threshold: Where the threshold is, in the units of the drawing.
        summary: The same in words.
    """

    columns: tuple[Column, ...]
    threshold: float
    summary: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A document at the top of the queue."""

    queued: Queued
    where: str
    excerpt: tuple[Piece, ...]


class Report:
    """A `Finisher` that writes `report.html` into the run folder."""

    def __init__(self, inputs: Inputs | None, *, taxonomy: Taxonomy | None = None, queue: int = 20) -> None:
        """Take what the run reads, for excerpts, and how many documents of the queue to show."""
        self._inputs, self._queue = inputs, queue
        self._taxonomy = taxonomy or load_taxonomy()

    def finish(self, run: RunFolder) -> None:
        """Write the report.

        Raises:
            OSError: It cannot be written.
            BatchRefusedError: A shard of the run is damaged or gone.
        """
        figures = count_results(run.results(), queue=self._queue)
        texts = read_texts(self._inputs, {queued.place for queued in figures.queue})
        clusters = _read_clusters(run)
        page = _TEMPLATES.get_template("report.html").render(
            run=run.manifest,
            **_style(),
            notice=NOTICE,
            figures=figures,
            titles={indicator.id: indicator.title for indicator in self._taxonomy.indicators},
            contexts={context.id: context.title for context in self._taxonomy.contexts} | {None: "Not scored"},
            review=build_histogram(figures.review_bins, figures.review_threshold),
            indicators=[(one, build_histogram(one.bins, one.threshold)) for one in _ranked(figures)],
            entries=[_entry(queued, texts.get(queued.place)) for queued in figures.queue],
            clusters=clusters,
        )
        run.store.write(f"{run.name}/{REPORT}", page.encode())


def build_histogram(bins: Sequence[int], threshold: float) -> Histogram:
    """Lay out a histogram; the height of a column is the logarithm of its count, or few would be seen beside many."""
    highest = log1p(max(bins, default=0)) or 1.0
    step = _WIDTH / BINS
    columns = tuple(
        Column(
            x=round(place * step + 0.75, 2),
            width=step - 1.5,
            height=round(max(2.0, _HEIGHT * log1p(count) / highest), 2),
            flagged=(place + 1) / BINS > threshold,
            label=f"{place / BINS:.2f} to {(place + 1) / BINS:.2f}: {count:,}",
        )
        for place, count in enumerate(bins)
        if count
    )
    below = sum(count for place, count in enumerate(bins) if (place + 1) / BINS <= 0.1)
    above = sum(count for place, count in enumerate(bins) if place / BINS >= 0.9)
    summary = f"{sum(bins):,} scored: {below:,} below 0.1, {above:,} from 0.9 on; threshold {threshold:.2f}"
    return Histogram(columns, round(_WIDTH * threshold, 2), summary)


def _style() -> dict[str, str]:
    """Return the style sheet, and its hash: the page's policy allows this one alone."""
    style = _TEMPLATES.get_template("report.css").render()
    digest = b64encode(sha256(style.encode()).digest()).decode()
    # The page is the one that this package brings along, and the sheet holds nothing of a run.
    return {"style": Markup(style), "style_hash": digest}  # noqa: S704


def _ranked(figures: Figures) -> list[IndicatorFigures]:
    return sorted(figures.indicators, key=lambda one: -one.flagged)


def _entry(queued: Queued, incoming: Incoming | None) -> Entry:
    text = incoming.document.text if incoming is not None else None
    # A file may have been changed since: an excerpt of other words would be worse than none.
    if text is not None and not _fits(queued.analysis, text):
        text = None
    return Entry(queued, _where(queued.analysis, incoming), build_excerpt(queued.analysis, text))


def _fits(analysis: Mapping[str, Any], text: str) -> bool:
    spans = (span for indicator in analysis["indicators"] for span in indicator["spans"])
    return analysis["characters"] == len(text) and all(text[s["start"] : s["end"]] == s["text"] for s in spans)


def _where(analysis: Mapping[str, Any], incoming: Incoming | None) -> str:
    """Return where a document is, for people: `mails.zip, plan.pdf, line 3`."""
    if incoming is None:
        found: Mapping[str, Any] = analysis.get("provenance", {})
        parts = [found.get("source"), found.get("member"), found.get("line")]
    else:
        parts = [incoming.source, incoming.member, incoming.line]
    source, member, line = parts
    return ", ".join([str(part) for part in (source, member) if part] + ([f"line {line}"] if line else []))


def _read_clusters(run: RunFolder) -> list[dict[str, Any]]:
    """Return the largest clusters; none of an older run that looked for them when this one did not."""
    if run.manifest["identity"].get("duplicates") is None:
        run.store.remove(f"{run.name}/{CLUSTERS}")
        return []
    return nlargest(_CLUSTERS_SHOWN, _cluster_rows(run), key=lambda row: row["size"])


def _cluster_rows(run: RunFolder) -> Iterator[dict[str, Any]]:
    if not run.store.exists(f"{run.name}/{CLUSTERS}"):
        return
    start, rest = 0, b""
    while piece := run.store.read(f"{run.name}/{CLUSTERS}", start, start + 2**20):
        start += len(piece)
        *lines, rest = (rest + piece).split(b"\n")
        yield from map(orjson.loads, lines)

"""Whether a probability means what it says: observed shares by bin, as figures and as a drawing made of text."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from classifier.document import Analysis
from classifier.taxonomy import load_taxonomy
from training.corpus import Record
from training.metrics import Interval, wilson_interval
from training.sample import REVIEW, build_sample

_PANEL, _GAP, _TOP, _STRIP = 320, 96, 78, 62
_LEFT = 66
_INK, _FAINT, _BLUE, _GREY = "#1b1b1b", "#d9d9d9", "#1f5fa8", "#b7c4d4"


@dataclass(frozen=True, slots=True)
class Bin:
    """The answers whose probability lies in `[low, high)`; the last bin holds 1 too.

    Attributes:
        low: Its lower edge.
        high: Its upper edge.
        count: Answers in it.
        predicted: Their mean probability; NaN of none.
        observed: Share of them that are true, with its Wilson interval.
    """

    low: float
    high: float
    count: int
    predicted: float
    observed: Interval


@dataclass(frozen=True, slots=True)
class Reliability:
    """A reliability table of one question or of many together.

    Attributes:
        title: What the probabilities are of.
        bins: In order of their edges.
        error: Expected calibration error over these bins, 0..1.
    """

    title: str
    bins: tuple[Bin, ...]
    error: float


def measure_reliability(records: Sequence[Record], analyses: Sequence[Analysis]) -> list[Reliability]:
    """Give the tables of review and of all indicators together; an indicator alone has too few positives for bins."""
    review = build_sample(records, analyses, REVIEW)
    samples = [build_sample(records, analyses, name) for name in load_taxonomy().ids]
    truth = np.concatenate([sample.truth for sample in samples])
    probability = np.concatenate([sample.probability for sample in samples])
    return [
        build_reliability("review", review.truth, review.probability),
        build_reliability("indicators", truth, probability),
    ]


def build_reliability(title: str, truth: np.ndarray, probability: np.ndarray, *, bins: int = 10) -> Reliability:
    """Count answers by bins of equal width.

    Args:
        title: What the probabilities are of.
        truth: (n,) bool.
        probability: (n,) 0..1; NaN, an abstention, is left out.
        bins: How many.
    """
    answered = ~np.isnan(probability)
    truth, probability = truth[answered], probability[answered]
    place = np.minimum((probability * bins).astype(int), bins - 1)
    found = [_build_bin(number, bins, truth[place == number], probability[place == number]) for number in range(bins)]
    gaps = [one.count * abs(one.observed.value - one.predicted) for one in found if one.count]
    return Reliability(title, tuple(found), sum(gaps) / len(truth) if len(truth) else float("nan"))


def _build_bin(number: int, bins: int, truth: np.ndarray, probability: np.ndarray) -> Bin:
    count = len(truth)
    mean = float(probability.mean()) if count else float("nan")
    return Bin(number / bins, (number + 1) / bins, count, mean, wilson_interval(int(truth.sum()), count))


def draw_reliability(tables: Sequence[Reliability], caption: str) -> str:
    """Draw reliability tables side by side as one self-contained SVG.

    A point is a bin: mean probability across, observed share up, with its interval; on the diagonal a probability means
    what it says. The bars below count the answers, on a logarithmic scale.

    Args:
        tables: One a panel.
        caption: What was measured on what.
    """
    width = _LEFT + len(tables) * (_PANEL + _GAP) - _GAP + 24
    height = _TOP + _PANEL + 30 + _STRIP + 52
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    style = f'font-family="sans-serif" font-size="12" fill="{_INK}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="title description" {style}>',
        f'<title id="title">{escape(caption)}</title>',
        f'<desc id="description">{escape(_describe(tables))}</desc>',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        _text(_LEFT, 24, caption, 'font-size="15" font-weight="bold"'),
    ]
    for number, table in enumerate(tables):
        x = _LEFT + number * (_PANEL + _GAP)
        parts += [_text(x, 56, _heading(table), 'font-size="13"'), *_draw_axes(x), *_draw_points(x, table)]
        parts += _draw_counts(x, table)
    return "\n".join([*parts, "</svg>", ""])


def _describe(tables: Sequence[Reliability]) -> str:
    return " ".join(
        f"{table.title}: "
        + ", ".join(
            f"{one.count} answers at {one.predicted:.2f} of which {one.observed.value:.2f} are true"
            for one in table.bins
            if one.count
        )
        + "."
        for table in tables
    )


def _heading(table: Reliability) -> str:
    count = sum(one.count for one in table.bins)
    return f"{table.title}: {count:,} answers, calibration error {table.error:.3f}"


def _text(x: float, y: float, content: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {more}>{escape(content)}</text>'


def _line(start: tuple[float, float], end: tuple[float, float], more: str) -> str:
    return f'<line x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}" {more}/>'


def _draw_axes(x: float) -> list[str]:
    """Draw grid, diagonal and labels of a panel whose left edge is at `x`."""
    bottom, parts = _TOP + _PANEL, []
    for tick in range(0, 11, 2):
        share = tick / 10.0
        across, up = x + share * _PANEL, bottom - share * _PANEL
        parts += [
            _line((across, _TOP), (across, bottom), f'stroke="{_FAINT}"'),
            _line((x, up), (x + _PANEL, up), f'stroke="{_FAINT}"'),
            _text(across, bottom + 16, f"{share:.1f}", 'text-anchor="middle"'),
            _text(x - 8, up + 4, f"{share:.1f}", 'text-anchor="end"'),
        ]
    middle = _TOP + _PANEL / 2
    turned = f'text-anchor="middle" transform="rotate(-90 {x - 42:.1f} {middle:.1f})"'
    return [
        *parts,
        _line((x, bottom), (x + _PANEL, _TOP), f'stroke="{_INK}" stroke-dasharray="5 4"'),
        _text(x - 42, middle, "observed share", turned),
    ]


def _draw_points(x: float, table: Reliability) -> list[str]:
    bottom, parts = _TOP + _PANEL, []
    for one in (one for one in table.bins if one.count):
        across = x + one.predicted * _PANEL
        low, high = (bottom - value * _PANEL for value in (one.observed.low, one.observed.high))
        note = f"{one.low:.1f} to {one.high:.1f}: {one.count} answers, {one.observed.value:.3f} true"
        place = f'cx="{across:.1f}" cy="{bottom - one.observed.value * _PANEL:.1f}" r="4.5"'
        parts += [
            _line((across, low), (across, high), f'stroke="{_BLUE}" stroke-width="2"'),
            f'<circle {place} fill="{_BLUE}"><title>{escape(note)}</title></circle>',
        ]
    return parts


def _draw_counts(x: float, table: Reliability) -> list[str]:
    """Draw the bars of the counts; a logarithm, for nearly all answers lie in the lowest bin."""
    base, parts = _TOP + _PANEL + 30 + _STRIP + 14, []
    most = max(np.log10(1 + max((one.count for one in table.bins), default=0)), 1.0)
    for one in table.bins:
        tall, wide = _STRIP * np.log10(1 + one.count) / most, (one.high - one.low) * _PANEL
        left = x + one.low * _PANEL
        place = f'x="{left + 2:.1f}" y="{base - tall:.1f}" width="{wide - 4:.1f}" height="{tall:.1f}"'
        parts += [
            f'<rect {place} fill="{_GREY}"/>',
            _text(left + wide / 2, base - tall - 3, f"{one.count:,}", 'text-anchor="middle" font-size="10"'),
        ]
    axis = _line((x, base), (x + _PANEL, base), f'stroke="{_INK}"')
    label = _text(x + _PANEL / 2, base + 20, "predicted probability; bars: answers, log scale", 'text-anchor="middle"')
    return [*parts, axis, label]

"""Drawings of figures as plain numbers for the templates: bars, stacks and intervals on a scale from 0 to 100.

Everything drawn is also there as text: a drawing is for a glance.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from service.review.agreement import Estimate
from service.review.counts import DayCount
from service.web.wording import percent

# Fewer cases than this say nothing that the next few could not turn over.
FEW_CASES = 10
FEW_PAIRS = 20
_STEP, _BAR = 10.0, 3.8


@dataclass(frozen=True, slots=True)
class Column:
    """Two bars side by side for one day: left edges and heights on a scale from 0 to 100, and what a pointer reads."""

    left: float
    right: float
    came: float
    decided: float
    title: str


@dataclass(frozen=True, slots=True)
class DayChart:
    """Days side by side.

    Attributes:
        columns: One a day.
        width: Of all columns.
        bar: Width of one bar.
        most: What the full height stands for.
        came: Sum over the days.
        decided: Sum over the days.
    """

    columns: tuple[Column, ...]
    width: float
    bar: float
    most: int
    came: int
    decided: int


@dataclass(frozen=True, slots=True)
class Slice:
    """A piece of a stacked bar: what it is of, how much, and where it lies from 0 to 100."""

    name: str
    number: int
    start: float
    width: float


@dataclass(frozen=True, slots=True)
class Scale:
    """An estimate on a line from 0 to 100; `text` says it with its interval, `word` in a word."""

    value: float
    low: float
    high: float
    text: str
    word: str = ""


def draw_days(days: Sequence[DayCount]) -> DayChart:
    """Columns of what came and what was decided on each day."""
    most = max((max(day.came, day.decided) for day in days), default=0)
    height = 100.0 / most if most else 0.0
    columns = tuple(
        Column(
            left=place * _STEP + 1.0,
            right=place * _STEP + 1.0 + _BAR,
            came=day.came * height,
            decided=day.decided * height,
            title=f"{day.day:%Y-%m-%d}: {day.came} came, {day.decided} decided",
        )
        for place, day in enumerate(days)
    )
    came, decided = sum(day.came for day in days), sum(day.decided for day in days)
    return DayChart(columns, len(days) * _STEP, _BAR, most, came, decided)


def stack(numbers: Mapping[str, int] | Iterable[tuple[str, int]], *, full: int | None = None) -> tuple[Slice, ...]:
    """Numbers end to end on a bar; noughts take no room and are left out.

    Args:
        numbers: By name, in the order of the bar.
        full: What the whole length stands for; None for the sum of the numbers.
    """
    given = list(numbers.items() if isinstance(numbers, Mapping) else numbers)
    whole = full or sum(number for _, number in given)
    slices, at = [], 0.0
    for name, number in given:
        if number:
            width = 100.0 * number / whole
            slices.append(Slice(name, number, at, width))
            at += width
    return tuple(slices)


def draw_share(estimate: Estimate) -> Scale | None:
    """A share with its interval; None where there is none."""
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return None
    text = f"{percent(estimate.value)} ({percent(estimate.low)} to {percent(estimate.high)})"
    return Scale(100 * estimate.value, 100 * estimate.low, 100 * estimate.high, text)


def draw_alpha(estimate: Estimate) -> Scale | None:
    """Krippendorff's alpha with its interval; what lies below 0, worse than chance, is drawn at 0."""
    if estimate.value is None:
        return None
    low, high = (estimate.value if bound is None else bound for bound in (estimate.low, estimate.high))
    text = f"{figure(estimate.value)} ({figure(low)} to {figure(high)})"
    at, start, end = (100 * min(1.0, max(0.0, value)) for value in (estimate.value, low, high))
    return Scale(at, start, end, text, say_alpha(estimate.value))


def say_alpha(value: float) -> str:
    """What is made of an alpha, by the bounds of Krippendorff 2004, Content Analysis, section 11.4.2."""
    if value >= 0.8:
        return "reliable"
    return "tentative" if value >= 0.667 else "not reliable"


def figure(value: float | None) -> str:
    """A coefficient with two decimals and a true minus sign; a dash for none."""
    # Adding nought makes the nought that rounding leaves of a small negative number a plain one.
    return "\N{EN DASH}" if value is None else f"{round(value, 2) + 0.0:.2f}".replace("-", "\N{MINUS SIGN}")


def points(share: float) -> str:
    """A difference of shares in percentage points, with its sign."""
    return f"{round(100 * share) + 0:+d} points".replace("-", "\N{MINUS SIGN}")

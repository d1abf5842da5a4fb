"""Charts for notebooks: one look, axes that say what they show, and colours that everybody can tell apart.

Colours are those of Okabe and Ito (2008), and cividis (Nunez et al. 2018) where a number is a shade; series differ in
marker and dash too, so that a print in grey still reads. Each function gives a finished figure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from classifier.errors import TellsignError
from training.metrics import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, PINK, YELLOW, SKY, INK = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#e69f00",
    "#56b4e9",
    "#1b1b1b",
)
# Neighbours differ in how light they are, too.
COLOURS = (BLUE, YELLOW, ORANGE, SKY, GREEN, PINK)
_MARKERS, _DASHES = ("o", "s", "^", "D", "v", "P"), ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)))
_WIDTH, _ROW = 8.0, 0.3
_STYLE: Any = {
    "axes.axisbelow": True,
    "axes.edgecolor": "#8a8a8a",
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 12,
    "figure.dpi": 100,
    "figure.facecolor": "white",
    "font.size": 10,
    "grid.color": "#e3e3e3",
    "text.color": INK,
}


class PlotError(TellsignError):
    """A chart cannot be drawn; the message says what is missing or does not fit together."""


@dataclass(frozen=True, slots=True)
class Line:
    """One series of a line chart.

    Attributes:
        name: In the legend.
        x: (n,) ascending.
        y: (n,).
        low: (n,) lower edge of its band; None without a band.
        high: (n,) upper edge.
    """

    name: str
    x: Sequence[float] | np.ndarray
    y: Sequence[float] | np.ndarray
    low: Sequence[float] | np.ndarray | None = None
    high: Sequence[float] | np.ndarray | None = None


def draw_bars(bars: Mapping[str, float | Interval], *, title: str, label: str, mark: float | None = None) -> "Figure":
    """Draw horizontal bars, the first on top; an interval gets whiskers, and what is below 0 another colour.

    Args:
        bars: Name to value.
        title: What the chart shows.
        label: Of the axis, with its unit.
        mark: Where to draw a dashed line across.
    """
    names, found = list(bars), list(bars.values())
    values = np.array([one.value if isinstance(one, Interval) else one for one in found])
    figure, axes = _open(title, rows=len(names))
    axes.barh(names, values, height=0.7, color=[BLUE if value >= 0 else ORANGE for value in values.tolist()])
    for place, one in enumerate(found):
        if isinstance(one, Interval) and not np.isnan(one.low):
            # A white edge keeps the whisker in sight on its bar.
            for colour, width in (("white", 4.0), (INK, 1.5)):
                axes.plot([one.low, one.high], [place, place], color=colour, linewidth=width, solid_capstyle="butt")
    if mark is not None:
        axes.axvline(mark, color=INK, linestyle="--", linewidth=1)
    return _finish_rows(figure, axes, len(names), label)


def draw_stacks(stacks: Mapping[str, Sequence[float]], parts: Sequence[str], *, title: str, label: str) -> "Figure":
    """Draw horizontal bars of parts laid end to end.

    Args:
        stacks: Name to the sizes of its parts.
        parts: Names of the parts, in the order of the sizes.
        title: What the chart shows.
        label: Of the axis, with its unit.

    Raises:
        PlotError: a stack has another number of parts.
    """
    if wrong := [name for name, sizes in stacks.items() if len(sizes) != len(parts)]:
        raise PlotError(f"'{wrong[0]}' has {len(stacks[wrong[0]])} parts; {len(parts)} are named")
    sizes = np.array(list(stacks.values()), dtype=float).reshape(-1, len(parts))
    figure, axes = _open(title, rows=len(stacks) + 1)
    left = np.zeros(len(stacks))
    hatches = ("", "///", "...", "xxx", "\\\\\\", "ooo")
    for number, part in enumerate(parts):
        colour, hatch = COLOURS[number % len(COLOURS)], hatches[number % len(hatches)]
        axes.barh(
            list(stacks),
            sizes[:, number],
            left=left,
            height=0.7,
            color=colour,
            edgecolor="white",
            hatch=hatch,
            label=part,
        )
        left += sizes[:, number]
    _put_legend(axes, len(parts))
    return _finish_rows(figure, axes, len(stacks), label)


def draw_matrix(
    values: np.ndarray, rows: Sequence[str], columns: Sequence[str], *, title: str, label: str, form: str = "{:.0%}"
) -> "Figure":
    """Draw a table of shades with its numbers.

    Args:
        values: (n_rows, n_columns); NaN stays empty.
        rows: Their names.
        columns: Their names.
        title: What the chart shows.
        label: What a shade means.
        form: How a number is written.

    Raises:
        PlotError: names and values do not fit.
    """
    if values.shape != (len(rows), len(columns)):
        raise PlotError(f"values are {values.shape}; {len(rows)} rows and {len(columns)} columns are named")
    tall, wide = 1.6 + 0.36 * len(rows), max(4.0, 2.8 + 0.5 * len(columns))
    figure, axes = _open(title, size=(wide + 1.0, tall))
    axes.grid(visible=False)
    shades = axes.imshow(np.ma.masked_invalid(values), cmap="cividis", aspect="auto")
    axes.set_xticks(range(len(columns)), columns, rotation=45, ha="right")
    axes.set_yticks(range(len(rows)), rows)
    middle = (np.nanmin(values) + np.nanmax(values)) / 2.0
    for row, column in np.argwhere(~np.isnan(values)).tolist():
        number = float(values[row, column])
        colour = "white" if number < middle else INK
        axes.text(column, row, form.format(number), ha="center", va="center", fontsize=8, color=colour)
    figure.colorbar(shades, ax=axes, label=label, fraction=0.04, pad=0.02, format=lambda value, _: form.format(value))
    return _close(figure)


def draw_lines(
    lines: Sequence[Line], *, title: str, x_label: str, y_label: str, logarithmic: bool = False, diagonal: bool = False
) -> "Figure":
    """Draw series, with bands where they have any.

    Args:
        lines: The series.
        title: What the chart shows.
        x_label: Of the horizontal axis, with its unit.
        y_label: Of the vertical axis, with its unit.
        logarithmic: Whether the horizontal axis is.
        diagonal: Draw the line where both axes say the same.
    """
    figure, axes = _open(title, size=(_WIDTH, 4.2))
    if diagonal:
        axes.plot([0, 1], [0, 1], color="#8a8a8a", linestyle="--", linewidth=1)
    for number, line in enumerate(lines):
        colour = COLOURS[number % len(COLOURS)]
        few = _MARKERS[number % len(_MARKERS)] if len(line.x) <= 30 else None
        dash = _DASHES[number % len(_DASHES)]
        axes.plot(
            line.x, line.y, color=colour, linestyle=dash, linewidth=1.8, marker=few, markersize=5, label=line.name
        )
        if line.low is not None and line.high is not None:
            axes.fill_between(line.x, line.low, line.high, color=colour, alpha=0.15, linewidth=0)
    if logarithmic:
        axes.set_xscale("log")
        _write_plain_ticks(axes, lines)
    axes.set(xlabel=x_label, ylabel=y_label)
    axes.yaxis.set_major_formatter("{x:,g}")
    if len(lines) > 1:
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    return _close(figure)


def draw_boxes(
    samples: Mapping[str, Sequence[float] | np.ndarray], *, title: str, label: str, logarithmic: bool = False
) -> "Figure":
    """Draw the spread of samples: a box from quartile to quartile with the median, and the 5th and 95th percentile."""
    figure, axes = _open(title, rows=len(samples))
    axes.boxplot(
        list(samples.values()),
        orientation="horizontal",
        tick_labels=list(samples),
        whis=(5, 95),
        showfliers=False,
        patch_artist=True,
        widths=0.6,
        boxprops={"facecolor": SKY, "edgecolor": BLUE},
        medianprops={"color": INK, "linewidth": 2},
        whiskerprops={"color": BLUE},
        capprops={"color": BLUE},
    )
    if logarithmic:
        axes.set_xscale("log", subs=())
        axes.set_xticks(_round_ticks(samples), minor=False)
    axes.xaxis.set_major_formatter("{x:,g}")
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(label)
    return _close(figure)


def draw_strips(
    strips: Mapping[str, Sequence[tuple[float, bool]]], *, title: str, label: str, marked: str, plain: str
) -> "Figure":
    """Draw every value of each row as a dot; marked ones stand out by colour and shape.

    Args:
        strips: Name to values, each with whether it is marked.
        title: What the chart shows.
        label: Of the axis, with its unit.
        marked: What a marked dot is.
        plain: What the others are.
    """
    figure, axes = _open(title, rows=len(strips) + 1)
    # Spread by a fixed pattern, so that dots of one value do not hide each other and the figure repeats.
    kinds = ((False, plain, SKY, "o"), (True, marked, ORANGE, "D"))
    for is_marked, name, colour, marker in kinds:
        points = [
            (value, row + 0.09 * (number % 7 - 3))
            for row, found in enumerate(strips.values())
            for number, (value, mark) in enumerate(found)
            if mark == is_marked
        ]
        across, up = zip(*points, strict=True) if points else ((), ())
        axes.scatter(across, up, s=22, color=colour, marker=marker, edgecolor=INK, linewidth=0.3, label=name)
    axes.set_yticks(range(len(strips)), list(strips))
    _put_legend(axes, 2)
    return _finish_rows(figure, axes, len(strips), label)


def _open(title: str, *, rows: int = 0, size: tuple[float, float] | None = None) -> "tuple[Figure, Axes]":
    """Open a figure with one pair of axes; by rows it is as tall as they need."""
    try:
        from matplotlib import pyplot as plt  # noqa: PLC0415  half a second that only those who draw pay
    except ModuleNotFoundError as error:
        raise PlotError(
            f"drawing needs the package '{error.name}'; install it with: pip install 'tellsign[notebooks]'"
        ) from None
    with plt.rc_context(_STYLE):
        figure, axes = plt.subplots(figsize=size or (_WIDTH, 1.3 + _ROW * rows), layout="constrained")
    axes.set_title(title, loc="left", pad=10, wrap=True)
    return figure, axes


def _finish_rows(figure: "Figure", axes: "Axes", rows: int, label: str) -> "Figure":
    """Put the first row on top and the label under the axis."""
    axes.set_ylim(rows - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.xaxis.set_major_formatter("{x:,g}")
    axes.set_xlabel(label)
    return _close(figure)


def _put_legend(axes: "Axes", columns: int) -> None:
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=columns, borderaxespad=0.2, frameon=False)
    axes.set_title(axes.get_title(loc="left"), loc="left", pad=28, wrap=True)


def _write_plain_ticks(axes: "Axes", lines: Sequence[Line]) -> None:
    """Name the values that were measured instead of powers of ten, where they are few."""
    values = sorted({float(value) for line in lines for value in line.x})
    if len(values) <= 12:
        axes.set_xticks(values, [f"{value:,g}" for value in values])
        axes.minorticks_off()


def _round_ticks(samples: Mapping[str, Sequence[float] | np.ndarray]) -> list[float]:
    """Give the round numbers 1, 2 and 5 of every power of ten between the whiskers of all samples."""
    ends = [np.percentile(np.asarray(values), (5, 95)) for values in samples.values()]
    low, high = min(end[0] for end in ends), max(end[1] for end in ends)
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    return [
        step * 10.0**power for power in powers for step in (1, 2, 5) if low / 1.5 <= step * 10.0**power <= high * 1.5
    ]


def _close(figure: "Figure") -> "Figure":
    """Give the figure to whoever called and to nobody else: a notebook would show it twice."""
    from matplotlib import pyplot as plt  # noqa: PLC0415  as above

    plt.close(figure)
    return figure

"""Charts say what they show: title, labels with units, every value in its place, and nothing by colour alone."""

import io
import sys
from itertools import pairwise
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.patches import Rectangle

from training.metrics import Interval
from training.plots import (
    COLOURS,
    Line,
    PlotError,
    draw_bars,
    draw_boxes,
    draw_lines,
    draw_matrix,
    draw_stacks,
    draw_strips,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

mpl.use("agg")

NAMES = ["debt_bondage", "isolation"]


def luminance(colour: str) -> float:
    """Relative luminance of a colour (WCAG 2.2)."""
    channels = [int(colour[place : place + 2], 16) / 255.0 for place in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def lengths(axes: "Axes") -> list[tuple[float, float]]:
    """Where each bar begins, and how long it is."""
    return [(bar.get_x(), bar.get_width()) for bar in axes.patches if isinstance(bar, Rectangle)]


def test_bars_carry_title_label_and_values_in_order() -> None:
    figure = draw_bars({"a": 0.5, "b": Interval(0.25, 0.1, 0.4), "c": -1.0}, title="Missed", label="share", mark=0.3)
    (axes,) = figure.axes
    assert axes.get_title(loc="left") == "Missed"
    assert axes.get_xlabel() == "share"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b", "c"]
    assert lengths(axes) == [(0.0, 0.5), (0.0, 0.25), (0.0, -1.0)]
    # The whisker with its white edge, and the mark.
    found = [sorted({float(x) for x in np.ravel(line.get_xdata())}) for line in axes.lines]
    assert found == [[0.1, 0.4], [0.1, 0.4], [0.3]]
    # The first name stands on top.
    bottom, top = axes.get_ylim()
    assert bottom > top


def test_unknown_interval_has_no_whisker() -> None:
    nan = float("nan")
    assert list(draw_bars({"a": Interval(0.5, nan, nan)}, title="t", label="l").axes[0].lines) == []


def test_stacks_lie_end_to_end_and_name_their_parts() -> None:
    figure = draw_stacks({"a": (1, 2), "b": (3, 4)}, ("asserted", "negated"), title="Spans", label="spans")
    (axes,) = figure.axes
    assert lengths(axes) == [(0.0, 1.0), (0.0, 3.0), (1.0, 2.0), (3.0, 4.0)]
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["asserted", "negated"]
    # A print in grey tells the parts apart too.
    assert axes.patches[0].get_hatch() != axes.patches[2].get_hatch()


def test_stack_of_another_number_of_parts_is_refused() -> None:
    with pytest.raises(PlotError, match="'b' has 1 parts; 2 are named"):
        draw_stacks({"a": (1, 2), "b": (3,)}, ("x", "y"), title="t", label="l")


def test_matrix_writes_its_numbers_and_leaves_unknown_ones_empty() -> None:
    values = np.array([[0.5, np.nan], [0.25, 1.0]])
    figure = draw_matrix(values, NAMES, NAMES, title="Together", label="share")
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.texts] == ["50%", "25%", "100%"]
    assert [label.get_text() for label in axes.get_xticklabels()] == NAMES
    assert figure.axes[1].get_ylabel() == "share"


def test_matrix_that_does_not_fit_its_names_is_refused() -> None:
    with pytest.raises(PlotError, match=r"values are \(2, 3\); 2 rows and 2 columns are named"):
        draw_matrix(np.zeros((2, 3)), NAMES, NAMES, title="t", label="l")


def test_lines_differ_in_more_than_colour() -> None:
    lines = [Line(str(number), [1, 2], [number, number], [0, 0], [3, 3]) for number in range(len(COLOURS))]
    (axes,) = draw_lines(lines, title="t", x_label="documents", y_label="AP", logarithmic=True).axes
    assert axes.get_xscale() == "log"
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "2"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("documents", "AP")
    assert len({str(line.get_marker()) for line in axes.lines}) == len(lines)
    assert len({str(line.get_color()) for line in axes.lines}) == len(lines)
    assert len(axes.collections) == len(lines)


def test_one_line_needs_no_legend_and_the_diagonal_is_not_a_series() -> None:
    (axes,) = draw_lines([Line("review", [0, 1], [0, 1])], title="t", x_label="x", y_label="y", diagonal=True).axes
    assert axes.get_legend() is None
    assert len(axes.lines) == 2


def test_boxes_are_named_and_their_axis_has_round_numbers() -> None:
    samples = {"disclosure": np.array([90, 200, 900]), "report": np.array([100, 300, 1100])}
    (axes,) = draw_boxes(samples, title="Length", label="characters", logarithmic=True).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["disclosure", "report"]
    assert [float(tick) for tick in axes.get_xticks()] == [100.0, 200.0, 500.0, 1000.0]


def test_strips_show_every_value_once() -> None:
    strips = {"gender": [(0.1, False), (0.6, True)], "dialect": [(0.2, False)], "none": []}
    (axes,) = draw_strips(strips, title="Moves", label="move", marked="flag changed", plain="no flag").axes
    plain, marked = (np.asarray(points.get_offsets()) for points in axes.collections)
    assert plain[:, 0].tolist() == [0.1, 0.2]
    assert marked[:, 0].tolist() == [0.6]
    assert np.round(marked[:, 1]).tolist() == [0.0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["gender", "dialect", "none"]


def test_neighbouring_colours_differ_in_luminance_too() -> None:
    """Who sees no hue still sees which of two series that follow each other is the darker one."""
    values = [luminance(colour) for colour in COLOURS]
    assert all(abs(first - second) > 0.03 for first, second in pairwise(values))


def test_same_values_give_the_same_picture() -> None:
    pictures = []
    for _ in range(2):
        stream = io.BytesIO()
        strips = {"gender": [(0.1 * number, number % 2 == 0) for number in range(9)]}
        figure = draw_strips(strips, title="t", label="l", marked="m", plain="p")
        figure.savefig(stream, format="png", metadata={"Software": None})
        pictures.append(stream.getvalue())
    assert pictures[0] == pictures[1]


def test_without_matplotlib_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(
        PlotError, match=r"drawing needs the package 'matplotlib'; .* pip install 'tellsign\[notebooks\]'"
    ):
        draw_bars({"a": 1.0}, title="t", label="l")

"""Drawings of figures as numbers: they add up, stay on their scale, and say in words what they draw."""

from datetime import date

import pytest

from service.review.agreement import Estimate, share
from service.review.counts import DayCount
from service.store.errors import RefusedError
from service.web.desk.charts import draw_alpha, draw_days, draw_share, figure, points, stack
from service.web.desk.form_reading import Fields, read_day
from service.web.desk.search_query import read_search


def test_days_are_drawn_against_the_busiest() -> None:
    chart = draw_days([DayCount(date(2030, 1, 7), 4, 1), DayCount(date(2030, 1, 8), 0, 2)])
    assert [(column.came, column.decided) for column in chart.columns] == [(100, 25), (0, 50)]
    assert (chart.most, chart.came, chart.decided, chart.width) == (4, 4, 3, 20)
    assert chart.columns[1].title == "2030-01-08: 0 came, 2 decided"


def test_days_without_anything_are_drawn_flat() -> None:
    assert draw_days([DayCount(date(2030, 1, 7), 0, 0)]).columns[0].came == 0


def test_stack_leaves_noughts_out_and_fills_the_bar() -> None:
    slices = stack({"a": 1, "b": 0, "c": 3})
    assert [(one.name, one.start, one.width) for one in slices] == [("a", 0, 25), ("c", 25, 75)]
    assert stack({"a": 1}, full=4)[0].width == 25
    assert stack({"a": 0}) == ()


def test_share_is_said_with_its_interval() -> None:
    scale = draw_share(share(9, 10))
    assert scale is not None
    assert scale.text == "90 % (60 % to 98 %)"
    assert draw_share(share(0, 0)) is None


@pytest.mark.parametrize(
    ("value", "word", "at"),
    [(0.9, "reliable", 90), (0.7, "tentative", 70), (0.5, "not reliable", 50), (-0.2, "not reliable", 0)],
)
def test_alpha_is_said_in_a_word_and_drawn_from_nought(value: float, word: str, at: float) -> None:
    scale = draw_alpha(Estimate(value, value - 0.1, min(1.0, value + 0.1)))
    assert scale is not None
    assert scale.word == word
    assert scale.value == pytest.approx(at)
    assert draw_alpha(Estimate(None, None, None)) is None


def test_numbers_have_true_minus_signs_and_no_negative_nought() -> None:
    assert (figure(-0.004), figure(-0.126), figure(None)) == ("0.00", "\N{MINUS SIGN}0.13", "\N{EN DASH}")
    assert (points(0.078), points(-0.2), points(-0.001)) == ("+8 points", "\N{MINUS SIGN}20 points", "+0 points")


def test_search_is_read_from_an_address_and_written_back() -> None:
    query = read_search({"q": " ferry ", "state": "done", "assertion": "negated", "to": "2030-01-07", "other": "x"})
    assert (query.words, query.narrowed, query.asked) == ("ferry", 2, True)
    assert query.address("abc") == "/search?q=ferry&state=done&to=2030-01-07&cursor=abc"
    filters = query.filters()
    assert (filters.state, filters.assertion) == ("done", None)
    assert filters.created_to == read_day("to", "2030-01-08")
    assert not read_search({}).asked


@pytest.mark.parametrize(
    "given", [{"score_from": "101"}, {"score_to": "x"}, {"from": "7.1.2030"}, {"to": "9999-12-31"}]
)
def test_search_refuses_what_is_no_score_or_day(given: dict[str, str]) -> None:
    with pytest.raises(RefusedError):
        read_search(given).filters()


@pytest.mark.parametrize("typed", ["-1", "0", "11", "1.5", "ten", "١", "9" * 12])
def test_number_outside_its_bounds_is_refused(typed: str) -> None:
    with pytest.raises(RefusedError, match="from 1 to 10"):
        Fields({"days": [typed]}).number("days", least=1, most=10)
    assert Fields({}).number("days", least=1, most=10) is None

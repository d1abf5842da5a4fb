"""The examples of the page show what they are there to show, read by the model that ships.

When a new model reads one otherwise, the page gets another wording: the model is never fitted to them.
"""

from functools import cache

import pytest

from classifier.document import Analysis
from service.web.examples import load_examples
from tests.serving import load_model


@cache
def analyses() -> dict[str, Analysis]:
    model = load_model()
    return {example.name: model.analyze(example.text) for example in load_examples()}


@pytest.mark.parametrize(
    ("name", "flagged"),
    [("disclosure", True), ("offer", True), ("guidance", False), ("ordinary", False), ("denial", False)],
)
def test_example_is_flagged_for_review_where_it_should_be(name: str, flagged: bool) -> None:
    assert analyses()[name].review.flagged is flagged


@pytest.mark.parametrize("name", ["guidance", "ordinary", "denial"])
def test_example_without_a_case_flags_no_indicator(name: str) -> None:
    assert analyses()[name].review.reasons == ()


@pytest.mark.parametrize(
    ("name", "assertion"), [("disclosure", "asserted"), ("guidance", "hypothetical"), ("denial", "negated")]
)
def test_example_shows_several_spans_held_as_it_says(name: str, assertion: str) -> None:
    spans = [span for indicator in analyses()[name].indicators for span in indicator.spans]
    assert sum(span.assertion == assertion for span in spans) >= 3


def test_every_example_is_in_the_table_above() -> None:
    assert set(analyses()) == {"disclosure", "offer", "guidance", "ordinary", "denial"}

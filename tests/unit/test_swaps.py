"""Moves of an answer when only the person changes."""

from dataclasses import replace

import pytest

from classifier.document import Analysis, Document
from classifier.errors import CorpusError, DocumentError
from tests.fakes import FakeAnalyzer
from training.suite_cases import Swap
from training.swaps import Move, by_axis, measure_moves, rate_axes

CALM = "We have tea at four."
KEPT = "She keeps our passports."


class Partial(FakeAnalyzer):
    """Is surer of review where a text speaks of a baker."""

    def _analyze(self, document: Document) -> Analysis | DocumentError:
        found = super()._analyze(document)
        if isinstance(found, DocumentError) or "baker" not in document.text:
            return found
        return replace(found, review=replace(found.review, probability=0.4))


def swap(axis: str, *variants: str) -> Swap:
    return Swap(f"swap-{axis}", axis, "absent", None, variants)


def test_variants_that_are_read_alike_do_not_move() -> None:
    (move,) = measure_moves(FakeAnalyzer(), [swap("gender", CALM, f"{CALM} ")])  # type: ignore[arg-type]  # same shape
    assert (move.largest, move.flips) == (0.0, ())


def test_move_of_a_probability_is_found_without_a_flag() -> None:
    (move,) = measure_moves(Partial(), [swap("work", CALM, "The baker has tea at four.")])  # type: ignore[arg-type]
    assert move.flips == ()
    assert 0.0 < move.largest < 0.5


def test_changed_flags_are_named_whichever_variant_has_them() -> None:
    moves = measure_moves(
        FakeAnalyzer(),  # type: ignore[arg-type]  # same shape
        [swap("gender", KEPT, CALM), swap("dialect", CALM, CALM + " Yes.", KEPT)],
    )
    assert [(move.axis, move.text, move.flips) for move in moves] == [
        ("gender", CALM, ("document_retention", "review")),
        ("dialect", CALM + " Yes.", ()),
        ("dialect", KEPT, ("document_retention", "review")),
    ]


def test_text_that_cannot_be_analysed_is_told_without_its_words() -> None:
    with pytest.raises(CorpusError, match="a variant cannot be analysed: The text has no characters"):
        measure_moves(FakeAnalyzer(), [swap("gender", CALM, " ")])  # type: ignore[arg-type]  # same shape


def test_axis_with_the_most_changed_flags_comes_first() -> None:
    moves = [
        Move("s1", "gender", "", 0.2, ()),
        Move("s2", "dialect", "", 0.5, ("review",)),
        Move("s2", "dialect", "", 0.1, ()),
        Move("s3", "age", "", 0.3, ()),
    ]
    assert by_axis(moves) == {
        "dialect": [(0.5, True), (0.1, False)],
        "age": [(0.3, False)],
        "gender": [(0.2, False)],
    }
    assert {axis: rate.value for axis, rate in rate_axes(moves).items()} == {"dialect": 0.5, "age": 0.0, "gender": 0.0}
    assert rate_axes(moves)["age"].high > 0.5

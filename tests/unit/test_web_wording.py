"""How the page says numbers and states."""

import pytest

from service.web.wording import clipped, effect, full_sentence, percent, sentence_list, signed


@pytest.mark.parametrize(
    ("value", "beside", "said"),
    [
        (0.93, None, "93 %"),
        (0.0, None, "0 %"),
        (0.001, None, "<1 %"),
        (0.999, None, ">99 %"),
        (1.0, None, "100 %"),
        (0.476, 0.48, "47.6 %"),
        (0.48, 0.48, "48 %"),
    ],
)
def test_percent_is_never_finer_than_needed(value: float, beside: float | None, said: str) -> None:
    assert percent(value, beside=beside) == said


@pytest.mark.parametrize(
    ("log_odds", "said"),
    [
        (0.0, "hardly changes the odds"),
        (0.69, "raises the odds about 2.0 times"),
        (-1.1, "lowers the odds about 3.0 times"),
        (4.87, "raises the odds about 130 times"),
        (16.1, "raises the odds more than 1,000 times"),
        (-1e9, "lowers the odds more than 1,000 times"),
    ],
)
def test_log_odds_are_said_as_a_factor(log_odds: float, said: str) -> None:
    assert effect(log_odds).startswith(said)


def test_small_wordings() -> None:
    assert (signed(4.871), signed(-3.02), signed(0)) == ("+4.87", "−3.02", "+0.00")
    assert [sentence_list(names) for names in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
    assert [full_sentence(text) for text in ("", "the text is empty", "Read it.")] == [
        ".",
        "The text is empty.",
        "Read it.",
    ]
    assert clipped("a\n b") == "a b"
    assert clipped("one two three four five six", 20) == "one two … five six"
    assert clipped("x" * 30, 10) == "xxxxx … xxxxx"

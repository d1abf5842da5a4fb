"""A manifest as lines: nothing is lost, alike records stand in a table, and no name controls the terminal."""

from typing import Any

import pytest

from service.commands.outline import outline

THRESHOLDS = {"isolation": {"value": 0.2899999, "rule": "maximum f1"}, "deception": {"value": 0.5, "rule": "none"}}


def lines(value: dict[str, Any], width: int = 100) -> list[str]:
    return list(outline(value, width=width))


def test_names_are_indented_and_numbers_rounded() -> None:
    assert lines({"a": 1, "b": {"c": 0.123456, "d": {"e": [0.5, "x"]}}}) == [
        "a: 1",
        "b:",
        "  c: 0.123",
        "  d:",
        "    e: 0.5, x",
    ]


def test_alike_records_are_a_table() -> None:
    assert lines({"thresholds": THRESHOLDS}) == [
        "thresholds:",
        "             value  rule",
        "  isolation  0.29   maximum f1",
        "  deception  0.5    none",
    ]


def test_table_that_does_not_fit_is_a_line_a_record() -> None:
    assert lines({"thresholds": THRESHOLDS}, width=29) == [
        "thresholds:",
        "  isolation: value 0.29; rule",
        "      maximum f1",
        "  deception: value 0.5; rule",
        "      none",
    ]


def test_unlike_records_are_outlined() -> None:
    assert lines({"a": {"b": {"x": 1}, "c": {"y": 2}}}) == ["a:", "  b:", "    x: 1", "  c:", "    y: 2"]


def test_list_of_records_is_outlined() -> None:
    assert lines({"files": [{"file": "a"}, {"file": "b"}]}) == ["files:", "  file: a", "  file: b"]


def test_long_list_goes_on_in_the_next_line() -> None:
    assert lines({"ids": ["one", "two", "three"]}, width=12) == ["ids: one,", "    two,", "    three"]


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({"\x1b[2J": 1}, id="name"),
        pytest.param({"a": "\x1b[2J"}, id="value"),
        pytest.param({"a": {"\x1b[2J": {"x": 1}, "c": {"x": 2}}}, id="row"),
        pytest.param({"a": {"b": {"\x1b[2J": 1}, "c": {"\x1b[2J": 2}}}, id="column"),
    ],
)
def test_manifest_cannot_control_the_terminal(value: dict[str, Any]) -> None:
    shown = "\n".join(lines(value))
    assert r"\x1b[2J" in shown
    assert "\x1b" not in shown

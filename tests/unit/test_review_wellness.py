"""Readers are shown heavy texts blurred, offered pauses, and stopped at the day's cap."""

from datetime import UTC, datetime, timedelta

import pytest

from service.review.policy import ReviewPolicy
from service.review.wellness import (
    Blur,
    DayCounts,
    Severity,
    WellnessSettings,
    blur,
    count_item,
    flagged_indicators,
    is_pause_due,
    load_support,
    load_wellness_settings,
    may_open,
    severity,
    take_pause,
)
from service.settings import SettingsError
from tests.reviewed_documents import DISCLOSURE, analyze

NINE = datetime(2030, 1, 7, 9, tzinfo=UTC)
HEAVY = ReviewPolicy().heavy_indicators
SETTINGS = WellnessSettings()


def repeat(level: Severity, times: int) -> list[Severity]:
    return [level] * times


def read(*levels: Severity, every: float = 1.0, settings: WellnessSettings = SETTINGS) -> DayCounts:
    """Counts after documents of these levels, so many minutes apart, from nine o'clock on."""
    counts = DayCounts(NINE.date())
    for number, level in enumerate(levels):
        counts = count_item(counts, level, NINE + timedelta(minutes=number * every), settings)
    return counts


@pytest.mark.parametrize(
    ("flagged", "level", "blurred"),
    [
        ((), "light", "none"),
        (("wage_withholding",), "light", "none"),
        (("intimidation_threats", "wage_withholding"), "moderate", "evidence"),
        (("child_exploitation",), "heavy", "whole"),
        (("intimidation_threats", "physical_sexual_violence"), "heavy", "whole"),
    ],
)
def test_document_is_as_heavy_as_what_is_flagged(flagged: tuple[str, ...], level: Severity, blurred: Blur) -> None:
    assert severity(flagged, HEAVY, SETTINGS) == level
    assert blur(level, SETTINGS) == blurred


def test_blur_can_be_set() -> None:
    assert blur("heavy", WellnessSettings(blur_heavy="none")) == "none"


def test_flagged_indicators_are_those_of_the_analysis() -> None:
    assert flagged_indicators(analyze(DISCLOSURE)) == {"document_retention", "debt_bondage"}


def test_items_and_heavy_items_are_counted_by_day() -> None:
    counts = read("light", "heavy", "moderate", "heavy")
    assert (counts.items, counts.heavy, counts.heavy_since_pause) == (4, 2, 2)
    tomorrow = count_item(counts, "heavy", NINE + timedelta(days=1), SETTINGS)
    assert (tomorrow.day, tomorrow.items, tomorrow.heavy) == (NINE.date() + timedelta(days=1), 1, 1)


def test_pause_is_offered_after_heavy_items_and_not_after_light_ones() -> None:
    settings = WellnessSettings(pause_after_heavy=3)
    assert is_pause_due(read("heavy", "light", "heavy", "heavy"), NINE + timedelta(minutes=4), settings)
    assert not is_pause_due(read("heavy", "light", "light", "heavy"), NINE + timedelta(minutes=4), settings)


def test_pause_is_offered_after_long_reading() -> None:
    counts = read(*repeat("light", 60))
    assert is_pause_due(counts, NINE + timedelta(minutes=60), SETTINGS)
    assert not is_pause_due(counts, NINE + timedelta(minutes=60), WellnessSettings(pause_after_minutes=0))


def test_gap_without_reading_was_a_pause() -> None:
    counts = read(*repeat("heavy", 5))
    assert is_pause_due(counts, NINE + timedelta(minutes=5), SETTINGS)
    assert not is_pause_due(counts, NINE + timedelta(minutes=30), SETTINGS)
    after = count_item(counts, "heavy", NINE + timedelta(minutes=30), SETTINGS)
    assert (after.heavy_since_pause, after.heavy) == (1, 6)


def test_pause_that_was_taken_starts_anew() -> None:
    rested = take_pause(read(*repeat("heavy", 5)), NINE + timedelta(minutes=5))
    assert (rested.heavy_since_pause, rested.heavy) == (0, 5)
    assert not is_pause_due(rested, NINE + timedelta(minutes=6), SETTINGS)


def test_nobody_is_asked_to_pause_before_the_first_document() -> None:
    assert not is_pause_due(DayCounts(NINE.date()), NINE, SETTINGS)


@pytest.mark.parametrize(
    ("level", "cap", "items", "allowed"),
    [
        ("heavy", None, None, True),
        ("heavy", 2, None, False),
        ("heavy", 3, None, True),
        ("light", 2, None, True),
        ("light", None, 3, False),
        ("light", None, 4, True),
        ("heavy", 0, None, False),
    ],
)
def test_caps_of_the_day_hold(level: Severity, cap: int | None, items: int | None, *, allowed: bool) -> None:
    counts, settings = read("heavy", "heavy", "light"), WellnessSettings(items_per_day=items)
    assert may_open(counts, level, NINE + timedelta(minutes=9), settings, heavy_cap=cap) == allowed


def test_cap_is_of_one_day() -> None:
    counts = read("heavy", "heavy")
    assert may_open(counts, "heavy", NINE + timedelta(days=1), SETTINGS, heavy_cap=2)


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELLSIGN_WELLNESS_PAUSE_AFTER_HEAVY", "2")
    assert load_wellness_settings().pause_after_heavy == 2
    monkeypatch.setenv("TELLSIGN_WELLNESS_BLUR_HEAVY", "everything")
    with pytest.raises(SettingsError, match="TELLSIGN_WELLNESS_BLUR_HEAVY"):
        load_wellness_settings()


def test_support_note_tells_readers_that_they_may_stop() -> None:
    support = load_support()
    assert "You may stop" in " ".join(support.note)
    assert all(text.endswith(".") for text in (*support.note, support.pause, support.cap))

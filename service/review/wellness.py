"""Care for who reads: how heavy a document is, how far it is blurred, when a pause is due, when it is enough for a day.

Pure functions over counts. What counts as heavy and the cap of heavy documents stand in `ReviewPolicy`, which the queue
keeps to; the rest is `TELLSIGN_WELLNESS_*`. The numbers rest on practice in content review (small doses, grey and
blurred until revealed, breaks that are offered and not forced) and on no measurement of ours.
"""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from importlib import resources
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from classifier.document import Analysis
from service.store.settings import load_as

Severity = Literal["light", "moderate", "heavy"]
Blur = Literal["none", "evidence", "whole"]


class WellnessSettings(BaseSettings):
    """What counts as heavy, and how much of it a person is given.

    Attributes:
        moderate_indicators: One of these flagged makes it moderate.
        blur_moderate: What is blurred of a moderate document until the reader reveals it.
        blur_heavy: What is blurred of a heavy one.
        pause_after_heavy: Heavy documents since the last pause after which one is offered; 0 offers none.
        pause_after_minutes: Minutes of reading since the last pause after which one is offered; 0 offers none.
        pause_minutes: How long a gap without reading counts as a pause.
        items_per_day: Documents a day; None for no cap.
    """

    model_config = SettingsConfigDict(
        env_prefix="TELLSIGN_WELLNESS_", frozen=True, extra="forbid", env_ignore_empty=True
    )

    moderate_indicators: frozenset[str] = frozenset(
        {"intimidation_threats", "restriction_of_movement", "transport_harbouring", "abusive_conditions", "isolation"}
    )
    blur_moderate: Blur = "evidence"
    blur_heavy: Blur = "whole"
    pause_after_heavy: int = Field(default=5, ge=0, le=1_000)
    pause_after_minutes: int = Field(default=50, ge=0, le=24 * 60)
    pause_minutes: int = Field(default=10, ge=1, le=24 * 60)
    items_per_day: int | None = Field(default=None, ge=0)


@dataclass(frozen=True, slots=True)
class DayCounts:
    """What one person has read on one day.

    Attributes:
        day: In UTC.
        items: Documents opened.
        heavy: Of these, heavy ones.
        heavy_since_pause: Heavy ones since the last pause.
        reading_since: When reading began after the last pause; None before the first document.
        last: When the last document was opened; None before the first.
    """

    day: date
    items: int = 0
    heavy: int = 0
    heavy_since_pause: int = 0
    reading_since: datetime | None = None
    last: datetime | None = None


@dataclass(frozen=True, slots=True)
class Support:
    """What is said to readers: the note on support, and the words of the pause and of the cap."""

    title: str
    note: tuple[str, ...]
    pause: str
    cap: str


def load_wellness_settings(**overrides: object) -> WellnessSettings:
    """The settings from the environment; `overrides` that are not None win over it.

    Raises:
        service.settings.SettingsError: A value is not allowed.
    """
    return load_as(WellnessSettings, **overrides)


@cache
def load_support() -> Support:
    """The words for readers, from `support.toml`."""
    data = tomllib.loads(resources.files("service.review").joinpath("support.toml").read_text(encoding="utf-8"))
    return Support(title=data["title"], note=tuple(data["note"]), pause=data["pause"], cap=data["cap"])


def flagged_indicators(analysis: Analysis) -> frozenset[str]:
    """The ids of the indicators that an analysis flags."""
    return frozenset(score.id for score in analysis.indicators if score.flagged)


def severity(flagged: Iterable[str], heavy_indicators: frozenset[str], settings: WellnessSettings) -> Severity:
    """How heavy a document with these flagged indicators is to read.

    Args:
        flagged: Ids, as `flagged_indicators` gives them.
        heavy_indicators: Of the review policy.
        settings: What is moderate.
    """
    found = frozenset(flagged)
    if found & heavy_indicators:
        return "heavy"
    return "moderate" if found & settings.moderate_indicators else "light"


def blur(level: Severity, settings: WellnessSettings) -> Blur:
    """What of the text is blurred until the reader reveals it."""
    if level == "light":
        return "none"
    return settings.blur_heavy if level == "heavy" else settings.blur_moderate


def count_item(counts: DayCounts, level: Severity, at: datetime, settings: WellnessSettings) -> DayCounts:
    """The counts after opening one more document; a new day begins at nothing, a long gap was a pause.

    Args:
        counts: Before.
        level: Of the document.
        at: When it was opened, UTC.
        settings: What counts as a pause.
    """
    if at.date() != counts.day:
        counts = DayCounts(at.date())
    rested = counts.last is None or at - counts.last >= timedelta(minutes=settings.pause_minutes)
    if rested:
        counts = replace(counts, heavy_since_pause=0, reading_since=at)
    heavy = int(level == "heavy")
    return replace(
        counts,
        items=counts.items + 1,
        heavy=counts.heavy + heavy,
        heavy_since_pause=counts.heavy_since_pause + heavy,
        last=at,
    )


def take_pause(counts: DayCounts, at: datetime) -> DayCounts:
    """The counts after the person has said that they pause."""
    return replace(counts, heavy_since_pause=0, reading_since=at)


def is_pause_due(counts: DayCounts, at: datetime, settings: WellnessSettings) -> bool:
    """Whether to offer a pause before the next document; it is offered, never forced."""
    if counts.last is None or at - counts.last >= timedelta(minutes=settings.pause_minutes):
        return False
    if settings.pause_after_heavy and counts.heavy_since_pause >= settings.pause_after_heavy:
        return True
    since = counts.reading_since or counts.last
    minutes = settings.pause_after_minutes
    return bool(minutes) and at - since >= timedelta(minutes=minutes)


def may_open(
    counts: DayCounts, level: Severity, at: datetime, settings: WellnessSettings, *, heavy_cap: int | None
) -> bool:
    """Whether the caps of the day leave room for one more document of this level.

    Args:
        counts: Of the person.
        level: Of the document.
        at: Now, UTC; on another day the counts are none.
        settings: The cap of documents a day.
        heavy_cap: The policy's cap of heavy ones; None for no cap.
    """
    today = counts if at.date() == counts.day else DayCounts(at.date())
    if settings.items_per_day is not None and today.items >= settings.items_per_day:
        return False
    return level != "heavy" or heavy_cap is None or today.heavy < heavy_cap

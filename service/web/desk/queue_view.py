"""What the queue says of an item: how urgent and why, how old, what it is about."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from classifier.taxonomy import Taxonomy
from service.review.policy import ReviewPolicy
from service.review.views import ItemView
from service.web.wording import percent

SHOWN_INDICATORS = 3
STATE_TITLES: Mapping[str, str] = {
    "waiting": "Waiting",
    "second": "Second reading",
    "adjudication": "Adjudication",
    "done": "Done",
    "unqueued": "Not queued",
}
VERDICT_TITLES: Mapping[str, str] = {
    "escalate": "Escalate",
    "needs_second_look": "Needs a second look",
    "no_concern": "No concern",
}
_LEAST = 0.005
_MOST_WEIGHT = 5.0


@dataclass(frozen=True, slots=True)
class Reason:
    """One part of a priority: what for, and how much."""

    label: str
    amount: float


@dataclass(frozen=True, slots=True)
class Row:
    """One item of the queue.

    Attributes:
        item: As the viewer may see it.
        name: The submitter's name for it, or its id cut short.
        priority: With two decimals.
        why: What makes the priority, largest first.
        age: How long it has waited.
        review: Review probability, or that the model abstained.
        indicators: Titles of the first flagged indicators.
        more: How many more there are.
        held: `you`, `another person`, or empty.
    """

    item: ItemView
    name: str
    priority: str
    why: tuple[Reason, ...]
    age: str
    review: str
    indicators: tuple[str, ...]
    more: int
    held: str


def build_row(item: ItemView, policy: ReviewPolicy, taxonomy: Taxonomy, *, viewer: str, now: datetime) -> Row:
    """An item as a row.

    Args:
        item: As the viewer may see it.
        policy: The weights.
        taxonomy: Titles.
        viewer: User id.
        now: The moment of the page.
    """
    titles = {indicator.id: indicator.title for indicator in taxonomy.indicators}
    named = [titles.get(indicator, indicator) for indicator in item.indicators]
    held = "" if item.holder is None else "you" if item.holder == viewer else "another person"
    return Row(
        item=item,
        name=name_of(item),
        priority=f"{item.priority:.2f}",
        why=explain_priority(item, policy, now),
        age=say_age(now - (item.queued or item.created)),
        review="abstained" if item.review_probability is None else percent(item.review_probability),
        indicators=tuple(named[:SHOWN_INDICATORS]),
        more=max(0, len(named) - SHOWN_INDICATORS),
        held=held,
    )


def name_of(item: ItemView) -> str:
    """The submitter's name for a document, or the end of its id, which is enough to tell two apart."""
    return item.external_id or f"…{item.document[-8:]}"


def explain_priority(item: ItemView, policy: ReviewPolicy, now: datetime) -> tuple[Reason, ...]:
    """The parts of an item's priority, largest first; together they are the priority.

    What the weights of today do not explain is the difference between models, or weights that have changed since.
    """
    probability = 0.5 if item.review_probability is None else item.review_probability
    weight = sum(policy.indicator_weights.get(indicator, 1.0) for indicator in item.indicators)
    waited = (now - (item.queued or item.created)).total_seconds() / 86_400
    parts = [
        Reason("review probability", policy.weight_probability * probability),
        Reason("indicators", policy.weight_indicators * min(weight, _MOST_WEIGHT) / _MOST_WEIGHT),
        Reason("time waited", policy.weight_age_per_day * waited),
    ]
    rest = item.priority - sum(part.amount for part in parts)
    parts.append(Reason("models differ" if rest > 0 else "other weights", rest))
    return tuple(sorted((part for part in parts if abs(part.amount) >= _LEAST), key=lambda part: -part.amount))


def say_age(age: timedelta) -> str:
    """`just now`, `12 min`, `5 h`, `3 days`."""
    minutes = int(age.total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h"
    return f"{minutes // (24 * 60)} days"


def say_ago(age: timedelta) -> str:
    """`just now`, `12 min ago`."""
    said = say_age(age)
    return said if said == "just now" else f"{said} ago"

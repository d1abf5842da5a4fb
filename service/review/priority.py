"""Which item comes first: a number that never has to be computed again as time passes.

Every item gains the same for a day of waiting, so two items keep their order while both wait: the moment of queueing,
taken off once, orders them as their ages would. What lets an old item pass is that newer ones begin with less.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from service.review.policy import ReviewPolicy

_START = datetime(2020, 1, 1, tzinfo=UTC)
_DAY = 86_400
_MOST_WEIGHT = 5.0


def stored_priority(
    policy: ReviewPolicy,
    *,
    probability: float | None,
    indicators: Iterable[str],
    disagreement: float,
    queued: datetime,
) -> float:
    """What items are ordered by, highest first.

    Args:
        policy: The weights.
        probability: Of review; an abstention counts as one half, since it is no all-clear.
        indicators: The flagged ones.
        disagreement: Largest difference between models, 0..1.
        queued: When the item was queued.
    """
    weight = sum(policy.indicator_weights.get(indicator, 1.0) for indicator in indicators)
    urgency = (
        policy.weight_probability * (0.5 if probability is None else probability)
        + policy.weight_indicators * min(weight, _MOST_WEIGHT) / _MOST_WEIGHT
        + policy.weight_disagreement * disagreement
    )
    return urgency - _gain(policy, queued)


def shown_priority(policy: ReviewPolicy, stored: float, now: datetime) -> float:
    """A stored priority as people see it: urgency, and what waiting until now has added."""
    return stored + _gain(policy, now)


def _gain(policy: ReviewPolicy, moment: datetime) -> float:
    return policy.weight_age_per_day * (moment - _START).total_seconds() / _DAY

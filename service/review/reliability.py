"""How right reviewers are on check items, and whether model and reviewers drift apart over time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import hypot

from service.review.agreement import Estimate, cohen_kappa, share


@dataclass(frozen=True, slots=True)
class CheckAnswer:
    """What a reviewer answered to a check item.

    Attributes:
        reviewer: Pseudonym or id.
        given: Verdict given.
        right: Verdict that is right.
        indicators_given: Indicators confirmed.
        indicators_right: Indicators that a careful reader would confirm.
    """

    reviewer: str
    given: str
    right: str
    indicators_given: frozenset[str]
    indicators_right: frozenset[str]


@dataclass(frozen=True, slots=True)
class CheckScore:
    """A reviewer on check items.

    Attributes:
        reviewer: Pseudonym or id.
        items: How many were answered.
        accuracy: Share of right verdicts.
        missed: Share of right indicators that were not confirmed.
        unfounded: Share of confirmed indicators that are not right.
    """

    reviewer: str
    items: int
    accuracy: Estimate
    missed: Estimate
    unfounded: Estimate


def check_scores(answers: Iterable[CheckAnswer]) -> list[CheckScore]:
    """Every reviewer's score, by name."""
    by_reviewer: dict[str, list[CheckAnswer]] = {}
    for answer in answers:
        by_reviewer.setdefault(answer.reviewer, []).append(answer)
    return [_score(reviewer, by_reviewer[reviewer]) for reviewer in sorted(by_reviewer)]


def _score(reviewer: str, answers: Sequence[CheckAnswer]) -> CheckScore:
    expected = sum(len(answer.indicators_right) for answer in answers)
    confirmed = sum(len(answer.indicators_given) for answer in answers)
    met = sum(len(answer.indicators_right & answer.indicators_given) for answer in answers)
    return CheckScore(
        reviewer=reviewer,
        items=len(answers),
        accuracy=share(sum(answer.given == answer.right for answer in answers), len(answers)),
        missed=share(expected - met, expected),
        unfounded=share(confirmed - met, confirmed),
    )


@dataclass(frozen=True, slots=True)
class Judgement:
    """The model and a person on one question: whether a document needs review, or an indicator holds in it.

    Attributes:
        at: When the person decided.
        flagged: What the model said.
        confirmed: What the person said.
        probability: The model's, 0..1; None where it abstained.
    """

    at: datetime
    flagged: bool
    confirmed: bool
    probability: float | None


@dataclass(frozen=True, slots=True)
class Window:
    """Model against reviewers in a stretch of time, half-open.

    Attributes:
        start: First moment.
        end: First moment after it.
        judgements: How many.
        agreement: Share in which both say the same.
        kappa: Cohen's, of model and reviewers; None where it is not defined.
        upheld: Share of the model's flags that people confirm.
        calibration_gap: Mean probability less the share confirmed; above 0 the model is too sure. None without any.
        change: Agreement here less agreement in the first window, with Newcombe's interval; None for the first.
        drifted: Whether that interval leaves out 0.
    """

    start: datetime
    end: datetime
    judgements: int
    agreement: Estimate
    kappa: float | None
    upheld: Estimate
    calibration_gap: float | None
    change: Estimate | None
    drifted: bool


def drift(judgements: Iterable[Judgement], *, length: timedelta, start: datetime | None = None) -> list[Window]:
    """Model against reviewers over consecutive windows, up to the last judgement; windows without any are left out.

    The first window is what the others are compared with.

    Args:
        judgements: In any order.
        length: Of a window.
        start: Of the first one; None for the moment of the first judgement.

    Raises:
        ValueError: The length is not positive.
    """
    if length <= timedelta(0):
        raise ValueError(f"a window of {length}; allowed: longer than nothing")
    ordered = sorted(judgements, key=lambda judgement: judgement.at)
    if not ordered:
        return []
    first = ordered[0].at if start is None else start
    numbered: dict[int, list[Judgement]] = {}
    for judgement in ordered:
        if judgement.at >= first:
            numbered.setdefault((judgement.at - first) // length, []).append(judgement)
    windows: list[Window] = []
    for number in sorted(numbered):
        begin = first + number * length
        windows.append(_window(begin, begin + length, numbered[number], windows[0] if windows else None))
    return windows


def newcombe(first: Estimate, second: Estimate) -> Estimate:
    """The difference of two independent shares, second less first, with Newcombe's interval (1998, method 10).

    Args:
        first: With its Wilson interval, as `share` gives it.
        second: Likewise.
    """
    if None in {first.value, second.value}:
        return Estimate(None, None, None)
    one, one_low, one_high = (bound or 0.0 for bound in (first.value, first.low, first.high))
    two, two_low, two_high = (bound or 0.0 for bound in (second.value, second.low, second.high))
    difference = two - one
    return Estimate(
        difference, difference - hypot(two - two_low, one_high - one), difference + hypot(two_high - two, one - one_low)
    )


def _window(start: datetime, end: datetime, judgements: Sequence[Judgement], first: Window | None) -> Window:
    flagged = [judgement.flagged for judgement in judgements]
    confirmed = [judgement.confirmed for judgement in judgements]
    agreement = share(sum(one == two for one, two in zip(flagged, confirmed, strict=True)), len(judgements))
    upheld = share(sum(one and two for one, two in zip(flagged, confirmed, strict=True)), sum(flagged))
    scored = [
        (judgement.probability, judgement.confirmed) for judgement in judgements if judgement.probability is not None
    ]
    gap = sum(probability - held for probability, held in scored) / len(scored) if scored else None
    change = None if first is None else newcombe(first.agreement, agreement)
    apart = (
        change is not None and change.low is not None and change.high is not None and not change.low <= 0 <= change.high
    )
    return Window(
        start=start,
        end=end,
        judgements=len(judgements),
        agreement=agreement,
        kappa=cohen_kappa([int(said) for said in flagged], [int(said) for said in confirmed]),
        upheld=upheld,
        calibration_gap=gap,
        change=change,
        drifted=apart,
    )

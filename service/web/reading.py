"""What the analyze page says of an analysis: pure, from the dataclasses to sentences and rows for the template."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from classifier.document import Analysis, Evidence, IndicatorScore
from classifier.taxonomy import Indicator, Taxonomy
from service.web.segments import Mark, Segment, build_marks, build_segments, visible
from service.web.wording import ASSERTIONS, STATES, clipped, effect, percent, sentence_list, signed

LONGEST_IN_COMMAND = 600
TONES = 8


@dataclass(frozen=True, slots=True)
class Verdict:
    """The first thing a reader sees: about the text, never about a person."""

    kind: str
    title: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A probability on a scale from 0 to 100, with the threshold it is held against."""

    value: float
    value_text: str
    threshold: float
    threshold_text: str


@dataclass(frozen=True, slots=True)
class Quote:
    """A span in the list of an indicator; `mark` is its number in the text."""

    mark: int
    text: str = field(repr=False)
    assertion: str
    label: str
    effect: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the sum that makes a score, log-odds."""

    label: str
    value: str
    effect: str
    share: float
    negative: bool


@dataclass(frozen=True, slots=True)
class IndicatorReading:
    """One indicator with everything its why-panel shows."""

    definition: Indicator
    tone: int
    flagged: bool
    state: str
    bar: Bar | None
    quotes: tuple[Quote, ...]
    rows: tuple[Row, ...]
    total: str


@dataclass(frozen=True, slots=True)
class ContextReading:
    """One kind of text and its probability."""

    title: str
    value: float
    value_text: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything that the result of the page shows."""

    analysis: Analysis
    verdict: Verdict
    review: Bar | None
    contexts: tuple[ContextReading, ...]
    flagged: tuple[IndicatorReading, ...]
    others: tuple[IndicatorReading, ...]
    segments: tuple[Segment, ...]
    titles: dict[str, Indicator]
    tones: dict[str, int]
    json: str
    command: str


def build_reading(analysis: Analysis, text: str, taxonomy: Taxonomy, *, url: str, keyed: bool) -> Reading:
    """Turn an analysis into what the page shows.

    Args:
        analysis: The analysis of `text`.
        text: As submitted.
        taxonomy: Titles, definitions and questions.
        url: Address of the endpoint, for the command.
        keyed: Whether the command needs a key.
    """
    titles = {indicator.id: indicator for indicator in taxonomy.indicators}
    marks = build_marks(analysis.indicators)
    tones = {indicator.id: place % TONES for place, indicator in enumerate(taxonomy.indicators)}
    readings = [_indicator(score, titles[score.id], tones[score.id], marks) for score in analysis.indicators]
    # What is flagged or at least spoken of comes before what is absent.
    ranked = sorted(readings, key=lambda entry: (not entry.quotes, -entry.bar.value if entry.bar else 0.0))
    return Reading(
        analysis=analysis,
        verdict=say_verdict(analysis, titles),
        review=build_bar(analysis.review.probability, analysis.review.threshold),
        contexts=list_contexts(analysis, taxonomy),
        flagged=tuple(reading for reading in ranked if reading.flagged),
        others=tuple(reading for reading in ranked if not reading.flagged),
        segments=tuple(build_segments(text, marks)),
        titles=titles,
        tones=tones,
        json=orjson.dumps(analysis, option=orjson.OPT_INDENT_2).decode(),
        command=_command(text, url, keyed=keyed),
    )


def say_verdict(analysis: Analysis, titles: Mapping[str, Indicator]) -> Verdict:
    """What the analysis says of the whole text; `titles` are the indicators of the taxonomy by id."""
    if analysis.review.probability is None:
        return Verdict("abstained", "Not scored", "The model abstained. An abstention is not an all-clear.")
    names = [titles[reason].title.lower() for reason in analysis.review.reasons]
    if analysis.review.flagged:
        speaks = f" It speaks of {sentence_list(names)}." if names else ""
        return Verdict("read", "Worth reading", f"A person should read this text.{speaks}")
    flagged = [titles[score.id].title.lower() for score in analysis.indicators if score.flagged]
    if flagged:
        sentence = f"The text speaks of {sentence_list(flagged)}, but as a whole stays below the review threshold."
        return Verdict("below", "Below the review threshold", sentence)
    spoken = [titles[score.id].title.lower() for score in analysis.indicators if score.spans]
    if spoken:
        why = (
            f"The text speaks of {sentence_list(spoken)}, but only to deny it or in general. This is not an all-clear."
        )
    else:
        why = "That is not an all-clear: the words may be unlike the examples."
    return Verdict("none", "No indicators above threshold", f"No indicator reached its threshold. {why}")


def build_bar(probability: float | None, threshold: float) -> Bar | None:
    """A probability beside its threshold; None when the model abstained."""
    if probability is None:
        return None
    return Bar(
        100 * probability,
        percent(probability, beside=threshold),
        100 * threshold,
        percent(threshold, beside=probability),
    )


def list_contexts(analysis: Analysis, taxonomy: Taxonomy) -> tuple[ContextReading, ...]:
    """The kinds of text in the order of the analysis; none when the model abstained."""
    names = {context.id: context.title for context in taxonomy.contexts}
    return tuple(
        ContextReading(names.get(label, label), 100 * value, percent(value), label == analysis.context.label)
        for label, value in analysis.context.probabilities.items()
    )


def _indicator(score: IndicatorScore, definition: Indicator, tone: int, marks: Sequence[Mark]) -> IndicatorReading:
    numbers = {mark.position: mark.number for mark in marks if mark.indicator == score.id}
    return IndicatorReading(
        definition=definition,
        tone=tone,
        flagged=score.flagged,
        state=STATES[score.state],
        bar=build_bar(score.probability, score.threshold),
        quotes=tuple(_quote(span, numbers[position]) for position, span in enumerate(score.spans)),
        rows=_rows(score),
        total=signed(score.log_odds) if score.log_odds is not None else "",
    )


def _quote(span: Evidence, number: int) -> Quote:
    if span.assertion != "asserted":
        counted = "not counted"
    elif span.contribution == 0:
        counted = "not in the deciding sentence"
    else:
        counted = f"{signed(span.contribution)}, {effect(span.contribution)}"
    return Quote(number, clipped(visible(span.text)), span.assertion, ASSERTIONS[span.assertion], counted)


def _rows(score: IndicatorScore) -> tuple[Row, ...]:
    """The sum of the deciding sentence; none without a score, or for one that no words of the text moved."""
    counted = [span for span in score.spans if span.contribution != 0]
    if score.log_odds is None or not counted:
        return ()
    parts = [
        ("Every sentence starts at", score.intercept, ""),
        *((f"“{clipped(visible(span.text), 60)}”", span.contribution, effect(span.contribution)) for span in counted),
        ("All other words of the text", score.remainder, effect(score.remainder)),
    ]
    largest = max(abs(value) for _, value, _ in parts) or 1.0
    return tuple(
        Row(label, signed(value), gloss, 100 * abs(value) / largest, value < 0) for label, value, gloss in parts
    )


def _command(text: str, url: str, *, keyed: bool) -> str:
    body = "@request.json"
    if len(text) <= LONGEST_IN_COMMAND:
        body = shlex.quote(orjson.dumps({"text": text}).decode())
    key = ' \\\n  --header "Authorization: Bearer $TELLSIGN_KEY"' if keyed else ""
    return f"curl {shlex.quote(url)} \\\n  --header 'Content-Type: application/json'{key} \\\n  --data {body}"

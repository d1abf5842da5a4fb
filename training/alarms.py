"""False alarms on texts that must not be flagged: advocacy, sex work, and the ordinary life of migrants.

The texts are invented, and nothing may learn from them: they measure only while no model was made for them.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from classifier import Analyzer
from classifier.document import Analysis, Document
from classifier.errors import CorpusError, DocumentError
from training.metrics import Interval, wilson_interval

SLICES = ("advocacy", "sex_work", "migrant_life")


@dataclass(frozen=True, slots=True)
class OrdinaryText:
    """A text of a slice that speaks of no indicator."""

    id: str
    slice: str
    text: str


@dataclass(frozen=True, slots=True)
class Alarm:
    """What a model said of one such text.

    Attributes:
        id: Of the text.
        slice: Of `SLICES`.
        flagged: Indicators that were flagged, and `review`.
        answered: Whether the model answered; an abstention is no answer, and so no pass.
    """

    id: str
    slice: str
    flagged: tuple[str, ...]
    answered: bool

    @property
    def clear(self) -> bool:
        """Whether the text was read and nothing was flagged."""
        return self.answered and not self.flagged


@dataclass(frozen=True, slots=True)
class SliceRate:
    """False alarms in a slice: share of its texts that were not clear, with its Wilson interval."""

    slice: str
    texts: int
    alarms: Interval
    abstained: int


def load_ordinary() -> list[OrdinaryText]:
    """Load the texts that must not be flagged."""
    entry = resources.files("training").joinpath("fairness", "ordinary.jsonl")
    return [OrdinaryText(**json.loads(line)) for line in entry.read_text(encoding="utf-8").splitlines() if line]


def sound_alarms(analyzer: Analyzer, texts: Sequence[OrdinaryText]) -> list[Alarm]:
    """Ask a model about texts that must not be flagged.

    Raises:
        CorpusError: a text cannot be analysed; names it.
    """
    outcomes = analyzer.analyze_many(Document(one.text, one.id) for one in texts)
    return [_judge(one, outcome) for one, outcome in zip(texts, outcomes, strict=True)]


def _judge(one: OrdinaryText, outcome: Analysis | DocumentError) -> Alarm:
    if isinstance(outcome, DocumentError):
        raise CorpusError(f"text '{one.id}' cannot be analysed: {outcome}")
    flagged = [score.id for score in outcome.indicators if score.flagged]
    review = ["review"] if outcome.review.flagged else []
    return Alarm(one.id, one.slice, (*flagged, *review), outcome.review.probability is not None)


def rate_alarms(alarms: Sequence[Alarm]) -> list[SliceRate]:
    """Count false alarms by slice, most first."""
    rates = []
    for name in dict.fromkeys(alarm.slice for alarm in alarms):
        chosen = [alarm for alarm in alarms if alarm.slice == name]
        wrong = sum(not alarm.clear for alarm in chosen)
        abstained = sum(not alarm.answered for alarm in chosen)
        rates.append(SliceRate(name, len(chosen), wilson_interval(wrong, len(chosen)), abstained))
    return sorted(rates, key=lambda rate: -rate.alarms.value)

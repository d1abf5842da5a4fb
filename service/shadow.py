"""A second model reads a share of live traffic in silence, so that it can be judged before it answers anyone.

What was answered is compared with what the second model would have answered, and only counts and sums are kept: no
text, no id. The second model reads behind a short queue, in a process of its own (`shadow_reader`): what does not fit
is dropped and counted, so that no answer ever waits for it or fails with it.
"""

import random
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

import structlog

from classifier.document import Analysis, Document, ModelInfo
from classifier.errors import TellsignError
from service.analysis_queue import Outcome

QUEUE_DOCUMENTS = 64
QUEUE_CHARACTERS = 400_000
_TURN = 16

State = Literal["starting", "running", "failed", "stopped"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is compared of an analysis.

    Attributes:
        indicators: Indicator to its probability and whether it is flagged.
        review: Probability and flag of review.
    """

    indicators: dict[str, tuple[float, bool]]
    review: tuple[float, bool]


class ShadowError(TellsignError):
    """The second model is refused or broke; by kind, never with words of a document."""


class Reader(Protocol):
    """What reads documents for the shadow: a process, or in tests a stand-in."""

    def start(self) -> ModelInfo:
        """Load the model and say which it is.

        Raises:
            ShadowError: It is refused, or the process ended.
        """

    def read(self, documents: Sequence[Document]) -> Sequence[Verdict | None]:
        """One verdict a document, in order; None for an abstention, or a document that could not be analysed.

        Raises:
            ShadowError: The model broke on a document, or the process ended.
        """

    def stop(self) -> None:
        """Let go of the model."""


def build_verdict(outcome: Outcome) -> Verdict | None:
    """Take from an analysis what is compared; None for an abstention or an error."""
    if not isinstance(outcome, Analysis) or outcome.review.probability is None:
        return None
    scores = {score.id: (score.probability or 0.0, score.flagged) for score in outcome.indicators}
    return Verdict(scores, (outcome.review.probability, outcome.review.flagged))


@dataclass(slots=True)
class Tally:
    """Counts and sums since the service started.

    Attributes:
        sampled: Documents that were drawn.
        dropped: Of these, those that found the queue full.
        compared: Documents that both models answered.
        unanswered: Documents that only one of the two answered.
        agreed: Compared documents with the same flags, review included.
        review_difference: Sum of absolute differences of the probability of review.
        difference: Indicator to the sum of absolute differences of its probability.
        gained: Indicator, or `review`, to the number of flags that only the second model raises.
        lost: The same for flags that only the answering model raises.
    """

    sampled: int = 0
    dropped: int = 0
    compared: int = 0
    unanswered: int = 0
    agreed: int = 0
    review_difference: float = 0.0
    difference: dict[str, float] = field(default_factory=dict)
    gained: dict[str, int] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=dict)

    def add(self, live: Verdict | None, other: Verdict | None) -> None:
        """Count one document."""
        if live is None or other is None:
            self.unanswered += live is not other
            return
        self.compared += 1
        self.review_difference += abs(other.review[0] - live.review[0])
        changed = self._count_flag("review", live.review[1], other.review[1])
        for name, (probability, flagged) in live.indicators.items():
            after, flagged_after = other.indicators.get(name, (0.0, False))
            self.difference[name] = self.difference.get(name, 0.0) + abs(after - probability)
            changed |= self._count_flag(name, flagged, flagged_after)
        self.agreed += not changed

    def _count_flag(self, name: str, before: bool, after: bool) -> bool:
        if after and not before:
            self.gained[name] = self.gained.get(name, 0) + 1
        elif before and not after:
            self.lost[name] = self.lost.get(name, 0) + 1
        return before != after


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A document and what was answered."""

    document: Document
    live: Verdict | None


class Shadow:
    """The sampled, bounded, silent second reading.

    Args:
        reader: Reads the documents.
        share: Of the documents that are drawn, 0..1.
        chance: Draws them; a test passes its own.
    """

    def __init__(self, reader: Reader, *, share: float, chance: Callable[[], float] | None = None) -> None:
        self._reader = reader
        self._share = share
        # Which documents are drawn is no secret.
        self._chance = chance or random.Random().random  # noqa: S311
        self._waiting: deque[_Waiting] = deque()
        self._characters = 0
        self._changed = threading.Condition()
        self._tally = Tally()
        self._state: State = "starting"
        self._info: ModelInfo | None = None
        self._thread = threading.Thread(target=self._run, name="shadow", daemon=True)
        self._log = structlog.get_logger("tellsign")

    @property
    def share(self) -> float:
        """Share of the documents that are drawn, 0..1."""
        return self._share

    @property
    def state(self) -> State:
        """Whether documents are read."""
        return self._state

    @property
    def info(self) -> ModelInfo | None:
        """Which model reads; None until it is loaded."""
        return self._info

    def read_tally(self) -> Tally:
        """Give a copy of the counts."""
        with self._changed:
            now = self._tally
            return replace(now, difference=dict(now.difference), gained=dict(now.gained), lost=dict(now.lost))

    def start(self) -> None:
        """Load the second model and begin, on a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Forget what waits and let go of the model."""
        with self._changed:
            self._state = "stopped"
            self._waiting.clear()
            self._changed.notify_all()
        self._reader.stop()

    def offer(self, documents: Sequence[Document], outcomes: Sequence[Outcome]) -> None:
        """Take a share of answered documents; never waits, never raises for a document.

        Args:
            documents: As they were analysed.
            outcomes: What was answered, in the same order.
        """
        if self._state in {"failed", "stopped"}:
            return
        drawn = [pair for pair in zip(documents, outcomes, strict=True) if self._chance() < self._share]
        if not drawn:
            return
        with self._changed:
            for document, outcome in drawn:
                self._tally.sampled += 1
                size = len(document.text)
                if len(self._waiting) >= QUEUE_DOCUMENTS or self._characters + size > QUEUE_CHARACTERS:
                    self._tally.dropped += 1
                    continue
                self._characters += size
                # The caller's names and fields stay behind: reading needs the text and its language.
                self._waiting.append(
                    _Waiting(Document(document.text, language=document.language), build_verdict(outcome))
                )
            self._changed.notify_all()

    def _run(self) -> None:
        try:
            self._info = self._reader.start()
            self._log.info("shadow_running", sha256=self._info.sha256)
            with self._changed:
                if self._state == "starting":
                    self._state = "running"
            while turn := self._take_turn():
                verdicts = self._reader.read([one.document for one in turn])
                with self._changed:
                    for one, verdict in zip(turn, verdicts, strict=True):
                        self._tally.add(one.live, verdict)
        except ShadowError as error:
            self._fail(error)

    def _take_turn(self) -> list[_Waiting]:
        """Wait for documents; empty once the shadow was stopped."""
        with self._changed:
            while not self._waiting and self._state != "stopped":
                self._changed.wait()
            if self._state == "stopped":
                return []
            turn = [self._waiting.popleft() for _ in range(min(_TURN, len(self._waiting)))]
            self._characters -= sum(len(one.document.text) for one in turn)
            return turn

    def _fail(self, error: ShadowError) -> None:
        """Switch the shadow off for good: a model that broke once is not worth a process that comes and goes."""
        with self._changed:
            if self._state == "stopped":
                return
            self._state = "failed"
            self._waiting.clear()
        self._log.error("shadow_failed", reason=str(error))

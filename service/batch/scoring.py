"""From documents to the bytes of their analyses: what every engine does with a loaded analyzer."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import orjson

from classifier.document import Analysis, Document, ModelInfo, Tier
from classifier.errors import DocumentError


class Scorer(Protocol):
    """What scoring asks of an analyzer; `classifier.Analyzer` is one."""

    @property
    def info(self) -> ModelInfo:
        """Which model it is."""

    def analyze_many(self, documents: Iterable[Document]) -> Iterator[Analysis | DocumentError]:
        """Yield an analysis or the reason for none, one for each document, in order."""


LoadScorer = Callable[[Path | None, Tier | None], Scorer]


@dataclass(frozen=True, slots=True)
class Loading:
    """How each process gets its analyzer.

    Attributes:
        load: Called once a process; importable by name.
        model: The artefact folder, or None for the one that ships.
        tier: Which models read, or None for what suits the artefact.
    """

    load: LoadScorer
    model: Path | None = None
    tier: Tier | None = None

    def scorer(self) -> Scorer:
        """Load the analyzer.

        Raises:
            TellsignError: The model is refused, or has no such tier.
        """
        return self.load(self.model, self.tier)


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a document has no analysis: a stable machine word and a sentence without document text."""

    code: str
    detail: str


Outcome = bytes | Rejection


def score_documents(scorer: Scorer, documents: Sequence[Document]) -> list[Outcome]:
    """Return the JSON of each analysis, or why there is none, in order."""
    return [_encode(result) for result in scorer.analyze_many(documents)]


def identify(scorer: Scorer, _: None = None) -> ModelInfo:
    """Return which model a loaded analyzer is, in the form of a task for worker processes."""
    return scorer.info


def _encode(result: Analysis | DocumentError) -> Outcome:
    if isinstance(result, DocumentError):
        return Rejection(result.code, str(result))
    try:
        return orjson.dumps(result)
    except orjson.JSONEncodeError:
        # A lone surrogate, which a command-line argument can hold and UTF-8 cannot.
        return Rejection("not_text", "the text holds characters that UTF-8 cannot carry")

"""READ THIS FIRST: one document from its text to its Analysis, step by step."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from classifier.artifact import DEFAULT_MODEL, Artifact
from classifier.artifact import load as load_artifact
from classifier.document import (
    Analysis,
    AnalysisWarning,
    Context,
    Document,
    Evidence,
    IndicatorScore,
    Language,
    ModelInfo,
    Review,
)
from classifier.errors import DocumentError
from classifier.evidence import Rule, build_evidence, choose_claims, collect
from classifier.features import Features, Featuriser
from classifier.language import UNDETERMINED, detect_language
from classifier.model import LinearModel, Scores
from classifier.pipeline import Parse, Pipeline
from classifier.scoring import DocumentScores, Pooled, choose_state, pool, score_document
from classifier.taxonomy import Taxonomy, load_taxonomy

MAX_CHARACTERS = 100_000
_SHORT = 3
_HIDDEN = "\u200b\u200c\u2060\ufeff\u202a\u202b\u202d\u202e\u2066\u2067\u2068\x00"


class Analyzer:
    """Turns texts into analyses with one model. Not for several threads at once: use one analyzer a process.

    Attributes:
        info: Which model it is.
        card: The public part of the model's manifest.
        taxonomy: What the indicators mean.
        max_characters: Longest text accepted, code points.
    """

    def __init__(self, artifact: Artifact, *, max_characters: int = MAX_CHARACTERS) -> None:
        """Build the pipeline and fold the weights."""
        self.info: ModelInfo = artifact.info
        self.card: Mapping[str, Any] = {**artifact.manifest, "sha256": artifact.info.sha256}
        self.taxonomy: Taxonomy = load_taxonomy()
        self.max_characters = max_characters
        self._ids = self.taxonomy.ids
        self._contexts = [context.id for context in self.taxonomy.contexts]
        self._language: str = artifact.manifest["language"]
        self._pipeline = Pipeline(self._language, self.taxonomy.ids)
        self._featuriser = Featuriser(artifact.space)
        self._model = LinearModel(self._featuriser, artifact.weights, artifact.text)
        self._document, self._outputs = artifact.document, artifact.outputs
        evidence = artifact.manifest["evidence"]
        spoken = np.log(self._document.spoken_thresholds / (1.0 - self._document.spoken_thresholds))
        self._rule = Rule(asserted=evidence["asserted"], spoken=spoken, price=evidence["price"])

    def analyze(self, document: Document | str) -> Analysis:
        """Analyse one document.

        Raises:
            DocumentError: the text is empty, too long, or not a string.
        """
        return self._analyze(Document(document) if isinstance(document, str) else document)

    def analyze_many(self, documents: Iterable[Document]) -> Iterator[Analysis | DocumentError]:
        """Analyse documents in order; one that cannot be analysed gives its DocumentError instead."""
        return map(self._try, documents)

    def _try(self, document: Document) -> Analysis | DocumentError:
        try:
            return self._analyze(document)
        except DocumentError as error:
            return error

    def _analyze(self, document: Document) -> Analysis:
        self._check(document.text)
        parsed = self._pipeline.parse(document.text)
        features = self._featuriser.featurise(parsed)
        language = self._detect(document, parsed, features)
        if not language.supported or not len(features.sentences):
            return self._abstain(document, language)
        scores = self._model.score(features)
        pooled = pool(scores.sentences, scores.text, self._outputs)
        calibrated = score_document(pooled, self._document, self._outputs)
        # The deciding sentence is laid out for its span and again for the sum: compute it once.
        explain = cache(partial(self._model.explain_sentence, features, scores))
        work = _Work(parsed, features, scores, pooled, calibrated, explain, self._touch(scores, parsed))
        indicators = tuple(self._score_indicator(number, work) for number in range(self._outputs.n_indicators))
        return Analysis(
            id=document.id,
            characters=len(document.text),
            language=language,
            model=self.info,
            context=self._choose_context(calibrated),
            review=self._review(calibrated, indicators),
            indicators=indicators,
            warnings=_warn(document.text, parsed),
        )

    def _check(self, text: object) -> None:
        if not isinstance(text, str):
            raise DocumentError("not_text", f"the text is a {type(text).__name__}; it must be a string")
        if len(text) > self.max_characters:
            raise DocumentError(
                "text_too_long", f"the text has {len(text)} code points; at most {self.max_characters} are allowed"
            )
        if not text.strip():
            raise DocumentError("empty_text", "the text is empty or blank; it must have at least one visible character")

    def _detect(self, document: Document, parsed: Parse, features: Features) -> Language:
        if document.language is not None:
            return Language(document.language, 1.0, supported=document.language == self._language)
        words = np.fromiter(map(str.isalpha, parsed.tokens), dtype=bool, count=len(parsed.tokens))
        count = int(words.sum())
        coverage = float(features.known[words].sum()) / count if count else 0.0
        return detect_language(parsed.normalised.text, coverage=coverage, words=count, language=self._language)

    def _abstain(self, document: Document, language: Language) -> Analysis:
        if language.supported or language.code == UNDETERMINED:
            warning = AnalysisWarning("no_words", "no words were found; an abstention is not an all-clear")
        else:
            detail = (
                f"language '{language.code}' is not supported ({self._language} is); an abstention is not an all-clear"
            )
            warning = AnalysisWarning("unsupported_language", detail)
        thresholds = self._document.thresholds.tolist()
        indicators = tuple(
            IndicatorScore(name, None, threshold, False, "abstained", None, float(intercept), 0.0)
            for name, threshold, intercept in zip(
                self.taxonomy.ids, thresholds, self._model.intercept.tolist(), strict=False
            )
        )
        return Analysis(
            id=document.id,
            characters=len(document.text),
            language=language,
            model=self.info,
            context=Context(None, {}),
            review=Review(None, self._document.review_threshold, False, ()),
            indicators=indicators,
            warnings=(warning,),
        )

    def _touch(self, scores: Scores, parsed: Parse) -> set[int]:
        """Name the indicators that any sentence may speak of; the others need no evidence."""
        n = self._outputs.n_indicators
        spoken = (scores.sentences[:, n : 2 * n] >= self._rule.spoken).any(axis=0)
        return set(np.flatnonzero(spoken).tolist()) | {hit.indicator for hit in parsed.hits}

    def _score_indicator(self, number: int, work: "_Work") -> IndicatorScore:
        state = choose_state(number, work.pooled, work.calibrated, self._document)
        log_odds, intercept = float(work.pooled.peak[number]), float(self._model.intercept[number])
        spans, remainder = self._explain(number, work, flagged=state == "asserted")
        return IndicatorScore(
            id=self._ids[number],
            probability=float(work.calibrated.indicators[number]),
            threshold=float(self._document.thresholds[number]),
            flagged=state == "asserted",
            state=state,
            log_odds=log_odds,
            intercept=intercept,
            remainder=log_odds - intercept if remainder is None else remainder,
            spans=spans,
        )

    def _explain(self, number: int, work: "_Work", *, flagged: bool) -> tuple[tuple[Evidence, ...], float | None]:
        """Give the evidence of an indicator and the contributions outside it; None where nothing was laid out."""
        if not flagged and number not in work.touched:
            return (), None
        deciding = int(work.pooled.sentence[number])
        claims = choose_claims(
            work.scores.sentences,
            number,
            self._outputs.n_indicators,
            deciding=deciding if flagged else None,
            rule=self._rule,
        )
        found = collect(work.explain, work.parsed, indicator=number, claims=claims, price=self._rule.price)
        if not flagged:
            return build_evidence(found, work.parsed, None)
        shares = self._model.explain_surroundings(work.features, work.scores, deciding, number)
        first, last = work.features.sentences[deciding].tolist()
        shares[first:last] += work.explain(deciding, number)
        return build_evidence(found, work.parsed, shares)

    def _choose_context(self, calibrated: DocumentScores) -> Context:
        probabilities = dict(zip(self._contexts, calibrated.context.tolist(), strict=True))
        return Context(max(probabilities, key=probabilities.__getitem__), probabilities)

    def _review(self, calibrated: DocumentScores, indicators: tuple[IndicatorScore, ...]) -> Review:
        threshold = self._document.review_threshold
        flagged = [score for score in indicators if score.flagged]
        reasons = sorted(flagged, key=lambda score: -(score.probability or 0.0))
        return Review(
            calibrated.review, threshold, calibrated.review >= threshold, tuple(score.id for score in reasons)
        )


@dataclass(frozen=True, slots=True)
class _Work:
    """What is known of a document while its indicators are scored."""

    parsed: Parse
    features: Features
    scores: Scores
    pooled: Pooled
    calibrated: DocumentScores
    explain: Callable[[int, int], np.ndarray]
    touched: set[int]


def load(path: Path | None = None, *, max_characters: int = MAX_CHARACTERS) -> Analyzer:
    """Load an analyzer from a model folder, by default the one shipped in the package.

    Raises:
        ArtifactError: the folder is refused.
    """
    return Analyzer(load_artifact(path or DEFAULT_MODEL), max_characters=max_characters)


def _warn(text: str, parsed: Parse) -> tuple[AnalysisWarning, ...]:
    warnings = []
    if len(parsed.tokens) < _SHORT:
        detail = f"the text has {len(parsed.tokens)} tokens; scores of so short a text say little"
        warnings.append(AnalysisWarning("short_text", detail))
    if any(mark in text for mark in _HIDDEN):
        detail = "the text holds invisible or direction-changing characters; they were read over"
        warnings.append(AnalysisWarning("hidden_characters", detail))
    return tuple(warnings)

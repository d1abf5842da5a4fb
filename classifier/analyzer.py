"""READ THIS FIRST: one document from its text to its Analysis, step by step."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_args

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
    Tier,
)
from classifier.encoder import DEFAULT_ENCODER, Encoder
from classifier.errors import ArtifactError, DocumentError
from classifier.evidence import Rule, build_evidence, choose_claims, collect
from classifier.features import Features, Featuriser
from classifier.fusion import FusedReading, Reading, sentence_priority
from classifier.language import UNDETERMINED, detect_language
from classifier.model import LinearModel
from classifier.pipeline import Parse, Pipeline
from classifier.scoring import DocumentModel, DocumentScores, Pooled, choose_state, pool, score_document
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
        tier: `fast`: the linear model; `deep`: the encoder reads everything too; `cascade`: it reads where the linear
            model has reason to.
    """

    def __init__(
        self,
        artifact: Artifact,
        *,
        max_characters: int = MAX_CHARACTERS,
        tier: Tier = "fast",
        encoder: Encoder | None = None,
    ) -> None:
        """Build the pipeline and fold the weights.

        Raises:
            ArtifactError: the tier needs the encoder, and there is none or the model was fitted to another.
        """
        self.tier: Tier = tier
        self._encoder = None if tier == "fast" else _check_encoder(artifact, encoder)
        self._fusion = artifact.fusion
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
        self._outputs = artifact.outputs
        self._fast = _build_judge(artifact.document, artifact.manifest["evidence"])
        deep = artifact.manifest.get("deep", {}).get("evidence")
        self._deep = _build_judge(artifact.deep, deep) if artifact.deep is not None else self._fast

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
        reading, unread = self._read(parsed, features)
        judge = self._deep if reading.deep else self._fast
        pooled = pool(reading.sentences, reading.text, self._outputs)
        calibrated = score_document(pooled, judge.document, self._outputs)
        # The deciding sentence is laid out for its span and again for the sum: compute it once.
        explain = cache(reading.explain)
        touched = self._touch(reading.sentences, parsed, judge.rule)
        work = _Work(parsed, features, reading, judge, pooled, calibrated, explain, touched)
        indicators = tuple(self._score_indicator(number, work) for number in range(self._outputs.n_indicators))
        return Analysis(
            id=document.id,
            characters=len(document.text),
            language=language,
            model=self.info,
            context=self._choose_context(calibrated),
            review=_review(calibrated, indicators, judge.document.review_threshold),
            indicators=indicators,
            warnings=(*_warn(document.text, parsed), *unread),
            tier="deep" if reading.deep else "fast",
        )

    def _read(self, parsed: Parse, features: Features) -> tuple[Reading, tuple[AnalysisWarning, ...]]:
        """Score the sentences by the linear model, and those worth it by the encoder too."""
        reading = Reading(self._model, features, self._model.score(features))
        if self._encoder is None or self._fusion is None:
            return reading, ()
        gate = self._fusion.gate if self.tier == "cascade" else -np.inf
        priority = sentence_priority(reading.sentences, self._outputs.n_indicators, gate)
        if not (priority > -np.inf).any():
            return reading, ()
        encoded = self._encoder.encode(parsed, priority)
        fused = FusedReading(reading, encoded, self._fusion, self._encoder.bias)
        if len(encoded.windows) == encoded.wanted:
            return fused, ()
        detail = f"the encoder read the {len(encoded.windows)} most telling windows of {encoded.wanted}"
        return fused, (AnalysisWarning("partly_read", detail),)

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
        judge = self._fast if self._encoder is None else self._deep
        thresholds = judge.document.thresholds.tolist()
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
            review=Review(None, judge.document.review_threshold, False, ()),
            indicators=indicators,
            warnings=(warning,),
            tier="fast",
        )

    def _touch(self, sentences: np.ndarray, parsed: Parse, rule: Rule) -> set[int]:
        """Name the indicators that any sentence may speak of; the others need no evidence."""
        n = self._outputs.n_indicators
        spoken = (sentences[:, n : 2 * n] >= rule.spoken).any(axis=0)
        return set(np.flatnonzero(spoken).tolist()) | {hit.indicator for hit in parsed.hits}

    def _score_indicator(self, number: int, work: "_Work") -> IndicatorScore:
        state = choose_state(number, work.pooled, work.calibrated, work.judge.document)
        log_odds = float(work.pooled.peak[number])
        intercept = work.reading.intercept(int(work.pooled.sentence[number]), number)
        spans, remainder = self._explain(number, work, flagged=state == "asserted")
        return IndicatorScore(
            id=self._ids[number],
            probability=float(work.calibrated.indicators[number]),
            threshold=float(work.judge.document.thresholds[number]),
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
            work.reading.sentences,
            number,
            self._outputs.n_indicators,
            deciding=deciding if flagged else None,
            rule=work.judge.rule,
        )
        found = collect(work.explain, work.parsed, indicator=number, claims=claims, price=work.judge.rule.price)
        if not flagged:
            return build_evidence(found, work.parsed, None)
        shares = work.reading.surroundings(deciding, number)
        first, last = work.features.sentences[deciding].tolist()
        shares[first:last] += work.explain(deciding, number)
        return build_evidence(found, work.parsed, shares)

    def _choose_context(self, calibrated: DocumentScores) -> Context:
        probabilities = dict(zip(self._contexts, calibrated.context.tolist(), strict=True))
        return Context(max(probabilities, key=probabilities.__getitem__), probabilities)


@dataclass(frozen=True, slots=True)
class _Judge:
    """What turns the scores of a tier into probabilities, flags and evidence."""

    document: DocumentModel
    rule: Rule


@dataclass(frozen=True, slots=True)
class _Work:
    """What is known of a document while its indicators are scored."""

    parsed: Parse
    features: Features
    reading: Reading
    judge: _Judge
    pooled: Pooled
    calibrated: DocumentScores
    explain: Callable[[int, int], np.ndarray]
    touched: set[int]


def load(
    path: Path | None = None,
    *,
    max_characters: int = MAX_CHARACTERS,
    tier: Tier | None = None,
    encoder: Path = DEFAULT_ENCODER,
) -> Analyzer:
    """Load an analyzer from a model folder, by default the one shipped in the package.

    Args:
        path: The model folder.
        max_characters: Longest text accepted, code points.
        tier: `fast`, `cascade` or `deep`; by default `cascade` for a model that was fitted to an encoder, else `fast`.
        encoder: The encoder's folder, read for the tiers that need it.

    Raises:
        ArtifactError: a folder is refused, or the model has no such tier.
    """
    artifact = load_artifact(path or DEFAULT_MODEL)
    chosen: Tier = tier or ("fast" if artifact.fusion is None else "cascade")
    if chosen not in get_args(Tier):
        raise ArtifactError(f"tier '{chosen}' is unknown; allowed: {', '.join(get_args(Tier))}")
    network = Encoder(encoder) if chosen != "fast" and artifact.fusion is not None else None
    return Analyzer(artifact, max_characters=max_characters, tier=chosen, encoder=network)


def _check_encoder(artifact: Artifact, encoder: Encoder | None) -> Encoder:
    if artifact.fusion is None or encoder is None:
        raise ArtifactError(f"model '{artifact.info.name}' was fitted without an encoder; the allowed tier is fast")
    expected = artifact.manifest["deep"].get("encoder_sha256")
    if encoder.sha256 != expected:
        raise ArtifactError(f"the encoder has sha256 {encoder.sha256}; the model was fitted to {expected}")
    return encoder


def _build_judge(document: DocumentModel, evidence: Mapping[str, float]) -> _Judge:
    spoken = np.log(document.spoken_thresholds / (1.0 - document.spoken_thresholds))
    return _Judge(document, Rule(asserted=evidence["asserted"], spoken=spoken, price=evidence["price"]))


def _review(calibrated: DocumentScores, indicators: tuple[IndicatorScore, ...], threshold: float) -> Review:
    flagged = [score for score in indicators if score.flagged]
    reasons = sorted(flagged, key=lambda score: -(score.probability or 0.0))
    return Review(calibrated.review, threshold, calibrated.review >= threshold, tuple(score.id for score in reasons))


def _warn(text: str, parsed: Parse) -> tuple[AnalysisWarning, ...]:
    warnings = []
    if len(parsed.tokens) < _SHORT:
        detail = f"the text has {len(parsed.tokens)} tokens; scores of so short a text say little"
        warnings.append(AnalysisWarning("short_text", detail))
    if any(mark in text for mark in _HIDDEN):
        detail = "the text holds invisible or direction-changing characters; they were read over"
        warnings.append(AnalysisWarning("hidden_characters", detail))
    return tuple(warnings)

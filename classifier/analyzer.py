"""READ THIS FIRST: one document from its text to its Analysis, step by step."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, get_args

import numpy as np

from classifier.artifact import DEFAULT_MODEL, Artifact
from classifier.artifact import load as load_artifact
from classifier.conclusion import Case, build_judge, choose_context, choose_review, open_case, score_indicators
from classifier.document import (
    Analysis,
    AnalysisWarning,
    Context,
    Document,
    IndicatorScore,
    Language,
    ModelInfo,
    Review,
    Tier,
    keep_text,
)
from classifier.encoder import DEFAULT_ENCODER, Encoded, Encoder
from classifier.errors import ArtifactError, DocumentError
from classifier.features import Features, Featuriser
from classifier.fusion import UNGATED, FusedReading, Reading, look, sentence_priority
from classifier.language import UNDETERMINED, detect_language
from classifier.model import LinearModel
from classifier.pipeline import Parse, Pipeline
from classifier.taxonomy import Taxonomy, load_taxonomy

MAX_CHARACTERS = 100_000
_SHORT = 3
# Documents, and code points, that are analysed together.
_BATCH, _BATCH_CHARACTERS = 32, 100_000
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
        self._fast = build_judge(artifact.document, artifact.manifest["evidence"])
        deep = artifact.manifest.get("deep", {}).get("evidence")
        self._deep = build_judge(artifact.deep, deep) if artifact.deep is not None else self._fast

    def analyze(self, document: Document | str) -> Analysis:
        """Analyse one document; a notebook shows the analysis with the text.

        Raises:
            DocumentError: the text is empty, too long, or not a string.
        """
        whole = Document(document) if isinstance(document, str) else document
        if error := self._refuse(whole.text):
            raise error
        return keep_text(self._analyze([whole])[0], whole.text)

    def analyze_many(self, documents: Iterable[Document]) -> Iterator[Analysis | DocumentError]:
        """Analyse documents in order; one that cannot be analysed gives its DocumentError instead.

        Up to 32 documents are read ahead: each step is done for all of them, while what it reads is at hand.
        """
        for batch in _cut_batches(documents):
            errors = [self._refuse(document.text) for document in batch]
            sound = [document for document, error in zip(batch, errors, strict=True) if error is None]
            analyses = iter(self._analyze(sound))
            yield from (error or next(analyses) for error in errors)

    def _analyze(self, documents: Sequence[Document]) -> list[Analysis]:
        parses = self._pipeline.parse_many([document.text for document in documents])
        features = self._featuriser.featurise_many(parses)
        steps = list(zip(documents, parses, features, strict=True))
        languages = [self._detect(*step) for step in steps]
        cases = [
            self._judge(parsed, found) if language.supported and len(found.sentences) else None
            for (_, parsed, found), language in zip(steps, languages, strict=True)
        ]
        return [
            self._abstain(document, language) if judged is None else self._conclude(document, language, judged)
            for document, language, judged in zip(documents, languages, cases, strict=True)
        ]

    def _judge(self, parsed: Parse, features: Features) -> tuple[Case, tuple[AnalysisWarning, ...]]:
        reading, unread = self._read(parsed, features)
        return open_case(parsed, features, reading, self._deep if reading.deep else self._fast, self._outputs), unread

    def _conclude(
        self, document: Document, language: Language, judged: tuple[Case, tuple[AnalysisWarning, ...]]
    ) -> Analysis:
        case, unread = judged
        indicators = score_indicators(case, self._ids)
        return Analysis(
            id=document.id,
            characters=len(document.text),
            language=language,
            model=self.info,
            context=choose_context(case.calibrated, self._contexts),
            review=choose_review(case.calibrated, indicators, case.judge.document.review_threshold),
            indicators=indicators,
            warnings=(*_warn(document.text, case.parsed), *unread),
            tier="deep" if case.reading.deep else "fast",
        )

    def _read(self, parsed: Parse, features: Features) -> tuple[Reading, tuple[AnalysisWarning, ...]]:
        """Score the sentences by the linear model, and those worth it by the encoder too."""
        reading = Reading(self._model, features, self._model.score(features))
        if self._encoder is None or self._fusion is None:
            return reading, ()
        fusion, everything = self._fusion, (UNGATED, UNGATED, UNGATED)
        gated = (fusion.gate, fusion.further, fusion.glance)
        *gates, least = gated if self.tier == "cascade" else everything
        priority = sentence_priority(reading.sentences, self._outputs.n_indicators, *gates)
        if not look(priority, partial(self._hear, parsed), least)[0]:
            return reading, ()
        encoded = self._encoder.encode(parsed, priority)
        fused = FusedReading(reading, encoded, fusion, self._encoder.bias)
        return fused, _warn_of_unread(encoded)

    def _hear(self, parsed: Parse, sentence: int) -> float:
        """Give the highest log-odds of any indicator being spoken of in a sentence that the encoder reads alone."""
        n = self._outputs.n_indicators
        return float(self._encoder.glance(parsed, sentence)[n : 2 * n].max()) if self._encoder else -np.inf

    def _refuse(self, text: object) -> DocumentError | None:
        if not isinstance(text, str):
            return DocumentError("not_text", f"the text is a {type(text).__name__}; it must be a string")
        if len(text) > self.max_characters:
            return DocumentError(
                "text_too_long", f"the text has {len(text)} code points; at most {self.max_characters} are allowed"
            )
        if not text.strip():
            detail = "the text is empty or blank; it must have at least one visible character"
            return DocumentError("empty_text", detail)
        return None

    def _detect(self, document: Document, parsed: Parse, features: Features) -> Language:
        if document.language is not None:
            return Language(document.language, 1.0, supported=document.language == self._language)
        count = int(np.count_nonzero(parsed.alphabetic))
        coverage = float(np.count_nonzero(features.known & parsed.alphabetic)) / count if count else 0.0
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
    artifact, chosen, network = open_model(path or DEFAULT_MODEL, tier, encoder)
    return Analyzer(artifact, max_characters=max_characters, tier=chosen, encoder=network)


def open_model(path: Path, tier: Tier | None, encoder: Path) -> tuple[Artifact, Tier, Encoder | None]:
    """Load a model folder and what its tier needs; arguments and errors as of `load`."""
    artifact = load_artifact(path)
    chosen: Tier = tier or ("fast" if artifact.fusion is None else "cascade")
    if chosen not in get_args(Tier):
        raise ArtifactError(f"tier '{chosen}' is unknown; allowed: {', '.join(get_args(Tier))}")
    return artifact, chosen, Encoder(encoder) if chosen != "fast" and artifact.fusion is not None else None


def _check_encoder(artifact: Artifact, encoder: Encoder | None) -> Encoder:
    if artifact.fusion is None or encoder is None:
        raise ArtifactError(f"model '{artifact.info.name}' was fitted without an encoder; the allowed tier is fast")
    expected = artifact.manifest["deep"].get("encoder_sha256")
    if encoder.sha256 != expected:
        raise ArtifactError(f"the encoder has sha256 {encoder.sha256}; the model was fitted to {expected}")
    return encoder


def _cut_batches(documents: Iterable[Document]) -> Iterator[list[Document]]:
    """Cut a stream into batches that are small enough to be held in memory."""
    batch: list[Document] = []
    size = 0
    for document in documents:
        batch.append(document)
        size += len(str(document.text))
        if len(batch) == _BATCH or size >= _BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _warn(text: str, parsed: Parse) -> tuple[AnalysisWarning, ...]:
    warnings = []
    if len(parsed.tokens) < _SHORT:
        detail = f"the text has {len(parsed.tokens)} tokens; scores of so short a text say little"
        warnings.append(AnalysisWarning("short_text", detail))
    if any(mark in text for mark in _HIDDEN):
        detail = "the text holds invisible or direction-changing characters; they were read over"
        warnings.append(AnalysisWarning("hidden_characters", detail))
    return tuple(warnings)


def _warn_of_unread(encoded: Encoded) -> tuple[AnalysisWarning, ...]:
    read = []
    if len(encoded.windows) < encoded.wanted:
        read.append(f"the encoder read the {len(encoded.windows)} most telling windows of {encoded.wanted}")
    if encoded.cut:
        read.append(f"of {encoded.cut} very long sentences it read the beginning")
    return (AnalysisWarning("partly_read", "; ".join(read)),) if read else ()

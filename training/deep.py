"""The deep tier: linear model and encoder added up, on documents that neither has seen.

Beside the encoder lie reads of every development document by a network that was not fitted on it. They and the
out-of-fold scores of the linear model are stacked (Wolpert 1992), and the document models, thresholds, evidence rule
and gate of the tier are fitted on the sums.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score

from classifier.encoder import Encoder
from classifier.errors import RecipeError
from classifier.fusion import (
    UNGATED,
    FusedReading,
    Fusion,
    Reading,
    fuse_sentences,
    look,
    pool_texts,
    sentence_priority,
)
from classifier.pipeline import Parse
from classifier.scoring import Outputs, Pooled, pool
from training.calibration import (
    LinearCalibrators,
    Probabilities,
    Setting,
    cross_predict,
    fit_documents,
    pool_documents,
    predict_documents,
)
from training.encoder.out_of_fold import OutOfFold
from training.prepare import Prepared

_UNREGULARISED = 1e6
# Asserted, spoken of, negated, hypothetical.
_KINDS = 4
# The cascade may lose this much average precision against reading everything.
_LOSS = 0.0075
_GATES = (-4.0, -3.5, -3.0, -2.5, -2.0, -1.5)
# On the long documents of dumps a first look halves the cost; the corpus, all of it about work, cannot tell.
_GLANCES = (-2.0, -1.0, 0.0)
# What a look at one sentence costs beside a window.
_LOOK = 0.25
# Documents of a corpus are short; so many of them put together are as long as a document of a dump.
_LONG = 10
# How much higher the gate is for all but the most telling sentence. Long documents of ten pieces lost 0.003 by it and
# half of the reading; the corpus, whose documents are short, could not tell.
_FURTHER = 2.0


@dataclass(frozen=True, slots=True)
class Scored:
    """Out-of-fold log-odds of all documents: sentences (n_sentences, n_outputs), text (n_documents, n_text_outputs)."""

    sentences: np.ndarray
    text: np.ndarray


@dataclass(frozen=True, slots=True)
class Deep:
    """What the deep tier adds to a model.

    Attributes:
        fusion: Weights and gate.
        calibrators: Document models without thresholds.
        encoded: Out-of-fold reads of the encoder.
        fused: The sums.
        probabilities: Of all development documents, out of fold.
        curve: Gates, cost and quality of every way to choose what is read.
    """

    fusion: Fusion
    calibrators: LinearCalibrators
    encoded: OutOfFold
    fused: Scored
    probabilities: Probabilities
    curve: list[dict[str, float]]


def check_split(encoder: Encoder, split_sha256: str) -> None:
    """Refuse an encoder of another split.

    Raises:
        RecipeError: names both.
    """
    found = encoder.manifest.get("data", {}).get("split_sha256")
    if found != split_sha256:
        raise RecipeError(f"the encoder was fine-tuned on split {found}; this corpus has {split_sha256}")


def fit_deep(data: Prepared, linear: Scored, encoded: OutOfFold, *, setting: Setting) -> Deep:
    """Fit the deep tier.

    Args:
        data: The development part.
        linear: Its documents, each read by a linear model that did not see it.
        encoded: The same by networks that did not see them.
        setting: Options of the document models, and outputs.

    Raises:
        RecipeError: the encoder read other documents.
    """
    if (len(encoded), len(encoded.sentences)) != (len(linear.text), len(linear.sentences)):
        read = f"{len(encoded)} documents of {len(encoded.sentences)} sentences"
        needed = f"{len(linear.text)} documents of {len(linear.sentences)}"
        raise RecipeError(f"the encoder read {read}; the corpus has {needed}: run train-encoder again")
    outputs = setting.outputs
    deep_text = np.stack([pool_texts(encoded.of(number).texts) for number in range(len(encoded))])
    fusion = _fit_fusion(data, linear, encoded.sentences, deep_text)
    fused = Scored(
        fuse_sentences(linear.sentences, encoded.sentences, fusion),
        fusion.text_intercept + fusion.text_linear * linear.text + fusion.text_encoder * deep_text,
    )
    pooled = pool_documents(fused.sentences, data.document, fused.text, outputs)

    # All documents teach here: what the lexicon's phrases add to the linear model weighs little in the sum.
    def fit_on(chosen: np.ndarray) -> LinearCalibrators:
        return fit_documents([pooled[i] for i in chosen], data.targets(chosen), setting)

    probabilities = cross_predict(pooled, data.folds, fit_on, outputs)
    return Deep(fusion, fit_on(np.arange(len(pooled))), encoded, fused, probabilities, [])


def _fit_fusion(data: Prepared, linear: Scored, deep: np.ndarray, deep_text: np.ndarray) -> Fusion:
    """Fit slopes shared by the outputs of one kind: a rare indicator alone could not carry its own."""
    fair = data.fair[data.document]
    total = data.labels.shape[1]
    both, alone = np.zeros((3, total)), np.zeros((2, total))
    for kind in np.split(np.arange(total), _KINDS):
        truth = data.labels[np.ix_(fair, kind)].ravel()
        scores = np.stack([linear.sentences[np.ix_(fair, kind)].ravel(), deep[np.ix_(fair, kind)].ravel()], axis=1)
        both[:, kind] = np.array(_slopes(scores, truth))[:, None]
        alone[:, kind] = np.array(_slopes(scores[:, :1], truth))[:, None]
    n_text = linear.text.shape[1]
    answers = np.column_stack([data.genre[:, None] == np.arange(n_text - 1), data.review])[data.fair]
    texts = np.stack([linear.text[data.fair], deep_text[data.fair]], axis=2)
    text = np.array([_slopes(texts[:, k], answers[:, k]) for k in range(n_text)]).T
    return Fusion(
        linear=both[0],
        encoder=both[1],
        intercept=both[2],
        alone=alone[0],
        alone_intercept=alone[1],
        text_linear=text[0],
        text_encoder=text[1],
        text_intercept=text[2],
        gate=-np.inf,
        further=-np.inf,
        glance=-np.inf,
    )


def _slopes(scores: np.ndarray, truth: np.ndarray) -> list[float]:
    """Give the slopes and then the intercept of a logistic model."""
    model = LogisticRegression(C=_UNREGULARISED).fit(scores, truth)
    return [*model.coef_[0].tolist(), float(model.intercept_[0])]


def fuse_reading(parsed: Parse, base: Reading, number: int, deep: Deep, encoder: Encoder) -> FusedReading:
    """Read a development document as serving would, with the out-of-fold scores of its sentences.

    Where the encoder looked is asked of the encoder itself, which was fitted on the document: the only thing that is
    chosen by it is how long a highlight should be.
    """
    found = encoder.encode(parsed, np.zeros(len(parsed.sentences)))
    read = deep.encoded.of(number)
    return FusedReading(base, replace(found, sentences=read.sentences, texts=read.texts), deep.fusion, encoder.bias)


def choose_gate(data: Prepared, deep: Deep, linear: Scored, *, fast: LinearCalibrators, outputs: Outputs) -> Deep:
    """Choose what the cascade reads: the cheapest gate and first look that lose little against reading everything.

    Quality is that of the fair documents. Cost is that of those among them in which there is nothing to find, as in
    most of a dump, put together to long ones: windows read, and looks for their part, in shares of all their windows.

    Args:
        data: The development part.
        deep: The tier without a gate.
        linear: The same documents, read by the linear model alone.
        fast: Document models of the fast tier.
        outputs: How columns are read.
    """
    numbers = np.flatnonzero(data.fair)
    quiet = ~data.states[numbers].any(axis=(1, 2)) & ~data.review[numbers]
    dump = [_Read.join(part, linear, deep) for part in _cut(numbers[quiet | (not quiet.any())])]
    shallow = pool_documents(linear.sentences, data.document, linear.text, outputs)
    alone = predict_documents([shallow[i] for i in numbers], fast, outputs)
    curve = []
    for gate, glance in ((UNGATED, UNGATED), *product(_GATES, _GLANCES)):
        gated = [_gate(number, linear, deep, (gate, glance), outputs) for number in numbers.tolist()]
        found = predict_documents([pooled for pooled, _ in gated], deep.calibrators, outputs)
        read = np.array([opened.any() for _, opened in gated])
        there = sum(len(opened) for _, opened in gated)
        indicators = np.where(read[:, None], found.indicators, alone.indicators)
        review = np.where(read, found.review, alone.review)
        curve.append(
            {
                "gate": gate,
                "glance": glance,
                "windows_read": float(sum(opened.sum() for _, opened in gated) / there),
                "cost": _cost(dump, (gate, glance), outputs),
                "macro_average_precision": _macro(data.states[numbers, :, 0], indicators),
                "review_average_precision": float(average_precision_score(data.review[numbers], review)),
            }
        )
    keys = ("macro_average_precision", "review_average_precision")
    best = max(sum(point[key] for key in keys) for point in curve)
    kept = [point for point in curve if sum(point[key] for key in keys) >= best - 2 * _LOSS]
    chosen = min(kept, key=lambda point: point["cost"])
    gate, glance = chosen["gate"], chosen["glance"]
    return replace(deep, fusion=replace(deep.fusion, gate=gate, further=gate + _FURTHER, glance=glance), curve=curve)


def _macro(truth: np.ndarray, probability: np.ndarray) -> float:
    met = np.flatnonzero(truth.any(axis=0))
    return float(np.mean([average_precision_score(truth[:, k], probability[:, k]) for k in met]))


def _cut(numbers: np.ndarray) -> list[list[int]]:
    return [numbers[first : first + _LONG].tolist() for first in range(0, len(numbers), _LONG)]


@dataclass(frozen=True, slots=True)
class _Read:
    """What both models gave for one document or several: rows of sentences, and windows over them."""

    linear: np.ndarray
    alone: np.ndarray
    windows: np.ndarray

    @classmethod
    def join(cls, numbers: Iterable[int], linear: Scored, deep: Deep) -> "_Read":
        """Put documents one after the other."""
        rows, alone, windows, count = [], [], [], 0
        for number in numbers:
            first, last = deep.encoded.sentence_bounds[number : number + 2].tolist()
            read = deep.encoded.of(number)
            rows.append(linear.sentences[first:last])
            alone.append(read.alone)
            windows.append(read.windows + count)
            count += last - first
        return cls(np.concatenate(rows), np.concatenate(alone), np.concatenate(windows))

    def open(self, gates: tuple[float, float], outputs: Outputs) -> tuple[np.ndarray, int]:
        """Say which windows are read behind a gate and a first look, and how many sentences were looked at."""
        priority = sentence_priority(self.linear, outputs.n_indicators, gates[0], gates[0] + _FURTHER)
        worth, looks = look(priority, lambda sentence: float(self.alone[sentence]), gates[1])
        wanted = [worth and bool((priority[a:b] > -np.inf).any()) for a, b in self.windows.tolist()]
        return np.array(wanted), looks


def _cost(dump: Sequence[_Read], gates: tuple[float, float], outputs: Outputs) -> float:
    opened = [read.open(gates, outputs) for read in dump]
    return float(
        sum(wanted.sum() + _LOOK * looks for wanted, looks in opened) / sum(len(read.windows) for read in dump)
    )


def _gate(
    number: int, linear: Scored, deep: Deep, gates: tuple[float, float], outputs: Outputs
) -> tuple[Pooled, np.ndarray]:
    """Read a document through a gate and a first look: pooled scores, and which of its windows were read."""
    read, text = _Read.join([number], linear, deep), linear.text[number]
    opened, _ = read.open(gates, outputs)
    if not opened.any():
        return pool(read.linear, text, outputs), opened
    scores, texts, windows, _ = deep.encoded.of(number)
    scores = scores.copy()
    for begin, end in windows[~opened].tolist():
        scores[begin:end] = np.nan
    fusion = deep.fusion
    own = fusion.text_encoder * pool_texts(texts[opened])
    fused = fusion.text_intercept + fusion.text_linear * text + own
    return pool(fuse_sentences(read.linear, scores, fusion), fused, outputs), opened

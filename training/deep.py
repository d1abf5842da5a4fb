"""The deep tier: linear model and encoder added up, on documents that neither has seen.

The encoder was fine-tuned without one fold (its manifest names it). There its scores and those of the linear model that
did not see that fold either are stacked (Wolpert 1992), and the document models, thresholds, evidence rule and gate of
the tier are fitted on the sums.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score

from classifier.encoder import Encoded, Encoder
from classifier.errors import RecipeError
from classifier.fusion import FusedReading, Fusion, Reading, fuse_sentences, pool_texts, sentence_priority
from classifier.scoring import Outputs, pool
from training.calibration import (
    LinearCalibrators,
    Probabilities,
    Setting,
    cross_predict,
    fit_documents,
    predict_documents,
)
from training.prepare import Prepared

_UNREGULARISED = 1e6
_SUBFOLDS = 5
# The cascade may lose this much average precision against reading everything.
_LOSS = 0.004
_GATES = (-6.0, -5.0, -4.5, -4.0, -3.5, -3.0, -2.5, -2.0, -1.5, -1.0)


@dataclass(frozen=True, slots=True)
class Deep:
    """What the deep tier adds to a model.

    Attributes:
        fusion: Weights and gate.
        calibrators: Document models without thresholds.
        readings: Document numbers of the held-out fold to their readings.
        probabilities: Of those documents, in that order, out of sub-fold.
        curve: Gate, share of windows read and quality, for every gate tried.
    """

    fusion: Fusion
    calibrators: LinearCalibrators
    readings: Mapping[int, Reading]
    probabilities: Probabilities
    curve: list[dict[str, float]]


def held_out_fold(encoder: Encoder, split_sha256: str) -> int:
    """Give the fold that the encoder has not seen.

    Raises:
        RecipeError: the encoder was fine-tuned on another split.
    """
    data = encoder.manifest.get("data", {})
    if data.get("split_sha256") != split_sha256:
        found = data.get("split_sha256")
        raise RecipeError(f"the encoder was fine-tuned on split {found}; this corpus has {split_sha256}")
    return int(encoder.manifest["recipe"]["held_out"][0])


def fit_deep(
    data: Prepared,
    base: Mapping[int, Reading],
    *,
    encoder: Encoder,
    setting: Setting,
    clusters: np.ndarray,
) -> Deep:
    """Fit the deep tier.

    Args:
        data: The development part.
        base: Documents of the held-out fold, read by a linear model that did not see it.
        encoder: That did not see it either.
        setting: Options of the document models, and outputs.
        clusters: (n_documents,) clusters that must stay whole.
    """
    outputs = setting.outputs
    numbers = np.array(sorted(base))
    encoded = {i: encoder.encode(data.parses[i], np.zeros(len(data.parses[i].sentences))) for i in numbers.tolist()}
    fusion = _fit_fusion(data, base, encoded, outputs)
    readings = {i: FusedReading(base[i], encoded[i], fusion, encoder.bias) for i in numbers.tolist()}
    pooled = [pool(readings[i].sentences, readings[i].text, outputs) for i in numbers.tolist()]

    def fit_on(candidates: np.ndarray) -> LinearCalibrators:
        chosen = candidates[data.fair[numbers[candidates]]]
        return fit_documents([pooled[i] for i in chosen], data.targets(numbers[chosen]), setting)

    probabilities = cross_predict(pooled, clusters[numbers] % _SUBFOLDS, fit_on, outputs)
    return Deep(fusion, fit_on(np.arange(len(numbers))), readings, probabilities, [])


def _fit_fusion(
    data: Prepared, base: Mapping[int, Reading], encoded: Mapping[int, Encoded], outputs: Outputs
) -> Fusion:
    """Fit slopes shared by the outputs of one kind: a rare indicator alone could not carry its own."""
    fair = [i for i in sorted(base) if data.fair[i]]
    rows = np.isin(data.document, fair)
    labels = data.labels[rows]
    linear = np.concatenate([base[i].sentences for i in fair])
    deep = np.concatenate([encoded[i].sentences for i in fair])
    n, total = outputs.n_indicators, labels.shape[1]
    speaks = np.asarray(labels[:, n : 2 * n].any(axis=1))
    everywhere = np.full(len(labels), fill_value=True)
    kinds: list[tuple[slice, np.ndarray]] = [(slice(0, n), everywhere), (slice(n, 2 * n), everywhere)]
    kinds += [(slice(held, held + 1), speaks) for held in range(2 * n, total)]
    both, alone = np.zeros((3, total)), np.zeros((2, total))
    for kind, chosen in kinds:
        truth = labels[chosen, kind].ravel()
        scores = np.stack([linear[chosen, kind].ravel(), deep[chosen, kind].ravel()], axis=1)
        both[:, kind] = np.array(_slopes(scores, truth))[:, None]
        alone[:, kind] = np.array(_slopes(scores[:, :1], truth))[:, None]
    texts = _fit_texts(data, base, encoded, fair)
    return Fusion(
        linear=both[0],
        encoder=both[1],
        intercept=both[2],
        alone=alone[0],
        alone_intercept=alone[1],
        text_linear=texts[0],
        text_encoder=texts[1],
        text_intercept=texts[2],
        gate=-np.inf,
    )


def _fit_texts(
    data: Prepared, base: Mapping[int, Reading], encoded: Mapping[int, Encoded], fair: list[int]
) -> np.ndarray:
    linear = np.stack([base[i].text for i in fair])
    deep = np.stack([pool_texts(encoded[i].texts) for i in fair])
    truth = np.column_stack([data.genre[fair, None] == np.arange(linear.shape[1] - 1), data.review[fair]])
    found = [_slopes(np.stack([linear[:, k], deep[:, k]], axis=1), truth[:, k]) for k in range(linear.shape[1])]
    return np.array(found).T


def _slopes(scores: np.ndarray, truth: np.ndarray) -> list[float]:
    """Give the slopes and then the intercept of a logistic model."""
    model = LogisticRegression(C=_UNREGULARISED).fit(scores, truth)
    return [*model.coef_[0].tolist(), float(model.intercept_[0])]


def choose_gate(
    data: Prepared,
    deep: Deep,
    base: Mapping[int, Reading],
    *,
    fast: LinearCalibrators,
    outputs: Outputs,
) -> Deep:
    """Choose the highest gate that loses little against reading everything, on the fair documents of the fold.

    Args:
        data: The development part.
        deep: The tier without a gate.
        base: The same documents, read by the linear model alone.
        fast: Document models of the fast tier.
        outputs: How columns are read.
    """
    numbers = [i for i in sorted(base) if data.fair[i]]
    shallow = predict_documents([pool(base[i].sentences, base[i].text, outputs) for i in numbers], fast, outputs)
    curve = []
    for gate in (-np.inf, *_GATES):
        gated = [_gate(base[i], deep.readings[i], deep.fusion, gate, outputs) for i in numbers]
        found = predict_documents([pool(*one[:2], outputs) for one in gated], deep.calibrators, outputs)
        read = np.array([one[2] > 0 for one in gated])
        windows = np.array([one[2:] for one in gated]).sum(axis=0)
        indicators = np.where(read[:, None], found.indicators, shallow.indicators)
        review = np.where(read, found.review, shallow.review)
        curve.append(
            {
                "gate": float(max(gate, -99.0)),
                "windows_read": float(windows[0] / windows[1]),
                "macro_average_precision": _macro(data.states[numbers, :, 0], indicators),
                "review_average_precision": float(average_precision_score(data.review[numbers], review)),
            }
        )
    keys = ("macro_average_precision", "review_average_precision")
    best = max(sum(point[key] for key in keys) for point in curve)
    kept = [p["gate"] for p in curve if sum(p[key] for key in keys) >= best - 2 * _LOSS]
    return replace(deep, fusion=replace(deep.fusion, gate=max(kept)), curve=curve)


def _macro(truth: np.ndarray, probability: np.ndarray) -> float:
    met = np.flatnonzero(truth.any(axis=0))
    return float(np.mean([average_precision_score(truth[:, k], probability[:, k]) for k in met]))


def _gate(
    base: Reading, reading: Reading, fusion: Fusion, gate: float, outputs: Outputs
) -> tuple[np.ndarray, np.ndarray, int, int]:
    """Read a document through a gate: sentence scores, text scores, windows read, windows there are."""
    assert isinstance(reading, FusedReading)  # noqa: S101  narrows the type
    encoded = reading.encoded
    wanted = sentence_priority(base.sentences, outputs.n_indicators, gate) > -np.inf
    open_ = np.array([bool(wanted[a:b].any()) for a, b in encoded.windows.tolist()])
    if not open_.any():
        return base.sentences, base.text, 0, len(open_)
    scores = encoded.sentences.copy()
    for first, last in encoded.windows[~open_].tolist():
        scores[first:last] = np.nan
    own = fusion.text_encoder * pool_texts(encoded.texts[open_])
    text = fusion.text_intercept + fusion.text_linear * base.text + own
    return fuse_sentences(base.sentences, scores, fusion), text, int(open_.sum()), len(open_)

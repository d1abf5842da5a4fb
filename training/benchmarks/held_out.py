"""How a benchmark is scored without a leak: all that is chosen is chosen inside the training rows, group by group."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import GroupKFold

from classifier.errors import CorpusError
from classifier.scoring import sigmoid
from training.benchmarks.blocks import Block, join_blocks, weigh_block
from training.calibration import fit_sigmoids
from training.estimator import build_estimator, fit_one_vs_rest
from training.thresholds import choose_threshold

INNER_FOLDS = 4
RULE = "maximum f1"
_ITERATIONS = 4000
# Rows (n, n_columns) and labels (n, n_outputs) to coefficients (n_outputs, n_columns) and intercepts (n_outputs,).
Learner = Callable[[csr_matrix, np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A way to do it: columns and a learner; candidates compete on inner folds."""

    name: str
    blocks: Sequence[Block]
    learn: Learner


@dataclass(frozen=True, slots=True)
class Rows:
    """What is known of the rows.

    Attributes:
        labels: (n_rows, n_outputs) bool.
        groups: (n_rows,) numbers; a group never straddles a split.
    """

    labels: np.ndarray
    groups: np.ndarray


@dataclass(frozen=True, slots=True)
class Predictions:
    """Of rows that the models did not see.

    Attributes:
        probability: (n, n_outputs), calibrated on training rows.
        flagged: (n, n_outputs) bool, at thresholds chosen on training rows.
        plain: (n, n_outputs) bool, where the learner's own margin is not negative: probability 0.5 of a logistic one.
        chosen: Name of the candidate.
    """

    probability: np.ndarray
    flagged: np.ndarray
    plain: np.ndarray
    chosen: str


def learn_like_product(c: float, seed: int = 0) -> Learner:
    """Give the learner of the shipped model: LinearSVC, one against the rest."""

    def learn(rows: csr_matrix, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        estimator = build_estimator(c, _ITERATIONS, seed)
        return fit_one_vs_rest(rows, labels, weights=np.ones(len(labels)), estimator=estimator, jobs=1)

    return learn


def learn_logistic(c: float) -> Learner:
    """Give the learner of the baseline: logistic regression with balanced classes."""

    def learn(rows: csr_matrix, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        models = [
            LogisticRegression(C=c, class_weight="balanced", max_iter=2000).fit(rows, labels[:, k])
            for k in range(labels.shape[1])
        ]
        return np.vstack([model.coef_ for model in models]), np.concatenate([model.intercept_ for model in models])

    return learn


def predict_held_out(
    candidates: Sequence[Candidate], rows: Rows, *, training: np.ndarray, held_out: np.ndarray
) -> Predictions:
    """Predict held-out rows.

    On grouped inner folds of the training rows the candidate of the greatest mean average precision wins; there its
    sigmoids are fitted and its thresholds chosen. Then it learns from all training rows. The labels of held-out rows
    are never read.

    Raises:
        CorpusError: there are fewer training groups than inner folds, or an output has no training positive.
    """
    labels = rows.labels[training]
    check_training(rows, training)
    inner = _predict_inner(candidates, rows, training)
    best = int(np.argmax([_mean_precision(labels, margins) for margins in inner]))
    margins, winner = inner[best], candidates[best]
    slopes, shifts = fit_sigmoids(margins, labels, np.ones_like(labels))
    known = sigmoid(margins * slopes + shifts)
    thresholds = [choose_threshold(labels[:, k], known[:, k], RULE).value for k in range(labels.shape[1])]
    (found,) = _predict_margins([winner], rows, training, held_out)
    probability = sigmoid(found * slopes + shifts)
    return Predictions(probability, probability >= np.array(thresholds), found >= 0.0, winner.name)


def cross_predict_groups(candidates: Sequence[Candidate], rows: Rows, folds: int) -> Predictions:
    """Predict every row by models of the other folds; each fold chooses its own candidate and thresholds."""
    shape = rows.labels.shape
    probability, flagged, plain = np.zeros(shape), np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    chosen: list[str] = []
    for training, held_out in split_groups(rows.groups, folds):
        part = predict_held_out(candidates, rows, training=training, held_out=held_out)
        probability[held_out], flagged[held_out], plain[held_out] = part.probability, part.flagged, part.plain
        chosen.append(part.chosen)
    return Predictions(probability, flagged, plain, ", ".join(chosen))


def split_groups(groups: np.ndarray, folds: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Split rows into folds of whole groups: pairs of indices, training and held out.

    Raises:
        CorpusError: there are fewer groups than folds.
    """
    if len(np.unique(groups)) < folds:
        raise CorpusError(f"{len(np.unique(groups))} groups cannot fill {folds} folds")
    return list(GroupKFold(folds).split(groups, groups=groups))


def check_training(rows: Rows, training: np.ndarray) -> None:
    """Refuse training rows that an inner fold could leave without a positive or a negative.

    Raises:
        CorpusError: an output has an answer in one group only.
    """
    for output in range(rows.labels.shape[1]):
        for answer in (True, False):
            held = training[rows.labels[training, output] == answer]
            if len(np.unique(rows.groups[held])) < 2:
                raise CorpusError(f"output {output} is {answer} in fewer than 2 training groups")


def _predict_inner(candidates: Sequence[Candidate], rows: Rows, training: np.ndarray) -> list[np.ndarray]:
    """Give each candidate's out-of-fold margins of the training rows, (n_training, n_outputs)."""
    margins = [np.zeros((len(training), rows.labels.shape[1])) for _ in candidates]
    for inside, outside in split_groups(rows.groups[training], INNER_FOLDS):
        found = _predict_margins(candidates, rows, training[inside], training[outside])
        for whole, part in zip(margins, found, strict=True):
            whole[outside] = part
    return margins


def _predict_margins(
    candidates: Sequence[Candidate], rows: Rows, training: np.ndarray, wanted: np.ndarray
) -> list[np.ndarray]:
    weighed: dict[int, csr_matrix] = {}
    margins = []
    for candidate in candidates:
        for block in candidate.blocks:
            # Candidates share blocks, and weighing one costs as much as learning from it.
            if id(block) not in weighed:
                weighed[id(block)] = weigh_block(block, training, rows.groups)
        columns = join_blocks([weighed[id(block)] for block in candidate.blocks])
        coefficients, intercepts = candidate.learn(columns[training], rows.labels[training])
        margins.append(np.asarray(columns[wanted] @ coefficients.T + intercepts))
    return margins


def _mean_precision(labels: np.ndarray, margins: np.ndarray) -> float:
    return float(np.mean([average_precision_score(labels[:, k], margins[:, k]) for k in range(labels.shape[1])]))

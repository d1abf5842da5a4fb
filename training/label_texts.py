"""What a caller of the estimator hands in, checked and put into records: texts, labels, spans, groups."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from classifier.pipeline import Parse
from training.corpus import ASSERTIONS, GENRES, LabelledSpan, Record
from training.split import cluster_records


def read_texts(X: Any) -> list[str]:
    """Read texts from any one-dimensional sequence of strings, or from a table of one column.

    Raises:
        TypeError: something in it is no string.
        ValueError: it has another shape or is empty.
    """
    if isinstance(X, str | bytes) or not isinstance(X, Iterable):
        raise TypeError(f"X is a {type(X).__name__}; it must be a sequence of texts")
    shape = getattr(X, "shape", None)
    if shape is not None and len(shape) != 1:
        if len(shape) != 2 or shape[1] != 1:
            raise ValueError(f"X has shape {tuple(shape)}; it must be (n_texts,) or (n_texts, 1)")
        X = np.asarray(X)[:, 0]
    texts = list(X)
    if not texts:
        raise ValueError("X has 0 texts; at least 1 is needed")
    for number, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(f"text {number} of X is a {type(text).__name__}; it must be a string")
    return [str(text) for text in texts]


def check_words(parses: Sequence[Parse]) -> None:
    """Refuse texts that nothing can be learned from.

    Raises:
        ValueError: a text has no words; gives its number.
    """
    for number, parsed in enumerate(parses):
        if not parsed.tokens:
            raise ValueError(f"text {number} of X has no words; it must have at least one")


@dataclass(frozen=True, slots=True)
class Labels:
    """What texts are labelled with.

    Attributes:
        classes: What scikit-learn is told: the single labels, or of a matrix the numbers of its columns.
        names: Of the columns.
        matrix: (n_texts, n_columns) bool; of two single labels there is one column, that of the second.
        several: Whether a text can have several labels.
    """

    classes: np.ndarray
    names: tuple[str, ...]
    matrix: np.ndarray
    several: bool


def read_labels(y: Any, classes: Sequence[str] | None, ids: tuple[str, ...]) -> Labels:
    """Read labels.

    Args:
        y: (n_texts,) with one label a text, or (n_texts, n_labels) of zeros and ones; sparse or a table, too.
        classes: Names of the columns of a matrix. By default a table's own; of a matrix with a column an indicator,
            the indicators; else numbers.
        ids: Of the indicators.

    Raises:
        ValueError: y is of another kind, there is one class only, or the names do not fit.
    """
    if y is None:
        raise ValueError("requires y to be passed, but the target y is None")
    names: Sequence[str] | None = [str(name) for name in y.columns] if hasattr(y, "columns") else classes
    matrix = y.toarray() if hasattr(y, "toarray") else np.asarray(y)
    if matrix.ndim == 2 and matrix.shape[1] == 1:
        matrix = matrix[:, 0]
    check_classification_targets(matrix)
    if type_of_target(matrix) == "multilabel-indicator":
        return _name_columns(matrix.astype(bool), names, ids)
    found = np.unique(matrix)
    if len(found) < 2:
        raise ValueError(f"y has {len(found)} class; at least 2 classes are needed")
    wanted = found[1:] if len(found) == 2 else found
    return Labels(found, tuple(map(str, wanted)), matrix[:, None] == wanted, several=False)


def _name_columns(matrix: np.ndarray, names: Sequence[str] | None, ids: tuple[str, ...]) -> Labels:
    count = matrix.shape[1]
    if names is not None and (len(names) != count or len(set(names)) != count):
        raise ValueError(f"y has {count} columns; so many different names are needed, and {len(names)} were given")
    if not matrix.any():
        raise ValueError("y has no label at all; at least one text must have one")
    if names is None:
        names = ids if count == len(ids) else [str(number) for number in range(count)]
    # Scorers look at the classes alone and would take two labels for one yes-or-no question; so they are told the
    # answers of each.
    classes = np.tile([0, 1], (2, 1)) if count == 2 else np.arange(count)
    return Labels(classes, tuple(map(str, names)), matrix, several=True)


def build_records(
    texts: Sequence[str], labels: np.ndarray, names: Sequence[str], given: Mapping[str, Any], *, language: str
) -> tuple[list[Record], np.ndarray]:
    """Put labelled texts into records.

    Args:
        texts: n_texts of them.
        labels: (n_texts, n_labels) bool.
        names: Of the labels.
        given: `spans`, `groups`, `genres` and `review`, a value a text; None where not given. Without genres, a text
            with a label is a disclosure and another unrelated; without review, texts with a label need it.
        language: ISO 639-1 code.

    Returns:
        The records, and whether each has spans for all of its labels, (n_texts,) bool. A label without a span gets
        one over the whole text.

    Raises:
        ValueError: a span or genre is wrong, or a sequence has another length; gives the number of the text.
    """
    for name, values in given.items():
        if values is not None and len(values) != len(texts):
            raise ValueError(f"{name} has {len(values)} values; X has {len(texts)} texts")
    records, spanned = [], np.ones(len(texts), dtype=bool)
    for number, text in enumerate(texts):
        one = {name: None if values is None else _take(values, number) for name, values in given.items()}
        spans = tuple(_read_span(span, number, len(text), names) for span in one["spans"] or ())
        held = {names[column] for column in np.flatnonzero(labels[number]).tolist()}
        asserted = {span.indicator for span in spans if span.assertion == "asserted"}
        if extra := sorted(asserted - held):
            raise ValueError(f"spans of text {number} assert '{extra[0]}', which y does not label it with")
        spanned[number] = asserted == held
        whole = tuple(LabelledSpan(0, len(text), name, "asserted") for name in names if name in held - asserted)
        genre = one["genres"] or ("disclosure" if held else "unrelated")
        if genre not in GENRES:
            raise ValueError(f"genre of text {number} is '{genre}'; allowed: {', '.join(GENRES)}")
        review = bool(held) if one["review"] is None else bool(one["review"])
        group = f"text {number}" if one["groups"] is None else f"group {one['groups']}"
        records.append(Record(str(number), text, language, genre, review, spans + whole, "fit", group, "train"))
    return records, spanned


def _take(values: Any, number: int) -> Any:
    """Give the value at a place; a pandas Series is asked by place, not by label."""
    return values.iloc[number] if hasattr(values, "iloc") else values[number]


def _read_span(span: Any, number: int, length: int, names: Sequence[str]) -> LabelledSpan:
    place = f"a span of text {number}"
    start, end, label, assertion = _take_span(span, place)
    if (
        not isinstance(start, int | np.integer)
        or not isinstance(end, int | np.integer)
        or not 0 <= start < end <= length
    ):
        raise ValueError(f"{place}: start and end must satisfy 0 <= start < end <= {length}")
    if label not in names:
        raise ValueError(f"{place} has an unknown label; allowed: {', '.join(names)}")
    if assertion not in ASSERTIONS:
        raise ValueError(f"{place} has an unknown assertion; allowed: {', '.join(ASSERTIONS)}")
    return LabelledSpan(int(start), int(end), label, assertion)


def _take_span(span: Any, place: str) -> tuple[Any, Any, Any, Any]:
    """Give start, end, label and assertion of a span in any of its forms."""
    if isinstance(span, LabelledSpan):
        return span.start, span.end, span.indicator, span.assertion
    if isinstance(span, Mapping):
        keys = ("start", "end", "indicator")
        if missing := [key for key in keys if key not in span]:
            raise ValueError(f"{place} has no '{missing[0]}'; needed: {', '.join(keys)}")
        return span["start"], span["end"], span["indicator"], span.get("assertion", "asserted")
    if isinstance(span, Sequence) and len(span) in (3, 4):
        start, end, label, *assertion = span
        return start, end, label, assertion[0] if assertion else "asserted"
    raise ValueError(f"{place} is a {type(span).__name__}; allowed: (start, end, label[, assertion]) or a mapping")


def draw_folds(records: Sequence[Record], folds: int, seed: int) -> tuple[np.ndarray, int]:
    """Spread groups and near-duplicates over folds of about one size, each whole in one.

    Args:
        records: n_records of them.
        folds: As many, or as many as there are clusters.
        seed: Of the order.

    Returns:
        Folds, (n_records,), and the number of clusters.

    Raises:
        ValueError: there is one cluster only.
    """
    _, clusters, sizes = np.unique(cluster_records(records), return_inverse=True, return_counts=True)
    if len(sizes) < 2:
        raise ValueError(f"the {len(records)} samples of X are of one group or nearly the same; 2 groups are needed")
    order = np.random.default_rng(seed).permutation(len(sizes))
    filled, fold = np.zeros(min(folds, len(sizes))), np.zeros(len(sizes), dtype=np.int64)
    for cluster in order[np.argsort(-sizes[order], kind="stable")]:
        fold[cluster] = int(filled.argmin())
        filled[fold[cluster]] += sizes[cluster]
    return fold[clusters], len(sizes)

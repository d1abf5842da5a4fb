"""The estimator keeps scikit-learn's contract, learns what it is shown, and becomes a model folder."""

import pickle
from hashlib import md5
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import check_estimator, estimator_checks_generator
from sklearn.utils.validation import check_is_fitted, validate_data

import classifier
from classifier.document import Analysis, Document
from classifier.taxonomy import load_taxonomy
from training.corpus import LabelledSpan
from training.sklearn_api import TellsignClassifier

IDS = load_taxonomy().ids
LABELS = ("document_retention", "debt_bondage")
FAST: dict[str, Any] = {"folds": 2, "thresholds": 0.5}
_WHO = ["manager", "foreman", "cook", "driver", "neighbour", "captain", "aunt", "clerk", "teacher", "cousin"]
_PLACES = ("harbour", "laundry", "orchard", "kitchen", "mill", "bakery")
_CLAUSES = {
    "document_retention": "the {who} of the {place} keeps my passport in a drawer",
    "debt_bondage": "I owe the {who} of the {place} money for the ticket and the debt grows",
    None: "the {who} of the {place} brings bread and we sing in the evening",
}
_FILLERS = (
    "It rained on Monday and the bus was late",
    "My sister wrote about her garden",
    "We watched football behind the church",
    "The soup was thick and salty",
    "A dog barked at the postman",
)


def build_corpus(count: int = 48) -> tuple[list[str], np.ndarray, list[list[tuple[int, int, str]]]]:
    """Invented texts of two sentences, labels by `LABELS`, and the spans that show them."""
    texts, labels, spans = [], [], []
    for number in range(count):
        label = (*LABELS, None)[number % 3]
        who, place = _WHO[number % 10], _PLACES[number // 3 % 6]
        clause = _CLAUSES[label].format(who=who, place=place)
        filler = _FILLERS[number // 2 % 5]
        # A word of its own keeps each text from being another's near-duplicate.
        own = " ".join(f"{word}{number}" for word in ("alder", "birch", "cedar", "dahlia"))
        texts.append(f"{filler}. {clause.capitalize()}. {own}.")
        labels.append([label == one for one in LABELS])
        start = len(filler) + 2
        spans.append([(start, start + len(clause), label)] if label else [])
    return texts, np.array(labels, dtype=int), spans


TEXTS, Y, SPANS = build_corpus()


@pytest.fixture(scope="module")
def fitted() -> TellsignClassifier:
    """Learned from spans."""
    return TellsignClassifier(classes=LABELS, **FAST).fit(TEXTS, Y, spans=SPANS)


class NumbersAsTexts(TellsignClassifier):
    """Writes rows of numbers as words, so that scikit-learn's checks, which know rows of numbers alone, apply."""

    def fit(self, X: Any, y: Any) -> "NumbersAsTexts":  # type: ignore[override]
        X, y = (X, y) if y is None else validate_data(self, X, y, multi_output=True)
        super().fit(write_rows(X), y)
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        return super().predict_proba(write_rows(validate_data(self, X, reset=False)))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array, tags.input_tags.one_d_array, tags.input_tags.string = True, False, False
        return tags


def write_rows(rows: Any) -> list[str]:
    """For each number a word for every step that it is above, and a word of the row's own between them."""

    def write(row: np.ndarray) -> str:
        digest = md5(row.tobytes(), usedforsecurity=False).hexdigest()
        words = [f"c{column}v{step}" for column, value in enumerate(row) for step in range(3) if value > step - 1]
        return " ".join(f"{word} z{digest[k % 28 : k % 28 + 4]}" for k, word in enumerate(words or ["none"]))

    return [write(row) for row in np.asarray(rows, dtype=float)]


# Each of these fits hundreds of rows or a dozen times. They pass, too; the tests below hold what they look at.
_LONG = {
    "check_classifiers_train",
    "check_classifiers_classes",
    "check_classifiers_multilabel_representation_invariance",
    "check_classifier_data_not_an_array",
    "check_dtype_object",
    "check_estimators_dtypes",
    "check_fit_check_is_fitted",
    "check_fit_idempotent",
    "check_positive_only_tag_during_fit",
    "check_supervised_y_2d",
}
CHECKS = [
    pytest.param(estimator, check, id=f"{check.func.__name__} {number}")
    for number, (estimator, check) in enumerate(estimator_checks_generator(NumbersAsTexts(**FAST)))
    if check.func.__name__ not in _LONG
]


@pytest.mark.parametrize(("estimator", "check"), CHECKS)
def test_scikit_learn_finds_nothing_wrong(estimator: TellsignClassifier, check: Any) -> None:
    check(estimator)


def test_scikit_learn_knows_that_it_takes_texts() -> None:
    with pytest.warns(match="Can't test estimator TellsignClassifier which requires input"):
        results = check_estimator(TellsignClassifier(), on_fail="raise", on_skip=None)
    assert {result["status"] for result in results} == {"passed"}


def test_labels_are_learned(fitted: TellsignClassifier) -> None:
    texts, labels, _ = build_corpus(66)
    assert (fitted.predict(texts[48:]) == labels[48:]).mean() > 0.9
    assert fitted.labels_ == LABELS


def test_spans_say_which_sentence_counts(fitted: TellsignClassifier) -> None:
    without = TellsignClassifier(classes=LABELS, **FAST).fit(TEXTS, Y)
    for text in _FILLERS:
        assert fitted.predict_proba([text])[0].max() < 0.5
    weights = [one.result_.weights.words[0] for one in (fitted, without)]
    assert not np.array_equal(*weights)


def test_decision_is_positive_where_the_label_is_given(fitted: TellsignClassifier) -> None:
    assert np.array_equal(fitted.decision_function(TEXTS) >= 0, fitted.predict(TEXTS).astype(bool))


def test_text_without_words_has_the_probability_of_an_empty_sentence(fitted: TellsignClassifier) -> None:
    found = fitted.predict_proba(["", " \n", "\u200b"])
    assert np.isfinite(found).all()
    assert np.array_equal(found[0], found[1])


def test_prediction_of_many_is_that_of_each(fitted: TellsignClassifier) -> None:
    alone = np.vstack([fitted.predict_proba([text]) for text in TEXTS[:9]])
    assert np.array_equal(fitted.predict_proba(TEXTS[:9]), alone)


@pytest.mark.parametrize(
    "X",
    [np.array(TEXTS, dtype=object), pd.Series(TEXTS, index=range(7, 55)), pd.DataFrame({"t": TEXTS}), tuple(TEXTS)],
    ids=["array", "series", "table of one column", "tuple"],
)
def test_texts_may_come_in_any_sequence(fitted: TellsignClassifier, X: Any) -> None:
    assert np.array_equal(fitted.predict_proba(X), fitted.predict_proba(TEXTS))


def test_labels_may_come_as_a_table_or_a_sparse_matrix(fitted: TellsignClassifier) -> None:
    table = TellsignClassifier(**FAST).fit(TEXTS, pd.DataFrame(Y, columns=LABELS), spans=pd.Series(SPANS))
    sparse = TellsignClassifier(classes=LABELS, **FAST).fit(TEXTS, csr_matrix(Y), spans=SPANS)
    for other in (table, sparse):
        assert other.labels_ == LABELS
        assert np.array_equal(other.predict_proba(TEXTS[:5]), fitted.predict_proba(TEXTS[:5]))


def test_copy_learns_the_same_and_a_pickle_says_the_same(fitted: TellsignClassifier) -> None:
    again = clone(fitted).fit(TEXTS, Y, spans=SPANS)
    thawed = pickle.loads(pickle.dumps(fitted))  # noqa: S301 - our own bytes
    for other in (again, thawed):
        assert np.array_equal(other.predict_proba(TEXTS[:5]), fitted.predict_proba(TEXTS[:5]))


def test_cross_validation_hands_spans_on() -> None:
    model = make_pipeline(FunctionTransformer(np.asarray), TellsignClassifier(classes=LABELS, **FAST))
    found = cross_validate(
        model,
        TEXTS,
        Y,
        cv=GroupKFold(2),
        groups=np.arange(len(TEXTS)) // 3,
        scoring=["f1_macro", "average_precision"],
        params={"tellsignclassifier__spans": SPANS},
        error_score="raise",
    )
    assert found["test_f1_macro"].min() > 0.8


def test_grid_search_tunes_its_parameters(tmp_path: Path) -> None:
    base = TellsignClassifier(classes=LABELS, memory=str(tmp_path), **FAST)
    search = GridSearchCV(base, {"c": [0.001, 0.3]}, cv=2, scoring="average_precision", error_score="raise")
    search.fit(TEXTS, Y)
    assert set(search.cv_results_["param_c"]) == {0.001, 0.3}
    assert search.best_estimator_.predict(TEXTS[:2]).shape == (2, 2)


def test_rule_chooses_thresholds_out_of_fold() -> None:
    found = TellsignClassifier(classes=LABELS, folds=2, thresholds="maximum recall @ precision >= 0.9").fit(TEXTS, Y)
    assert [found.result_.thresholds[name].rule for name in LABELS] == ["maximum recall @ precision >= 0.9"] * 2
    assert np.array_equal(found.predict(TEXTS), (found.predict_proba(TEXTS) >= found.thresholds_).astype(int))


def test_single_labels_are_words_of_any_kind() -> None:
    kinds = np.array([("papers", "money", "other")[number % 3] for number in range(len(TEXTS))])
    found = TellsignClassifier(**FAST).fit(TEXTS, kinds)
    assert list(found.classes_) == ["money", "other", "papers"]
    assert found.score(TEXTS, kinds) > 0.9
    assert found.predict_proba(TEXTS).sum(axis=1) == pytest.approx(np.ones(len(TEXTS)))
    with pytest.raises(ValueError, match="label 'money' is no indicator"):
        found.save("nowhere")


def test_saved_folder_is_read_by_the_analyzer(fitted: TellsignClassifier, tmp_path: Path) -> None:
    fitted.save(tmp_path / "en", name="site", version="2.0.0")
    analyzer = classifier.load(tmp_path / "en")
    assert (analyzer.info.name, analyzer.info.version, analyzer.tier) == ("site", "2.0.0", "fast")
    documents = [Document(text, language="en") for text in TEXTS[:12]]
    analyses = [one for one in analyzer.analyze_many(documents) if isinstance(one, Analysis)]
    places = [IDS.index(name) for name in LABELS]
    read = np.array([[one.indicators[place].probability for place in places] for one in analyses])
    assert np.array_equal(read, fitted.predict_proba(TEXTS[:12]))
    flags = np.array([[score.flagged for score in one.indicators] for one in analyses])
    assert np.array_equal(flags[:, places], fitted.predict(TEXTS[:12]).astype(bool))
    assert not np.delete(flags, places, axis=1).any()


def test_denied_spans_are_learned_as_such() -> None:
    denials = [f"Nobody keeps my passport, says the {who} of the {place} {number}." for number, (who, place) in
               enumerate(zip(_WHO, _PLACES * 2, strict=False))]  # fmt: skip
    spans = [*SPANS, *[[LabelledSpan(0, 24, "document_retention", "negated")]] * len(denials)]
    labels = np.vstack([Y, np.zeros((len(denials), 2), dtype=int)])
    found = TellsignClassifier(classes=LABELS, **FAST).fit([*TEXTS, *denials], labels, spans=spans)
    assert found.predict_proba(denials)[:, 0].mean() < 0.3


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        ("a text", TypeError, "X is a str; it must be a sequence of texts"),
        (["a", 3], TypeError, "text 1 of X is a int"),
        ([], ValueError, "X has 0 texts"),
        (np.array([["a", "b"]]), ValueError, r"X has shape \(1, 2\)"),
    ],
    ids=["one text", "number", "nothing", "matrix"],
)
def test_what_is_no_sequence_of_texts_is_refused(
    fitted: TellsignClassifier, X: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        fitted.predict(X)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"X": ["zebrawood", *TEXTS[1:]], "spans": [[(0, 99, LABELS[0])], *SPANS[1:]]}, "a span of text 0: start and"),
        ({"X": ["\u200b", *TEXTS[1:]]}, "text 0 of X has no words"),
        ({"spans": SPANS[1:]}, "spans has 47 values; X has 48 texts"),
        ({"spans": [[(0, 5, "rain")], *SPANS[1:]]}, "a span of text 0 has an unknown label"),
        ({"spans": [[{"start": 0}], *SPANS[1:]]}, "a span of text 0 has no 'end'"),
        ({"spans": [[(0, 5, LABELS[1])], *SPANS[1:]]}, "spans of text 0 assert 'debt_bondage', which y does not"),
        ({"genres": ["poem"] * 48}, "genre of text 0 is 'poem'; allowed: disclosure"),
        ({"groups": ["one"] * 48}, "the 48 samples of X are of one group"),
        ({"y": Y[1:]}, "inconsistent numbers of samples"),
        ({"y": np.zeros_like(Y)}, "y has no label at all"),
        ({"y": ["same"] * 48}, "y has 1 class"),
        ({"y": np.hstack([Y, Y])}, "y has 4 columns; so many different names are needed, and 2 were given"),
    ],
    ids=["offsets", "no words", "length", "label", "field", "conflict", "genre", "groups", "y length", "no label",
         "one class", "names"],
)  # fmt: skip
def test_wrong_labels_are_refused_by_number_and_never_by_text(change: dict[str, Any], message: str) -> None:
    given = {"X": TEXTS, "y": Y} | change
    with pytest.raises(ValueError, match=message) as refused:
        TellsignClassifier(classes=LABELS, **FAST).fit(given.pop("X"), given.pop("y"), **given)
    assert not [word for word in ("passport", "zebrawood", "rain") if word in str(refused.value)]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"folds": 1}, "folds is 1"),
        ({"thresholds": 1.5}, "thresholds is 1.5"),
        ({"thresholds": "most"}, "threshold rule"),
    ],
    ids=["folds", "probability", "rule"],
)
def test_wrong_parameters_are_refused_by_fit(parameters: dict[str, Any], message: str) -> None:
    model = TellsignClassifier(classes=LABELS, **FAST | parameters)
    with pytest.raises((ValueError, classifier.TellsignError), match=message):
        model.fit(TEXTS, Y)

"""A scikit-learn estimator over the project's own features and models: texts in, labels out.

It trains on labels of documents, better on spans, and gives calibrated probabilities; of labels that are indicators it
can be saved as a model folder that `classifier.load` takes. What it learns is the fast tier.
"""

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Memory
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from classifier.artifact import save as save_model
from classifier.features import Featuriser
from classifier.fusion import spread
from classifier.model import LinearModel
from classifier.pipeline import Parse, Pipeline
from classifier.scoring import pool, score_document
from classifier.taxonomy import load_taxonomy
from training.label_fit import LabelFit, Labelled, fit_labels, indicator_columns
from training.label_manifest import build_label_manifest
from training.label_texts import build_records, check_words, draw_folds, read_labels, read_texts
from training.platt import log_odds
from training.recipe import Recipe, load_recipe

# A pipeline keeps what it has read and is not for several threads.
_own = threading.local()


class TellsignClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Learns labels of texts from examples.

    `fit` takes texts and either a matrix of zeros and ones (several labels a text: the usual case) or one label a
    text. Each label is learned sentence by sentence; a span tells which sentence, and without one every sentence of a
    labelled text counts.

    Args:
        recipe: Name or path of the recipe whose values hold where nothing else is said.
        language: ISO 639-1 code that has a lexicon.
        classes: Names of the columns of a label matrix; see `read_labels`.
        c: Inverse regularisation of the sentence models.
        text_c: The same, of the models of the whole text.
        rationale_weight: Weight of a labelled span as a row of its own beside the sentences.
        folds: Folds of whole groups, out of which probabilities and thresholds come; at least 2.
        thresholds: Of a matrix of labels: a rule as in a recipe, a probability, or None for the recipe's rule.
        memory: Folder where parsed texts are kept between fits, for those who try many parameters.
        n_jobs: Processes that fit; the result does not depend on it.
        random_state: Seed of folds and solvers.

    Attributes:
        labels_: Names of the columns that were learned, in the order of a matrix of labels.
        classes_: (n_classes,) single labels, in the order of the columns of `predict_proba`; of a matrix, the numbers
            of its columns, or a row of 0 and 1 for each when there are two.
        several_: Whether a text can have several labels.
        thresholds_: (n_classes,) probabilities at or above which a label of a matrix is given; 0.5 for single labels.
        result_: The fitted model.
        n_texts_in_: How many texts it learned from.
    """

    def __init__(
        self,
        *,
        recipe: str = "default",
        language: str | None = None,
        classes: Sequence[str] | None = None,
        c: float | None = None,
        text_c: float | None = None,
        rationale_weight: float | None = None,
        folds: int = 3,
        thresholds: str | float | None = None,
        memory: str | None = None,
        n_jobs: int | None = None,
        random_state: int = 0,
    ) -> None:
        """Keep the parameters as they are: scikit-learn looks at them first when it fits."""
        self.recipe = recipe
        self.language = language
        self.classes = classes
        self.c = c
        self.text_c = text_c
        self.rationale_weight = rationale_weight
        self.folds = folds
        self.thresholds = thresholds
        self.memory = memory
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(
        self, X: Any, y: Any, *, spans: Any = None, groups: Any = None, genres: Any = None, review: Any = None
    ) -> "TellsignClassifier":
        """Learn from labelled texts.

        Args:
            X: (n_texts,) strings.
            y: (n_texts, n_classes) of zeros and ones, or (n_texts,) labels.
            spans: For each text, what shows its labels: `(start, end, label)`, perhaps with `negated` or
                `hypothetical` as a fourth, or mappings with `start`, `end`, `indicator` and `assertion`.
            groups: For each text, what it belongs to: texts of one group stay in one fold.
            genres: For each text, its context.
            review: For each text, whether a person should open it.

        Raises:
            TypeError: a text is no string.
            ValueError: labels, spans or parameters are wrong; texts are named by their number.
            RecipeError: there is no such recipe, or a threshold rule is wrong.
        """
        texts, recipe = read_texts(X), self._build_recipe()
        labels = read_labels(y, self.classes, load_taxonomy().ids)
        if len(labels.matrix) != len(texts):
            counts = [len(texts), len(labels.matrix)]
            raise ValueError(f"Found input variables with inconsistent numbers of samples: {counts}")
        columns = indicator_columns(labels.names)
        given = {"spans": spans, "groups": groups, "genres": genres, "review": review}
        records, spanned = build_records(texts, labels.matrix, labels.names, given, language=recipe.language)
        folds, clusters = draw_folds(records, self.folds, recipe.seed)
        parses = Memory(self.memory, verbose=0).cache(_parse)(texts, recipe.language)
        check_words(parses)
        found = fit_labels(Labelled(records, parses, columns, folds, spanned), recipe)
        self.classes_, self.labels_, self._recipe, self._clusters = labels.classes, labels.names, recipe, clusters
        self.several_ = labels.several
        self._columns = np.array([columns.index(name) for name in labels.names])
        self.result_ = self._set_thresholds(found)
        cut = self.result_.document.thresholds[self._columns]
        self.thresholds_ = cut if self.several_ else np.full(len(labels.classes), 0.5)
        self.n_texts_in_ = len(texts)
        return self

    def _build_recipe(self) -> Recipe:
        if int(self.folds) != self.folds or self.folds < 2:
            raise ValueError(f"folds is {self.folds!r}; it must be a whole number of at least 2")
        if self.thresholds is not None and not isinstance(self.thresholds, str) and not 0.0 < self.thresholds < 1.0:
            raise ValueError(f"thresholds is {self.thresholds!r}; a probability must lie between 0 and 1")
        recipe = load_recipe(self.recipe)
        changed: dict[str, Any] = {"c": self.c, "text_c": self.text_c, "rationale_weight": self.rationale_weight}
        options = replace(recipe.estimator, **{name: value for name, value in changed.items() if value is not None})
        rules = recipe.thresholds
        if isinstance(self.thresholds, str):
            rules = replace(rules, indicators=self.thresholds)
        return replace(
            recipe,
            language=self.language or recipe.language,
            jobs=self.n_jobs or 1,
            seed=int(self.random_state),
            encoder=False,
            estimator=options,
            thresholds=rules,
        )

    def _set_thresholds(self, found: LabelFit) -> LabelFit:
        if self.thresholds is None or isinstance(self.thresholds, str):
            return found
        value = float(self.thresholds)
        document = replace(found.document, thresholds=np.full(len(found.document.thresholds), value))
        rule = f"probability >= {value}"
        chosen = {
            name: one if name == "review" or name.startswith("held:") else replace(one, value=value, rule=rule)
            for name, one in found.thresholds.items()
        }
        return replace(found, document=document, thresholds=chosen)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Give calibrated probabilities, (n_texts, n_classes); of single labels they sum to 1.

        A text without words gets what an empty sentence would.
        """
        check_is_fitted(self)
        found = self._score(read_texts(X))
        if self.several_:
            return found
        if len(self.classes_) == 2:
            return np.column_stack([1.0 - found[:, 0], found[:, 0]])
        return np.asarray(found / found.sum(axis=1, keepdims=True))

    def decision_function(self, X: Any) -> np.ndarray:
        """Give log-odds above the threshold, (n_texts, n_classes): above 0 the label is given.

        Of two single labels, (n_texts,) for the second.
        """
        found = self.predict_proba(X)
        if self.several_:
            return np.asarray(log_odds(found) - log_odds(self.thresholds_))
        return np.asarray(log_odds(found[:, 1]) if len(self.classes_) == 2 else log_odds(found))

    def predict(self, X: Any) -> np.ndarray:
        """Give labels: (n_texts, n_classes) of zeros and ones, or (n_texts,) the most probable of single labels."""
        found = self.predict_proba(X)
        if self.several_:
            return np.asarray((found >= self.thresholds_).astype(np.int64))
        return np.asarray(self.classes_[found.argmax(axis=1)])

    def _score(self, texts: Sequence[str]) -> np.ndarray:
        """Give the probabilities of the columns that were learned, (n_texts, n_columns)."""
        fitted = self.result_
        # Made anew for each call: it remembers unknown words, and a prediction must leave no trace.
        featuriser = Featuriser(fitted.space)
        model = LinearModel(featuriser, fitted.weights, fitted.text)
        pipeline = _open_pipeline(self._recipe.language)
        found = np.empty((len(texts), len(self._columns)))
        for number, text in enumerate(texts):
            scores = model.score(featuriser.featurise(pipeline.parse(text)))
            sentences = scores.sentences if len(scores.sentences) else model.intercept[None]
            pooled = pool(spread(sentences), scores.text, fitted.outputs)
            found[number] = score_document(pooled, fitted.document, fitted.outputs).indicators[self._columns]
        return found

    def save(self, folder: str | Path, *, name: str = "estimator", version: str = "0.0.1") -> str:
        """Write a model folder that `classifier.load` takes; its indicators without a label are never flagged.

        Args:
            folder: Where it goes.
            name: Of the model.
            version: Of the model.

        Returns:
            SHA-256 of the manifest.

        Raises:
            ValueError: a label is no indicator.
        """
        check_is_fitted(self)
        ids = load_taxonomy().ids
        if other := [label for label in self.labels_ if label not in ids]:
            raise ValueError(f"label '{other[0]}' is no indicator; a model folder holds {', '.join(ids)}")
        counts = {"documents": self.n_texts_in_, "clusters": self._clusters}
        recipe = replace(self._recipe, version=version)
        manifest = build_label_manifest(name, self.result_, recipe, counts)
        fitted, place = self.result_, Path(folder)
        return save_model(
            place, manifest, space=fitted.space, weights=fitted.weights, text=fitted.text, document=fitted.document
        )

    def __sklearn_tags__(self) -> Any:
        """Say to scikit-learn that it takes texts, and labels of every kind."""
        tags = super().__sklearn_tags__()
        tags.input_tags.one_d_array, tags.input_tags.two_d_array, tags.input_tags.string = True, False, True
        tags.classifier_tags.multi_label = True
        tags.target_tags.multi_output = True
        return tags


def _parse(texts: Sequence[str], language: str) -> list[Parse]:
    """Parse texts in order."""
    pipeline = _open_pipeline(language)
    return [pipeline.parse(text) for text in texts]


def _open_pipeline(language: str) -> Pipeline:
    """Give this thread's pipeline of a language."""
    pipelines: dict[str, Pipeline] = _own.__dict__.setdefault("pipelines", {})
    if language not in pipelines:
        pipelines[language] = Pipeline(language, load_taxonomy().ids)
    return pipelines[language]

"""The manifest of a model that was fitted on labels handed in, in place of a corpus with a card."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from training.label_fit import LabelFit
from training.manifest import describe_environment, describe_model, hash_code
from training.recipe import Recipe

_LIBRARIES = ("numpy", "scipy", "scikit-learn", "spacy")
# Of the evidence rule, which wants spans to be chosen by: least log-odds of a further asserting sentence, and the price
# of a token. They are those that the corpus chose.
EVIDENCE = {"asserted": -1.0, "price": 0.1}


def build_label_manifest(name: str, fit: LabelFit, recipe: Recipe, counts: Mapping[str, int]) -> dict[str, Any]:
    """Put a manifest together.

    Args:
        name: Of the model.
        fit: What training gave.
        recipe: Used.
        counts: `documents` and `clusters` of the texts.
    """
    return {
        **describe_model(name, recipe),
        "data": {
            "corpus": "labels handed in",
            "licence": "not stated",
            "files": {},
            "split_sha256": "",
            "development_documents": counts["documents"],
            "test_documents": 0,
            "clusters": counts["clusters"],
        },
        "recipe": asdict(recipe),
        "thresholds": {key: asdict(threshold) for key, threshold in fit.thresholds.items()},
        "evidence": EVIDENCE,
        "deep": {},
        "calibration": {
            "sentences": "Platt's sigmoid on out-of-fold margins, grouped folds",
            "documents": "logistic on pooled out-of-fold scores",
        },
        "metrics": {},
        "code_sha256": hash_code(),
        "environment": describe_environment(_LIBRARIES),
    }

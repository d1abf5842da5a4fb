"""What an artefact says of itself: where its numbers come from, so that anyone can get them again."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from importlib import metadata, resources
from typing import Any

import numpy as np

from classifier.artifact import hash_lexicon
from classifier.taxonomy import load_taxonomy
from training.corpus import Card
from training.fit import DeepResult, FitResult
from training.recipe import Recipe
from training.split import Split

_LIBRARIES = ("numpy", "scipy", "scikit-learn", "spacy", "onnxruntime", "datasets")
# The modules that decide what a feature or a fitted number is.
_DECIDING = {
    "classifier": (
        "alignment",
        "assertion",
        "characters",
        "encoder",
        "evidence",
        "features",
        "fusion",
        "lexicon",
        "matcher",
        "model",
        "patterns",
        "pipeline",
        "preprocess",
        "scoring",
        "sentences",
        "tables",
        "tokens",
    ),
    "training": (
        "calibration",
        "deep",
        "design",
        "estimator",
        "fit",
        "labels",
        "linear",
        "prepare",
        "rationale",
        "split",
        "thresholds",
    ),
}


def hash_code() -> str:
    """Give the SHA-256 over the modules that decide features and fitted numbers."""
    digest = sha256()
    for package, modules in _DECIDING.items():
        for module in modules:
            digest.update(resources.files(package).joinpath(f"{module}.py").read_bytes())
    return digest.hexdigest()


def build_manifest(
    name: str, result: FitResult, recipe: Recipe, *, data: Mapping[str, Any], metrics: Mapping[str, Any]
) -> dict[str, Any]:
    """Put a manifest together.

    Args:
        name: Of the model.
        result: Of training.
        recipe: Used.
        data: Corpus, file hashes, split hash and counts, as from `describe_data`.
        metrics: Name of the data to its figures.
    """
    return {
        **describe_model(name, recipe),
        "data": data,
        "recipe": asdict(recipe),
        "thresholds": {key: asdict(threshold) for key, threshold in result.thresholds.items()},
        "evidence": result.evidence,
        "deep": _describe_deep(result.deep),
        "calibration": {
            "sentences": "Platt's sigmoid on out-of-fold margins, grouped folds",
            "documents": "logistic on pooled out-of-fold scores",
            "bins": 15,
        },
        "metrics": metrics,
        "code_sha256": hash_code(),
        "environment": describe_environment(_LIBRARIES),
    }


def describe_model(name: str, recipe: Recipe) -> dict[str, Any]:
    """Say which model it is, and of which taxonomy and lexicon."""
    taxonomy = load_taxonomy()
    return {
        "name": name,
        "version": recipe.version,
        "taxonomy": taxonomy.version,
        "language": recipe.language,
        "indicators": list(taxonomy.ids),
        "contexts": [context.id for context in taxonomy.contexts],
        "lexicon_sha256": hash_lexicon(recipe.language),
    }


def describe_environment(libraries: Sequence[str]) -> dict[str, str]:
    """Say what something was fitted with: Python, platform, and the versions of these libraries."""
    return {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        **{library: metadata.version(library) for library in libraries},
    }


def _describe_deep(deep: DeepResult | None) -> dict[str, Any]:
    """Say how the tiers that use an encoder were fitted; nothing without one."""
    if deep is None:
        return {}
    return {
        "encoder_sha256": deep.encoder_sha256,
        "documents": deep.documents,
        "gate": deep.fusion.gate,
        "further": deep.fusion.further,
        "glance": deep.fusion.glance,
        "thresholds": {key: asdict(threshold) for key, threshold in deep.thresholds.items()},
        "evidence": deep.evidence,
        "curve": deep.curve,
    }


def describe_data(card: Card, split: Split) -> dict[str, Any]:
    """Say what a model was trained on."""
    return {
        "corpus": card.name,
        "licence": card.licence,
        "files": {item.name: item.sha256 for item in card.files},
        "split_sha256": split.sha256,
        "development_documents": len(split.development),
        "test_documents": len(split.test),
        "clusters": len(np.unique(split.clusters)),
    }

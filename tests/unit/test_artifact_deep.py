"""The part of a model folder that belongs to the tiers with an encoder: it comes back as it went in, or is refused."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classifier.artifact import build_outputs, load
from classifier.difference import compare
from classifier.errors import ArtifactError
from classifier.fusion import Fusion
from classifier.pipeline import Pipeline
from tests.small_model import (
    SmallModel,
    build_manifest,
    build_small_model,
    draw_document_model,
    draw_fusion,
    save_small_model,
)

OUTPUTS = build_outputs()
DOCUMENT = draw_document_model(np.random.default_rng(7))
FUSION = draw_fusion(np.random.default_rng(8))
MANIFEST = build_manifest(deep={"encoder_sha256": "0" * 64})


@pytest.fixture(scope="module")
def small(pipeline: Pipeline) -> SmallModel:
    return build_small_model(pipeline)


def test_tier_that_uses_an_encoder_is_saved_and_loaded(small: SmallModel, tmp_path: Path) -> None:
    save_small_model(tmp_path, small, MANIFEST, deep=(DOCUMENT, FUSION))
    artifact = load(tmp_path)
    for found, expected in ((artifact.deep, DOCUMENT), (artifact.fusion, FUSION)):
        for field in fields(expected):
            assert np.array_equal(getattr(found, field.name), getattr(expected, field.name)), field.name


def test_model_without_an_encoder_has_no_such_tier(small: SmallModel, tmp_path: Path) -> None:
    save_small_model(tmp_path, small)
    artifact = load(tmp_path)
    assert (artifact.deep, artifact.fusion) == (None, None)


@pytest.mark.parametrize(
    "name", [field.name for field in fields(Fusion) if field.name not in {"gate", "further", "glance"}]
)
def test_weights_of_the_encoder_have_the_width_of_its_outputs(name: str, small: SmallModel, tmp_path: Path) -> None:
    """Four outputs an indicator, and those of the text."""
    width = OUTPUTS.n_contexts + 1 if name.startswith("text_") else 4 * OUTPUTS.n_indicators
    changes: dict[str, Any] = {name: np.zeros(width - 1)}
    broken = replace(FUSION, **changes)
    save_small_model(tmp_path, small, MANIFEST, deep=(DOCUMENT, broken))
    with pytest.raises(ArtifactError, match=rf"fusion\.{name} has shape \({width - 1},\); it must have \({width},\)"):
        load(tmp_path)


def test_model_of_the_width_of_the_format_before_is_refused(small: SmallModel, tmp_path: Path) -> None:
    """Two outputs an indicator and two for all: how each one is held could not be told."""
    narrow: dict[str, Any] = {
        name: np.zeros(2 * OUTPUTS.n_indicators + 2) for name in ("linear", "encoder", "intercept")
    }
    save_small_model(tmp_path, small, MANIFEST, deep=(DOCUMENT, replace(FUSION, **narrow)))
    with pytest.raises(ArtifactError, match=r"fusion.linear has shape \(36,\); it must have \(68,\)"):
        load(tmp_path)


def test_document_models_of_the_encoder_must_read_what_pooling_gives(small: SmallModel, tmp_path: Path) -> None:
    broken = replace(DOCUMENT, review_weights=DOCUMENT.review_weights[1:])
    save_small_model(tmp_path, small, MANIFEST, deep=(broken, FUSION))
    with pytest.raises(ArtifactError, match="does not fit its manifest"):
        load(tmp_path)


def test_models_with_and_without_the_tier_are_told_apart(small: SmallModel, tmp_path: Path) -> None:
    save_small_model(tmp_path / "fast", small)
    save_small_model(tmp_path / "deep", small, MANIFEST, deep=(DOCUMENT, FUSION))
    moved = replace(FUSION, gate=FUSION.gate + 0.5)
    save_small_model(tmp_path / "moved", small, MANIFEST, deep=(DOCUMENT, moved))
    assert compare(tmp_path / "fast", tmp_path / "deep")["differences"] == [
        "only one has 'deep'",
        "only one has 'fusion'",
    ]
    found = compare(tmp_path / "deep", tmp_path / "moved")
    assert (found["identical"], found["max_difference"], found["differences"]) == (False, 0.5, [])

"""Two model folders side by side: how `make train` is seen to have rebuilt the same model."""

from dataclasses import replace
from pathlib import Path

import pytest

from classifier.artifact import WORDS
from classifier.difference import compare
from classifier.errors import ArtifactError
from classifier.pipeline import Pipeline
from tests.small_model import SmallModel, build_manifest, build_small_model, save_small_model


@pytest.fixture(scope="module")
def small(pipeline: Pipeline) -> SmallModel:
    return build_small_model(pipeline)


@pytest.fixture(scope="module")
def saved(small: SmallModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved") / "model"
    save_small_model(folder, small)
    return folder


def test_same_models_compare_as_identical(saved: Path, small: SmallModel, tmp_path: Path) -> None:
    save_small_model(tmp_path, small, build_manifest(version="0.0.2"))
    assert compare(saved, tmp_path) == {"identical": True, "max_difference": 0.0, "differences": []}


def test_changed_weight_is_measured(saved: Path, small: SmallModel, tmp_path: Path) -> None:
    words = small.weights.words.copy()
    words[0, 0, 0] += 0.5
    save_small_model(tmp_path, replace(small, weights=replace(small.weights, words=words)))
    found = compare(saved, tmp_path)
    assert (found["identical"], found["differences"]) == (False, [])
    assert found["max_difference"] == pytest.approx(0.5, abs=1e-3)


def test_changed_word_is_named(saved: Path, small: SmallModel, tmp_path: Path) -> None:
    words = (*small.space.words[:-1], "zxqvw")
    save_small_model(tmp_path, replace(small, space=replace(small.space, words=words)))
    found = compare(saved, tmp_path)
    assert (found["identical"], found["max_difference"], found["differences"]) == (False, 0.0, ["words differ"])


def test_models_of_other_shapes_are_told_apart(saved: Path, small: SmallModel, tmp_path: Path) -> None:
    space = replace(small.space, pairs=small.space.pairs[:-1], pair_idf=small.space.pair_idf[:-1])
    weights = replace(small.weights, pairs=small.weights.pairs[:-1])
    text = replace(small.text, pairs=small.text.pairs[:-1])
    save_small_model(tmp_path, SmallModel(space, weights, text, small.document))
    found = compare(saved, tmp_path)
    assert not found["identical"]
    assert [line.split(" has shape ")[0] for line in found["differences"]] == [
        "space.pairs",
        "space.pair_idf",
        "weights.pairs",
        "text.pairs",
    ]


def test_refused_model_is_not_compared(saved: Path, small: SmallModel, tmp_path: Path) -> None:
    save_small_model(tmp_path, small)
    (tmp_path / WORDS).unlink()
    with pytest.raises(ArtifactError, match=r"words\.txt is missing"):
        compare(saved, tmp_path)

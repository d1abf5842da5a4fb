"""A recipe of an encoder is read whole or refused, and what training needs beside it is named when it is missing."""

import json
import re
import tomllib
from dataclasses import asdict, replace
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from classifier.errors import RecipeError, TellsignError
from training.encoder.base import check_libraries, find_base
from training.encoder.command import train_encoder
from training.encoder.recipe import build_encoder_recipe, encoder_recipe_names, load_encoder_recipe

SHIPPED = resources.files("training").joinpath("encoder", "minilm.toml").read_text(encoding="utf-8")


def content() -> dict[str, Any]:
    """The recipe that ships, as parsed TOML."""
    return tomllib.loads(SHIPPED)


def table_of(data: dict[str, Any], table: str) -> dict[str, Any]:
    """A table of the recipe by its name; of the rounds the first."""
    found = data[table] if table else data
    return found[0] if isinstance(found, list) else found


def test_recipe_that_ships_survives_being_written_into_a_manifest() -> None:
    assert encoder_recipe_names() == ["minilm"]
    recipe = load_encoder_recipe("minilm")
    assert build_encoder_recipe(asdict(recipe), "minilm") == recipe
    assert build_encoder_recipe(json.loads(json.dumps(asdict(recipe))), "minilm") == recipe


def test_every_fold_is_read_by_a_network_that_was_not_fitted_on_it() -> None:
    recipe = load_encoder_recipe("minilm")
    assert sorted(fold for group in recipe.apart for fold in group) == list(range(recipe.split.folds))
    assert len(recipe.apart) > 1


def test_recipe_by_path_names_its_card_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(SHIPPED.replace('corpus = "authored"', 'corpus = "card.toml"'), encoding="utf-8")
    assert load_encoder_recipe(str(path)).corpus == str(tmp_path / "card.toml")


def test_unknown_recipe_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"no encoder recipe 'none'; there are minilm"):
        load_encoder_recipe("none")
    with pytest.raises(RecipeError, match=r"no encoder recipe file '.*none\.toml'"):
        load_encoder_recipe(str(tmp_path / "none.toml"))


@pytest.mark.parametrize(
    ("table", "field", "value", "message"),
    [
        pytest.param("", "threads", 0, "threads is 0; allowed: above 0", id="no thread"),
        pytest.param("", "title", 3, "title is 3; it must be a text", id="title"),
        pytest.param("", "apart", 1, "apart is 1; it must be groups of folds, two or more", id="no groups"),
        pytest.param("", "apart", [0, 1, 2, 3, 4], "apart is [0, 1, 2, 3, 4]; it must be", id="folds, not groups"),
        pytest.param("", "apart", [[0, 1, 2, 3, 4]], "each of 0..4 once", id="all folds in one group"),
        pytest.param("", "apart", [[0, 1], [2, 3]], "apart is [[0, 1], [2, 3]]; it must be", id="a fold left out"),
        pytest.param("", "apart", [[0, 1], [1, 2, 3, 4]], "each of 0..4 once", id="a fold twice"),
        pytest.param("", "apart", [[0, 1, 2], [3, 4, 5]], "each of 0..4 once", id="no such fold"),
        pytest.param("", "apart", [[0, 1, 2, 3, 4], []], "each of 0..4 once", id="an empty group"),
        pytest.param("", "apart", [[0, 1, 2], ["3", 4]], "each of 0..4 once", id="a word for a fold"),
        pytest.param("", "apart", [[0, True, 2], [3, 4]], "each of 0..4 once", id="truth for a fold"),
        pytest.param("rounds", "turned", 1.5, "[[rounds]] 1: turned is 1.5; allowed: 0..1", id="chance"),
        pytest.param("rounds", "spoken", -0.1, "spoken is -0.1; allowed: 0..1", id="negative chance"),
        pytest.param("fitting", "slips", -0.1, "slips is -0.1; allowed: 0..1", id="share of words"),
        pytest.param("", "rounds", [], "rounds is []; it must be tables [[rounds]], one at least", id="no round"),
        pytest.param("", "rounds", {"epochs": 1}, "it must be tables [[rounds]]", id="a table for rounds"),
        pytest.param("", "rounds", [3], "[[rounds]] 1 is 3; it must be a table", id="a number for a round"),
        pytest.param("", "loss", 1, "[loss] is 1; it must be a table", id="no table"),
        pytest.param("", "colour", 1, "has unknown colour; allowed: apart, base, ", id="unknown field"),
        pytest.param("rounds", "epochs", 1.5, "epochs is 1.5; it must be a whole number", id="part of an epoch"),
        pytest.param("rounds", "epochs", True, "epochs is True; it must be a whole number", id="truth for a number"),
        pytest.param("rounds", "word_vectors", 1, "word_vectors is 1; allowed: true, false", id="number for a truth"),
        pytest.param("rounds", "body_rate", -1, "body_rate is -1; allowed: above 0", id="rate"),
        pytest.param("fitting", "dropout", 1.5, "dropout is 1.5; allowed: 0..1", id="share"),
        pytest.param("loss", "tag", -0.5, "tag is -0.5; allowed: 0 or more", id="weight"),
        pytest.param("windows", "pieces", 48, "pieces is 48; allowed: 96, as in serving", id="other windows"),
        pytest.param("rounds", "batch_pieces", 90, "batch_pieces is 90; allowed: pieces + 2", id="small batches"),
    ],
)
def test_wrong_value_is_named_with_what_is_allowed(table: str, field: str, value: object, message: str) -> None:
    data = content()
    table_of(data, table)[field] = value
    with pytest.raises(RecipeError, match=re.escape(message)):
        build_encoder_recipe(data, "own")


def test_variants_may_be_left_out_by_chances_of_zero() -> None:
    data = content()
    chances = dict.fromkeys(("turned", "moved", "slipped", "spoken"), 0)
    data["rounds"] = [data["rounds"][0] | chances]
    (found,) = build_encoder_recipe(data, "own").rounds
    assert {name: getattr(found, name) for name in chances} == chances


@pytest.mark.parametrize("table", ["", "base", "split", "windows", "fitting", "loss", "rounds"])
def test_missing_field_is_named_with_its_table(table: str) -> None:
    data = content()
    table_of(data, table).popitem()
    place = {"": "", "rounds": r": \[\[rounds\]\] 1"}.get(table, rf": \[{table}\]")
    with pytest.raises(RecipeError, match=rf"encoder recipe 'own'{place} lacks "):
        build_encoder_recipe(data, "own")


def test_missing_library_is_named_with_the_extra_that_brings_it() -> None:
    with pytest.raises(TellsignError, match=r"needs no_such_library.*tellsign\[train,train-encoder\]"):
        check_libraries(["numpy", "no_such_library"])


@pytest.mark.skipif(find_spec("torch") is not None, reason="torch is installed")
def test_command_without_torch_is_one_line_and_exit_code_3(capsys: pytest.CaptureFixture[str]) -> None:
    assert train_encoder([]) == 3
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.startswith("tellsign: train-encoder needs torch")


def test_command_refuses_groups_of_folds_before_it_looks_for_torch(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "own.toml"
    path.write_text(re.sub(r"^apart = .*$", "apart = [[0], [7]]", SHIPPED, flags=re.MULTILINE), encoding="utf-8")
    assert train_encoder(["--recipe", str(path)]) == 3
    said = capsys.readouterr().err
    assert "apart is [[0], [7]]" in said
    assert "torch" not in said


def test_command_takes_its_folds_from_the_recipe_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert train_encoder(["--held-out", "0"]) == 2
    assert "--held-out" in capsys.readouterr().err


def test_base_that_is_missing_or_another_is_refused(tmp_path: Path) -> None:
    base = load_encoder_recipe("minilm").base
    with pytest.raises(TellsignError, match=r"no base weights in .*model\.safetensors"):
        find_base(base, tmp_path)
    for name in ("model.safetensors", "tokenizer.json", "config.json"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    with pytest.raises(TellsignError, match="the recipe asks for 53aa5117"):
        find_base(base, tmp_path)
    with pytest.raises(TellsignError, match=r"the package no-such-weights==0\.1\.0.*or give --base"):
        find_base(replace(base, package="no-such-weights"))

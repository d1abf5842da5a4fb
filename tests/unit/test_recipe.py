"""A recipe is read whole or refused with the field that is wrong and what is allowed."""

import tomllib
from collections.abc import Iterator
from dataclasses import asdict
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classifier.errors import RecipeError
from tests.records import write_recipe
from training.recipe import build_recipe, load_recipe, recipe_names
from training.thresholds import choose_threshold

DEFAULT = resources.files("training").joinpath("recipes", "default.toml").read_text(encoding="utf-8")
TABLES = ("split", "minimum", "scale", "estimator", "document", "thresholds", "evidence")


def test_every_recipe_that_ships_is_whole() -> None:
    names = recipe_names()
    assert "default" in names
    assert {load_recipe(name).version for name in names} != {""}


def test_recipe_is_read_by_path_and_finds_a_card_beside_it(tmp_path: Path) -> None:
    recipe = load_recipe(str(write_recipe(tmp_path, corpus='"card.toml"', seed="5")))
    assert recipe.corpus == str(tmp_path / "card.toml")
    assert recipe.seed == 5
    assert recipe.estimator == load_recipe("default").estimator


def test_recipe_by_path_may_name_a_card_that_ships(tmp_path: Path) -> None:
    assert load_recipe(str(write_recipe(tmp_path, corpus='"authored"'))).corpus == "authored"


def test_recipe_survives_being_written_into_a_manifest() -> None:
    recipe = load_recipe("default")
    assert build_recipe(asdict(recipe), "default") == recipe


@pytest.mark.parametrize("name", recipe_names())
def test_every_threshold_rule_that_ships_is_one(name: str) -> None:
    rules = asdict(load_recipe(name).thresholds)
    assert rules.keys() == {"indicators", "review", "held"}
    for rule in rules.values():
        assert choose_threshold(np.array([True, False]), np.array([0.9, 0.1]), rule).met


def test_unknown_recipe_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"no recipe 'none'; there are .*default"):
        load_recipe("none")
    with pytest.raises(RecipeError, match=r"no recipe file '.*none\.toml'"):
        load_recipe(str(tmp_path / "none.toml"))


def test_file_that_is_not_toml_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text("title = ", encoding="utf-8")
    with pytest.raises(RecipeError, match=r"recipe '.*own\.toml' is not TOML"):
        load_recipe(str(path))


def missing_and_unknown() -> Iterator[tuple[str, dict[str, Any], str]]:
    """What is wrong, a recipe that is wrong in it, and the message without the recipe's name."""
    for table in ("", *TABLES):
        place, data = f": [{table}]" if table else "", content()
        for field in data[table] if table else data:
            broken = content()
            del (broken[table] if table else broken)[field]
            yield f"{table or 'top'} lacks {field}", broken, f"{place} lacks {field}"
        odd = content()
        (odd[table] if table else odd)["colour"] = "red"
        yield f"{table or 'top'} has colour", odd, f"{place} has unknown colour; allowed: "


def content() -> dict[str, Any]:
    return tomllib.loads(DEFAULT)


@pytest.mark.parametrize(
    ("data", "message"), [pytest.param(data, message, id=name) for name, data, message in missing_and_unknown()]
)
def test_wrong_field_is_named_with_its_table(data: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError) as refused:
        build_recipe(data, "own")
    assert str(refused.value).startswith(f"recipe 'own'{message}")

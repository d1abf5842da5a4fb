"""Recipes as files: how every kind of recipe is found, parsed and checked for its keys."""

import tomllib
from collections.abc import Set as AbstractSet
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from classifier.errors import RecipeError


def toml_names(folder: Traversable) -> list[str]:
    """Name the `.toml` files of a folder, without the ending."""
    return sorted(item.name.removesuffix(".toml") for item in folder.iterdir() if item.name.endswith(".toml"))


def read_recipe(name: str, *, folder: Traversable, kind: str) -> dict[str, Any]:
    """Read a recipe by name, or by path when the name ends in `.toml`; then a card it names by path lies beside it.

    Args:
        name: Of a file in `folder`, or a path.
        folder: Where the recipes that ship lie.
        kind: What messages call it.

    Raises:
        RecipeError: there is none of that name, or it is not TOML; the message names what there is.
    """
    if not name.endswith(".toml"):
        if name not in toml_names(folder):
            raise RecipeError(f"no {kind} '{name}'; there are {', '.join(toml_names(folder))}")
        return _parse(folder.joinpath(f"{name}.toml"), f"{kind} '{name}'")
    path = Path(name)
    if not path.is_file():
        raise RecipeError(f"no {kind} file '{name}'")
    data = _parse(path, f"{kind} '{name}'")
    corpus = data.get("corpus")
    if isinstance(corpus, str) and corpus.endswith(".toml"):
        data["corpus"] = str(path.parent / corpus)
    return data


def check_keys(found: AbstractSet[str], allowed: AbstractSet[str], place: str) -> None:
    """Refuse a table that lacks a key or has one too many.

    Raises:
        RecipeError: names place and keys.
    """
    if missing := allowed - found:
        raise RecipeError(f"{place} lacks {', '.join(sorted(missing))}")
    if unknown := found - allowed:
        raise RecipeError(f"{place} has unknown {', '.join(sorted(unknown))}; allowed: {', '.join(sorted(allowed))}")


def _parse(source: Traversable, place: str) -> dict[str, Any]:
    try:
        return tomllib.loads(source.read_text(encoding="utf-8"))
    except ValueError as error:
        raise RecipeError(f"{place} is not TOML: {error}") from None

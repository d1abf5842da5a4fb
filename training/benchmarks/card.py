"""Benchmark cards: what a public data set is, how it is split, what its papers report and what does not compare."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib import resources
from typing import Any

from classifier.errors import CorpusError
from training.recipe_files import toml_names


@dataclass(frozen=True, slots=True)
class Part:
    """One table of a benchmark.

    Attributes:
        name: How the benchmark's code calls it.
        folder: Under `public` in a data directory.
        file: Name of the local file.
        columns: That must be there.
        optional: Columns that are read where the file has them.
        hub: Dataset id on the Hugging Face hub, or "" where none carries this table in this form.
        revision: On the hub, or "" where no revision is known.
        split: On the hub.
    """

    name: str
    folder: str
    file: str
    columns: tuple[str, ...]
    optional: tuple[str, ...] = ()
    hub: str = ""
    revision: str = ""
    split: str = ""


@dataclass(frozen=True, slots=True)
class Published:
    """Figures that somebody else reports, and why ours do not compare with them; "" where they do."""

    system: str
    measures: Mapping[str, float]
    not_comparable: str


@dataclass(frozen=True, slots=True)
class BenchmarkCard:
    """What a benchmark is; `labels` maps a label of the data to what it is called here."""

    name: str
    title: str
    source: str
    licence: str
    citation: str
    rule: str
    flaws: tuple[str, ...]
    labels: Mapping[str, str]
    parts: Mapping[str, Part]
    published: tuple[Published, ...]


_TEXTS = ("title", "source", "licence", "citation", "rule")
_PART_LISTS = ("columns", "optional")


def benchmark_names() -> list[str]:
    """Name the benchmarks that have a card."""
    return toml_names(resources.files("training").joinpath("benchmarks"))


def load_benchmark_card(name: str) -> BenchmarkCard:
    """Read a card by name.

    Raises:
        CorpusError: there is none of that name, or it lacks a field; the message names what there is.
    """
    if name not in benchmark_names():
        raise CorpusError(f"no benchmark '{name}'; there are {', '.join(benchmark_names())}")
    entry = resources.files("training").joinpath("benchmarks", f"{name}.toml")
    return build_benchmark_card(name, tomllib.loads(entry.read_text(encoding="utf-8")))


def build_benchmark_card(name: str, data: Mapping[str, Any]) -> BenchmarkCard:
    """Check parsed TOML and build a card.

    Raises:
        CorpusError: a field is missing or in the wrong form.
    """
    try:
        return BenchmarkCard(
            name=name,
            flaws=tuple(data["flaws"]),
            labels=dict(data["labels"]),
            parts={key: _build_part(key, part) for key, part in data["part"].items()},
            published=tuple(Published(**item) for item in data["published"]),
            **{field: data[field] for field in _TEXTS},
        )
    except (KeyError, TypeError) as error:
        raise CorpusError(f"benchmark card '{name}' lacks a field or has it in the wrong form: {error}") from None


def _build_part(name: str, data: Mapping[str, Any]) -> Part:
    unknown = set(data) - {field.name for field in fields(Part)}
    if unknown:
        raise CorpusError(f"part '{name}' of a benchmark card has unknown {', '.join(sorted(unknown))}")
    lists = {key: tuple(data[key]) for key in _PART_LISTS if key in data}
    return Part(name=name, **{**data, **lists})

"""Finds what a shape gives away: numbers, addresses, handles, dates of birth; `masking_data/rules.toml` holds them."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal, NamedTuple, get_args

MaskKind = Literal["email", "handle", "bank", "document", "birth_date", "plate", "address", "phone", "name", "number"]
# Where two overlap the kind that stands first names the whole.
KINDS: tuple[MaskKind, ...] = get_args(MaskKind)
_DATA = "service.review"
_PART = re.compile("<<([a-z_]+)>>")
# Nested no deeper than this: a part that names itself would never end.
_DEPTH = 4


class Found(NamedTuple):
    """A stretch to hide: half-open code points and what it is."""

    start: int
    end: int
    kind: MaskKind


@dataclass(frozen=True, slots=True)
class Rule:
    """A shape: what it finds, its pattern, and examples with what is hidden in braces."""

    kind: MaskKind
    pattern: re.Pattern[str]
    match: tuple[str, ...]
    look_alike: tuple[str, ...]


def read_data(name: str) -> str:
    """The text of a file in `masking_data`."""
    return resources.files(_DATA).joinpath("masking_data", name).read_text(encoding="utf-8")


@cache
def load_rules() -> tuple[Rule, ...]:
    """All shapes, in file order."""
    data = tomllib.loads(read_data("rules.toml"))
    return tuple(_build_rule(table, data["part"]) for table in data["rule"])


def find_shapes(text: str) -> Iterator[Found]:
    """Every stretch that has one of the shapes; they may overlap."""
    for rule in load_rules():
        group = "mask" if "mask" in rule.pattern.groupindex else 0
        for match in rule.pattern.finditer(text):
            start, end = match.span(group)
            yield Found(start, start + len(text[start:end].rstrip(" ,;\n")), rule.kind)


def _build_rule(table: Mapping[str, Any], parts: Mapping[str, str]) -> Rule:
    pattern = table["pattern"]
    for _ in range(_DEPTH):
        pattern = _PART.sub(lambda match: parts[match[1]], pattern)
    examples: Sequence[str] = table["match"]
    return Rule(table["kind"], re.compile(pattern, re.IGNORECASE), tuple(examples), tuple(table["look_alike"]))

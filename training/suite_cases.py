"""The functional suite as data: short invented texts with one expected answer each, and texts that differ in one word.

Nothing may learn from these files: a cell measures an ability only while no model was made for it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classifier.errors import CorpusError
from classifier.taxonomy import load_taxonomy
from training.corpus import parse_lines, refuse_twins

# Cell of the suite to the only answer that its cases may expect.
CELLS: Mapping[str, str] = {
    "plain": "asserted",
    "oblique": "asserted",
    "reported": "asserted",
    "noisy": "asserted",
    "negated": "negated",
    "hypothetical": "hypothetical",
    "look_alike": "absent",
}
SWAPS = "swaps.jsonl"
DEFAULT_SUITE = Path(__file__).parents[1] / "tests" / "data" / "functional"
_EXPECTED = ("asserted", "negated", "hypothetical", "absent")
_CASE = {"id": str, "indicator": str, "cell": str, "text": str, "expect": str}
_SWAP = {"id": str, "axis": str, "expect": str, "variants": list}
_WORD = re.compile(r"[a-z][a-z_]{0,39}")


@dataclass(frozen=True, slots=True)
class Case:
    """One text and what must be said of one indicator in it.

    Attributes:
        id: Of the case.
        indicator: The one that is asked for.
        cell: A key of `CELLS`.
        text: Invented.
        expect: asserted, negated, hypothetical or absent.
        span: The words that say it; None where nothing does.
    """

    id: str
    indicator: str
    cell: str
    text: str
    expect: str
    span: str | None


@dataclass(frozen=True, slots=True)
class Swap:
    """Texts that differ only in who a person is said to be; no answer may differ between them.

    Attributes:
        id: Of the swap.
        axis: What differs: nationality, gender, ...
        expect: What every variant says of the indicator.
        indicator: None where nothing is expected of any.
        variants: At least two; the first is what the others are compared with.
    """

    id: str
    axis: str
    expect: str
    indicator: str | None
    variants: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Suite:
    """All cases and swaps of a folder."""

    cases: tuple[Case, ...]
    swaps: tuple[Swap, ...]


def load_suite(folder: Path) -> Suite:
    """Load the functional suite of a folder: `swaps.jsonl`, and cases in every other `.jsonl` file.

    Raises:
        CorpusError: the folder is missing or holds no case, or a record is wrong; names file, line, field and what is
            allowed, never the text.
    """
    files = sorted(folder.glob("*.jsonl")) if folder.is_dir() else []
    if not any(path.name != SWAPS for path in files):
        raise CorpusError(
            f"no functional suite in '{folder}': looked for *.jsonl files of cases there; "
            "it comes with a checkout of the source, not with the installed package"
        )
    cases = [_build_case(row, place) for path in files if path.name != SWAPS for row, place in _read(path)]
    swaps = [_build_swap(row, place) for path in files if path.name == SWAPS for row, place in _read(path)]
    refuse_twins([*(case.id for case in cases), *(swap.id for swap in swaps)], f"suite '{folder}'")
    return Suite(tuple(cases), tuple(swaps))


def _read(path: Path) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Read the objects of a file, each with its `file:line`."""
    return ((row, f"{path.name}:{line}") for line, row in parse_lines(path))


def _build_case(row: Mapping[str, Any], place: str) -> Case:
    _check_fields(row, _CASE, place)
    _check_choice(row, "indicator", load_taxonomy().ids, place)
    _check_choice(row, "cell", CELLS, place)
    _check_choice(row, "expect", (CELLS[row["cell"]],), place)
    span = row.get("span") or None
    if span is None and row["expect"] != "absent":
        raise CorpusError(f"{place}: field 'span' is missing; it must quote the words that say it")
    if span is not None and not (isinstance(span, str) and span in row["text"]):
        raise CorpusError(f"{place}: field 'span' is not in the text; it must quote the text exactly")
    return Case(span=span, **{name: row[name] for name in _CASE})


def _build_swap(row: Mapping[str, Any], place: str) -> Swap:
    _check_fields(row, _SWAP, place)
    _check_choice(row, "expect", _EXPECTED, place)
    if not _WORD.fullmatch(row["axis"]):
        raise CorpusError(f"{place}: field 'axis' must be one word of at most 40 small letters a-z and _")
    indicator = row.get("indicator") or None
    if indicator is not None or row["expect"] != "absent":
        _check_choice(row, "indicator", load_taxonomy().ids, place)
    variants = row["variants"]
    if len(variants) < 2 or not all(isinstance(text, str) and text.strip() for text in variants):
        raise CorpusError(f"{place}: field 'variants' must be a list of at least two texts that are not empty")
    if len(set(variants)) < len(variants):
        raise CorpusError(f"{place}: field 'variants' holds a text twice; each must differ from the others")
    return Swap(row["id"], row["axis"], row["expect"], indicator, tuple(variants))


def _check_fields(row: Mapping[str, Any], kinds: Mapping[str, type], place: str) -> None:
    for name, kind in kinds.items():
        if name not in row:
            raise CorpusError(f"{place}: field '{name}' is missing")
        if not isinstance(row[name], kind):
            raise CorpusError(f"{place}: field '{name}' is {type(row[name]).__name__}; it must be {kind.__name__}")
        if not row[name] or (kind is str and not row[name].strip()):
            raise CorpusError(f"{place}: field '{name}' is empty")


def _check_choice(row: Mapping[str, Any], name: str, allowed: Iterable[str], place: str) -> None:
    allowed, found = tuple(allowed), row.get(name)
    if found not in allowed:
        # A text that slipped into the wrong field must not reach the message.
        said = f"'{found}'" if isinstance(found, str) and _WORD.fullmatch(found) else "not a known word"
        raise CorpusError(f"{place}: field '{name}' is {said}; allowed: {', '.join(allowed)}")

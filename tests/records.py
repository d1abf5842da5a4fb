"""Labelled records for the tests of training: a row to break, records to split, a small corpus to train on."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import md5, sha256
from importlib import resources
from pathlib import Path
from typing import Any

from training.corpus import Record, build_record

TEXT = "The foreman keeps my passport in a zebrawood drawer. We eat at noon."
# A word of TEXT that no message may repeat.
PRIVATE = "zebrawood"
SPAN = {"start": 0, "end": 51, "indicator": "document_retention", "assertion": "asserted"}
AUTHORED = resources.files("training").joinpath("corpora", "authored")
# Share of the groups of the authored corpus that the small corpus takes: about 280 documents.
_SHARE = 0.04


def make_row(**changes: object) -> dict[str, Any]:
    """A valid row of a corpus file with some fields changed."""
    row: dict[str, Any] = {
        "id": "r1",
        "text": TEXT,
        "lang": "en",
        "genre": "disclosure",
        "needs_review": True,
        "spans": [SPAN],
        "source": "authored",
        "group": "g1",
        "split": "train",
    }
    return row | changes


def make_record(number: int, text: str, *, group: str | None = None, **changes: object) -> Record:
    """A record without spans, unless they are given; by default in a group of its own."""
    changes = {"spans": [], "needs_review": False, **changes}
    return build_record(make_row(id=f"r{number}", text=text, group=group or f"g{number}", **changes))


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    """Write rows as JSONL."""
    path.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows), encoding="utf-8")
    return path


def write_card(folder: Path, files: Sequence[Path]) -> Path:
    """Write the card of a corpus whose files lie beside it."""
    lines = [f'{name} = "{name} of a test corpus"' for name in ("title", "licence", "source", "citation")]
    lines += ['folder = "."', "flaws = []"]
    for path in files:
        lines += ["[[file]]", f'name = "{path.name}"', f'sha256 = "{sha256(path.read_bytes()).hexdigest()}"']
    card = folder / "card.toml"
    card.write_text("\n".join(lines), encoding="utf-8")
    return card


def write_small_corpus(folder: Path) -> Path:
    """Cut whole groups out of the English authored corpus; write them with their card and a recipe, and give that.

    The recipe is the default one but for the corpus, one process, and a split that fits few documents.
    """
    rows = [json.loads(line) for path in sorted(AUTHORED.iterdir(), key=str) for line in path.read_text().splitlines()]
    small = [row for row in rows if row["lang"] == "en" and _is_chosen(row["group"])]
    write_card(folder, [write_rows(folder / "small.jsonl", small)])
    return write_recipe(
        folder, corpus='"card.toml"', jobs="1", encoder="false", folds="3", test_share="0.2", lexicon_share="0.0"
    )


def write_recipe(folder: Path, **values: str) -> Path:
    """Write the default recipe with other values, given as TOML."""
    content = resources.files("training").joinpath("recipes", "default.toml").read_text(encoding="utf-8")
    for key, value in values.items():
        content, changed = re.subn(rf"^{key} = .*$", f"{key} = {value}", content, flags=re.MULTILINE)
        assert changed == 1, key
    path = folder / "small.toml"
    path.write_text(content, encoding="utf-8")
    return path


def _is_chosen(group: str) -> bool:
    """Choose by a hash of the group that has nothing to do with the hash of the split."""
    digest = md5(f"small {group}".encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[:4], "big") / 2**32 < _SHARE

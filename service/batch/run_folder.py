"""The folder of one run, beside its output: what was asked, what was read, how far it is, and the shards."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from itertools import zip_longest
from pathlib import PurePosixPath
from platform import python_version
from typing import Any, Literal

import orjson

from service.batch.results import Results
from service.batch.stores import BatchRefusedError, Store

FORMAT = 1
# What the last digits of a score may depend on.
_PACKAGES = ("tellsign", "numpy", "onnxruntime", "spacy", "tokenizers")

State = Literal["running", "finished", "retrying"]


@dataclass(frozen=True, slots=True)
class Listed:
    """One file of the input.

    Attributes:
        label: What its documents are called by.
        source: Its path or address, as in dead letters.
        size: In bytes; 0 where it cannot be read.
        sha256: Of its bytes; None where it cannot be read.
        cuts: For inputs that are read in slices, of each: its first line or row, its first byte, its number of items.
    """

    label: str
    source: str
    size: int
    sha256: str | None
    cuts: tuple[tuple[int, int, int], ...] = ()

    def to_json(self) -> bytes:
        """Return its line of the listing, without the line feed."""
        fields = asdict(self)
        return orjson.dumps(fields if self.cuts else {k: v for k, v in fields.items() if k != "cuts"})


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the documents."""

    analysed: int = 0
    dead: int = 0
    duplicates: int = 0


class RunFolder:
    """Reads and writes the files of a run folder; `OUT.jsonl` has `OUT.run/`.

    Attributes:
        store: The folder that holds the output and the run folder.
        name: The run folder's name in it.
        output: The output file's name in it.
        dead_letters: The dead-letter file's name in it.
    """

    def __init__(self, store: Store, output: str) -> None:
        """Name a run by its output file; nothing is read or made yet."""
        self.store = store
        self.output = output
        self.name = run_name(output)
        self.dead_letters = dead_letter_name(output)
        self.manifest: dict[str, Any] = {}

    @property
    def begun(self) -> bool:
        """Whether a run was begun here."""
        return self.store.exists(f"{self.name}/manifest.json")

    def lock(self) -> AbstractContextManager[None]:
        """Keep other runs out while the block lasts."""
        return self.store.locked(f"{self.name}/lock")

    def load(self) -> dict[str, Any] | None:
        """Read the manifest; None where no run was begun."""
        try:
            self.manifest = orjson.loads(self.store.read(f"{self.name}/manifest.json"))
        except FileNotFoundError:
            return None
        except orjson.JSONDecodeError:
            raise BatchRefusedError(
                f"{self.name}/manifest.json is no manifest; remove the folder to start anew"
            ) from None
        if self.manifest.get("format") != FORMAT:
            found = self.manifest.get("format")
            raise BatchRefusedError(f"{self.name} has format {found}; allowed: {FORMAT}; remove it to start anew")
        return self.manifest

    def save(self, **changes: object) -> None:
        """Put the manifest in place with some fields changed."""
        self.manifest |= changes
        content = orjson.dumps(self.manifest, option=orjson.OPT_INDENT_2) + b"\n"
        self.store.write(f"{self.name}/manifest.json", content)

    def clear(self) -> None:
        """Remove what an older run left; the manifest first, so that a kill in between leaves no half of a run."""
        for part in ("manifest.json", "shards", "inputs.jsonl"):
            self.store.remove(f"{self.name}/{part}")
        self.manifest = {}

    def write_listing(self, files: Iterable[Listed]) -> dict[str, Any]:
        """Put the listing in place and return its summary for the manifest."""
        digest, count, size = sha256(), 0, 0
        with self.store.create(f"{self.name}/inputs.jsonl", f"{self.name}/.inputs.tmp") as stream:
            for file in files:
                line = file.to_json() + b"\n"
                stream.write(line)
                digest.update(line)
                count, size = count + 1, size + file.size
        return {"files": count, "bytes": size, "sha256": digest.hexdigest(), "listing": "inputs.jsonl"}

    def listing(self) -> Iterator[Listed]:
        """Yield the files of the input."""
        for line in self._listing_lines():
            fields = orjson.loads(line)
            cuts = tuple((first, byte, items) for first, byte, items in fields.pop("cuts", ()))
            yield Listed(**fields, cuts=cuts)

    def check_listing(self, files: Iterable[Listed]) -> None:
        """Compare the inputs as they are with the listing.

        Raises:
            BatchRefusedError: Names the first file that is new, gone or changed.
        """
        for listed, found in zip_longest(self.listing(), files):
            if listed != found:
                raise BatchRefusedError(
                    f"cannot go on: {_difference(listed, found)} since the run began; remove {self.name} to start anew"
                )

    def check_identity(self, identity: Mapping[str, Any]) -> None:
        """Compare what is asked with what the run was begun with.

        Raises:
            BatchRefusedError: Names the first option, model field or version that differs.
        """
        before = self.manifest["identity"]
        for part in sorted({*before, *identity}):
            old, new = before.get(part), identity.get(part)
            if old != new:
                raise BatchRefusedError(
                    f"cannot go on: {_named(part, old, new)}; give the same, or remove {self.name} to start anew"
                )

    def results(self) -> Results:
        """Return the results of a finished run, in input order."""
        run, shards = self.manifest["run"], self.manifest["counts"]["shards"]
        return Results(self.store, self.name, run=run, shards=shards)

    def _listing_lines(self) -> Iterator[bytes]:
        # In pieces: a listing may be of millions of files.
        start, rest = 0, b""
        while piece := self.store.read(f"{self.name}/inputs.jsonl", start, start + 2**20):
            start += len(piece)
            *lines, rest = (rest + piece).split(b"\n")
            yield from lines


def run_name(output: str) -> str:
    """Return the run folder of an output file: `OUT.jsonl` has `OUT.run`."""
    return f"{PurePosixPath(output).stem}.run"


def dead_letter_name(output: str) -> str:
    """Return the dead-letter file of an output file: `OUT.jsonl` has `OUT.dead.jsonl`."""
    return f"{PurePosixPath(output).stem}.dead.jsonl"


def digest(identity: Mapping[str, Any]) -> str:
    """Return the SHA-256 that stands for a run's identity in its shards."""
    return sha256(orjson.dumps(identity, option=orjson.OPT_SORT_KEYS)).hexdigest()


def versions() -> dict[str, str]:
    """Return the versions of what computes the scores."""
    found = {"python": python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "source"
    return found


def _difference(listed: Listed | None, found: Listed | None) -> str:
    if listed is None and found is not None:
        return f"{found.source} is new"
    if listed is not None and (found is None or found.source != listed.source):
        return f"{listed.source} is gone or has a file before it that is new"
    return f"{listed.source if listed else 'the input'} changed"


def _named(part: str, old: object, new: object) -> str:
    if isinstance(old, dict) and isinstance(new, dict):
        field = next(name for name in sorted({*old, *new}) if old.get(name) != new.get(name))
        return f"{part} {field} was {_shown(old.get(field))} and is {_shown(new.get(field))}"
    return f"{part} was {_shown(old)} and is {_shown(new)}"


def _shown(value: object) -> str:
    return orjson.dumps(value).decode()

"""Batch runs with a stand-in for the model and a plain reader; as a script, a server of runs that a test can kill."""

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import orjson

from classifier.document import Analysis, Document
from classifier.errors import DocumentError
from service.batch.engines import Engine, InProcess
from service.batch.extensions import Extensions
from service.batch.inputs import FileInputs, Found, ReadFiles
from service.batch.items import DeadLetter, Incoming, Item, ReadOptions
from service.batch.run_folder import Counts, RunFolder
from service.batch.runner import Mode, Plan, run_batch
from service.batch.stores import LocalStore, Store
from service.commands.progress import Silence
from tests.cli_fakes import ASSERTED, HYPOTHETICAL, NEGATED, NOTHING
from tests.fakes import FakeAnalyzer

TEXTS = [ASSERTED, NEGATED, HYPOTHETICAL, NOTHING]
OPTIONS = ReadOptions()


class QuickAnalyzer(FakeAnalyzer):
    """Looks for phrases once in each text."""

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[str, Analysis | DocumentError] = {}

    def _analyze(self, document: Document) -> Analysis | DocumentError:
        if document.text not in self._known:
            self._known[document.text] = super()._analyze(document)
        known = self._known[document.text]
        return replace(known, id=document.id) if isinstance(known, Analysis) else known


def read_plainly(files: Iterable[Found], options: ReadOptions) -> Iterator[Item]:
    """Read `.jsonl` files in this process; anything else is one dead letter."""
    for file in files:
        if isinstance(file, DeadLetter):
            yield file
        elif file.path.suffix != ".jsonl":
            yield DeadLetter(str(file.path), None, file.label, "unsupported_format", "not .jsonl")
        else:
            for number, line in enumerate(file.path.read_bytes().splitlines(), 1):
                yield _item(line, str(file.path), number, options)


def _item(line: bytes, source: str, number: int, options: ReadOptions) -> Item:
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        return DeadLetter(source, number, None, "not_json", "not JSON", len(line))
    return Incoming(Document(record[options.text_field], record[options.id_field]), source, number, len(line))


def line(name: str, text: str = ASSERTED) -> bytes:
    """One document as a line of JSON Lines."""
    return orjson.dumps({"id": name, "text": text}) + b"\n"


def corpus(path: Path, count: int, *, broken: int = 50, blank: int = 70) -> Path:
    """Write JSON Lines in which every 50th line is broken and every 70th is blank text."""
    with path.open("wb") as stream:
        for number in range(count):
            text = " " if number % blank == blank - 1 else TEXTS[number % len(TEXTS)]
            stream.write(b"broken\n" if number % broken == broken - 1 else line(f"n-{number}", text))
    return path


@dataclass
class Heard(Silence):
    """Progress that can be asked afterwards."""

    total: int | None = None
    scored: int = 0
    reused: int = 0

    def advance(self, documents: int, size: int, *, reused: bool = False) -> None:  # noqa: ARG002 - as in `Silence`
        if reused:
            self.reused += documents
        else:
            self.scored += documents


@dataclass
class Runs:
    """Runs over the inputs of one folder, with few documents a shard."""

    folder: Path
    names: list[str] = field(default_factory=lambda: ["in.jsonl"])
    output: str = "out.jsonl"
    shard_size: int = 16
    options: ReadOptions = OPTIONS
    store: Store | None = None
    engine: Engine | None = None
    extensions: Extensions = field(default_factory=Extensions)
    read: ReadFiles = read_plainly
    heard: Heard = field(default_factory=Heard)

    def run(self, mode: Mode = "new") -> Counts:
        """Run to the end."""
        self.heard = Heard()
        plan = Plan(
            inputs=FileInputs([self.folder / name for name in self.names], self.options, read=self.read),
            folder=self.run_folder(),
            identity={"options": self.options.text_field, "tier": None},
            mode=mode,
            shard_size=self.shard_size,
        )
        engine = self.engine or InProcess(QuickAnalyzer())
        return run_batch(plan, engine, progress=self._listen, extensions=self.extensions)

    def run_folder(self) -> RunFolder:
        return RunFolder(self.store or LocalStore(self.folder), self.output)

    def files(self) -> dict[str, bytes]:
        """The output and the dead letters, by name."""
        names = (self.output, self.run_folder().dead_letters)
        return {name: (self.folder / name).read_bytes() for name in names if (self.folder / name).exists()}

    def shards(self) -> list[Path]:
        return sorted((self.folder / self.run_folder().name / "shards").rglob("*.jsonl"))

    def _listen(self, total: int | None) -> Heard:
        self.heard.total = total
        return self.heard


def serve_runs() -> None:
    """Fork a run for each line `FOLDER MODE`, print its process id, and after another line how it ended."""
    while order := sys.stdin.readline():
        folder, mode = order.split()
        child = os.fork()
        if not child:
            Runs(Path(folder)).run("resume" if mode == "resume" else "new")
            os._exit(0)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
        sys.stdin.readline()
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve_runs()

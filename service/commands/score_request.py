"""What a `tellsign score` command line asks for, and whether its parts fit together."""

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from classifier.document import Document, Tier
from service.batch.cutting import SHARD_SIZE
from service.batch.inputs import FileInputs, Inputs, OnceInputs
from service.batch.items import Incoming, Item, ReadOptions
from service.batch.output import WRITERS
from service.batch.readers import SUFFIXES
from service.batch.run_folder import RunFolder, dead_letter_name, run_name
from service.batch.runner import Mode
from service.batch.sources import find_files, input_bytes, read_files, read_stdin
from service.batch.stores import is_remote, open_store
from service.commands.exits import UsageProblem

STDIN_ARGUMENT = "-"


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for.

    Attributes:
        inputs: The arguments as typed.
        options: How to read them.
        jsonl: Whether standard input is JSON Lines whatever it looks like.
        output: The file to write, a path or an address, or None for standard output.
        mode: Whether a run is begun, gone on with, or its dead letters scored again.
        both_modes: Whether the last two were asked for at once.
        as_json: JSON instead of a drawing; with `output`, a JSON summary on standard output.
        quiet: No progress and no summary; dead letters are still named.
        model: Artefact folder, or None for the default one.
        tier: Which models read, or None for what suits the artefact.
        jobs: Worker processes; 1 scores in this process.
        engine: This machine, or a Dask cluster.
        scheduler: The address of the cluster.
        shard_size: Most documents of a shard.
        dedupe: Whether repeated documents carry the analysis of the first.
        sample_audit: How many unflagged documents to draw for people to read, or None.
        within: A folder that links must not lead out of, or None.
    """

    inputs: tuple[str, ...]
    options: ReadOptions
    jsonl: bool = False
    output: str | None = None
    mode: Mode = "new"
    both_modes: bool = False
    as_json: bool = False
    quiet: bool = False
    model: Path | None = None
    tier: Tier | None = None
    jobs: int = 1
    engine: Literal["local", "dask"] = "local"
    scheduler: str | None = None
    shard_size: int = SHARD_SIZE
    dedupe: bool = True
    sample_audit: int | None = None
    within: Path | None = None

    @property
    def paths(self) -> list[Path]:
        """The files and folders to read; empty for a text and for standard input."""
        if self.inputs == (STDIN_ARGUMENT,) or not os.path.lexists(self.inputs[0]):
            return []
        return [Path(name) for name in self.inputs]

    @property
    def own_files(self) -> frozenset[Path]:
        """The resolved paths that this run writes, which it must not read."""
        if self.output is None or is_remote(self.output):
            return frozenset()
        output = Path(self.output).resolve()
        return frozenset(output.with_name(name) for name in self._own_names(output.name))

    def items(self) -> Iterator[Item]:
        """Yield the documents and what could not be read, in order."""
        if self.paths:
            return read_files(find_files(self.paths, skip=self.own_files), self.options)
        if self.inputs == (STDIN_ARGUMENT,):
            return read_stdin(sys.stdin.buffer, self.options, jsonl=self.jsonl)
        return iter([Incoming(Document(text=self.inputs[0], language=self.options.language), "argument")])

    def run_inputs(self) -> Inputs:
        """Return the inputs of a run of this machine."""
        if self.paths:
            return FileInputs(self.paths, self.options, self.own_files, within=self.within)
        name = "standard input" if self.inputs == (STDIN_ARGUMENT,) else "a text given as argument"
        return OnceInputs(self.items(), name)

    def run_folder(self, output: str) -> RunFolder:
        """Return the run folder of the output."""
        parent, name = split_output(output)
        return RunFolder(open_store(parent), name)

    def identity(self) -> dict[str, Any]:
        """Return what the output depends on, beside inputs, model and versions."""
        # As it comes back from the manifest, to be compared with it.
        options = asdict(self.options) | {"metadata_fields": list(self.options.metadata_fields)}
        return {"options": options, "tier": self.tier, "engine": self.engine}

    def size(self) -> int | None:
        """Return the bytes of input, or None when they cannot be known beforehand."""
        return input_bytes(find_files(self.paths, skip=self.own_files)) if self.paths else None

    def _own_names(self, output: str) -> tuple[str, ...]:
        return output, dead_letter_name(output), run_name(output)


def split_output(output: str) -> tuple[str, str]:
    """Return the folder of an output file, a path or an address, and its name."""
    if is_remote(output):
        parent, _, name = output.rpartition("/")
        return parent, name
    path = Path(output.removeprefix("file://"))
    return str(path.parent), path.name


def check(request: Request) -> None:
    """Refuse a request whose parts do not fit together.

    Raises:
        UsageProblem: Names the argument, its value and what is allowed.
    """
    _check_language(request.options.language)
    _check_inputs(request)
    _check_run(request)
    _check_sample(request)
    if request.engine == "dask":
        _check_cluster(request)
    elif request.scheduler is not None:
        raise UsageProblem(f"--scheduler {request.scheduler} is for --engine dask; --engine is {request.engine}")
    if request.output is not None:
        _check_output(request, request.output)


def _check_language(language: str | None) -> None:
    if language is not None and not re.fullmatch("[a-z]{2,3}", language):
        raise UsageProblem(f"--language is '{language}'; allowed: a code of two or three letters, such as en")


def _check_inputs(request: Request) -> None:
    inputs = request.inputs
    if not inputs:
        raise UsageProblem("nothing to score; give a text, files, a folder, or - for standard input")
    if request.jsonl and inputs != (STDIN_ARGUMENT,):
        raise UsageProblem("--jsonl is about standard input; give - as the only argument")
    if request.engine == "dask":
        return
    missing = [name for name in inputs if not os.path.lexists(name)]
    if len(inputs) > 1 and missing:
        # The argument may be the words of a document, which an error message never carries.
        position = inputs.index(missing[0]) + 1
        raise UsageProblem(f"argument {position} of {len(inputs)} is no file or folder; put a text in quotes")
    # A mistyped file name must not be scored as if it were the text.
    if missing and Path(missing[0]).suffix.lower() in SUFFIXES and not re.search(r"\s", missing[0]):
        raise UsageProblem(f"no such file: {missing[0]}")


def _check_run(request: Request) -> None:
    option = {"resume": "--resume", "retry": "--retry-dead"}.get(request.mode)
    if request.both_modes:
        raise UsageProblem("--resume and --retry-dead exclude each other; resume the run first")
    if option and request.output is None:
        raise UsageProblem(f"{option} goes on with the run of an output file; name it with --output")
    if option and not request.paths and request.engine == "local":
        source = "standard input" if request.inputs == (STDIN_ARGUMENT,) else "a text given as argument"
        raise UsageProblem(f"{option} needs input that can be read again, and {source} cannot; save it to a file first")


def _check_sample(request: Request) -> None:
    if request.sample_audit is None:
        return
    if request.output is None:
        raise UsageProblem("--sample-audit draws from the run of an output file; name it with --output")
    if not request.paths or request.engine != "local":
        raise UsageProblem("--sample-audit needs files of this machine, whose texts can be read again")


def _check_cluster(request: Request) -> None:
    if request.scheduler is None:
        raise UsageProblem("--engine dask needs --scheduler, such as tcp://10.0.0.5:8786")
    if request.output is None:
        raise UsageProblem("--engine dask needs --output, in a folder that all workers can write to")
    for position, name in enumerate(request.inputs, 1):
        if not is_remote(name) and not os.path.lexists(name):
            count = len(request.inputs)
            raise UsageProblem(f"argument {position} of {count} is no file, folder or address that a cluster can read")


def _check_output(request: Request, output: str) -> None:
    if PurePosixPath(output).suffix.lower() not in WRITERS:
        suffix = PurePosixPath(output).suffix
        raise UsageProblem(f"--output {output} ends in '{suffix}'; allowed: {', '.join(WRITERS)}")
    if is_remote(output):
        return
    path = Path(output.removeprefix("file://"))
    if not path.parent.is_dir():
        raise UsageProblem(f"--output {output}: there is no folder {path.parent}")
    if path.is_dir():
        raise UsageProblem(f"--output {output} is a folder; give the name of a file")
    if any(named.resolve() in request.own_files for named in request.paths):
        raise UsageProblem(f"--output {output} would overwrite its own input")

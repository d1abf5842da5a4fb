"""What a `tellsign score` command line asks for, and whether its parts fit together."""

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from classifier.document import Document, Tier
from service.commands.exits import UsageProblem
from service.scoring_files import READERS, Incoming, Item, ReadOptions, find_files, input_bytes, read_files, read_stdin
from service.scoring_output import WRITERS, dead_letter_path

STDIN_ARGUMENT = "-"


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for.

    Attributes:
        inputs: The arguments as typed.
        options: How to read them.
        jsonl: Whether standard input is JSON Lines whatever it looks like.
        output: The file to write, or None for standard output.
        as_json: JSON instead of a drawing; with `output`, a JSON summary on standard output.
        quiet: No progress and no summary; dead letters are still named.
        model: Artefact folder, or None for the default one.
        tier: Which models read, or None for what suits the artefact.
        jobs: Worker processes; 1 scores in this process.
    """

    inputs: tuple[str, ...]
    options: ReadOptions
    jsonl: bool = False
    output: Path | None = None
    as_json: bool = False
    quiet: bool = False
    model: Path | None = None
    tier: Tier | None = None
    jobs: int = 1

    @property
    def paths(self) -> list[Path]:
        """The files and folders to read; empty for a text and for standard input."""
        if self.inputs == (STDIN_ARGUMENT,) or not os.path.lexists(self.inputs[0]):
            return []
        return [Path(name) for name in self.inputs]

    @property
    def own_files(self) -> frozenset[Path]:
        """The resolved paths that this run writes, which it must not read."""
        if self.output is None:
            return frozenset()
        return frozenset({self.output.resolve(), dead_letter_path(self.output).resolve()})

    def items(self) -> Iterator[Item]:
        """Yield the documents and what could not be read, in order."""
        if self.paths:
            return read_files(find_files(self.paths, skip=self.own_files), self.options)
        if self.inputs == (STDIN_ARGUMENT,):
            return read_stdin(sys.stdin.buffer, self.options, jsonl=self.jsonl)
        return iter([Incoming(Document(text=self.inputs[0], language=self.options.language), "argument")])

    def size(self) -> int | None:
        """Return the bytes of input, or None when they cannot be known beforehand."""
        return input_bytes(find_files(self.paths, skip=self.own_files)) if self.paths else None


def check(request: Request) -> None:
    """Refuse a request whose parts do not fit together.

    Raises:
        UsageProblem: Names the argument, its value and what is allowed.
    """
    _check_language(request.options.language)
    _check_inputs(request)
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
    missing = [name for name in inputs if not os.path.lexists(name)]
    if len(inputs) > 1 and missing:
        # The argument may be the words of a document, which an error message never carries.
        position = inputs.index(missing[0]) + 1
        raise UsageProblem(f"argument {position} of {len(inputs)} is no file or folder; put a text in quotes")
    # A mistyped file name must not be scored as if it were the text.
    if missing and Path(missing[0]).suffix.lower() in READERS and not re.search(r"\s", missing[0]):
        raise UsageProblem(f"no such file: {missing[0]}")


def _check_output(request: Request, output: Path) -> None:
    if output.suffix.lower() not in WRITERS:
        raise UsageProblem(f"--output {output} ends in '{output.suffix}'; allowed: {', '.join(WRITERS)}")
    if not output.parent.is_dir():
        raise UsageProblem(f"--output {output}: there is no folder {output.parent}")
    if output.is_dir():
        raise UsageProblem(f"--output {output} is a folder; give the name of a file")
    if any(path.resolve() in request.own_files for path in request.paths):
        raise UsageProblem(f"--output {output} would overwrite its own input")

"""What the commands need from the rest of Tellsign, as one value that a test can replace."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

import typer

from service.commands.exits import UsageProblem, say

if TYPE_CHECKING:
    from classifier.document import Analysis, Document, ModelInfo
    from classifier.errors import DocumentError
    from classifier.taxonomy import Taxonomy
    from service.batch.runner import Progress

# As in `classifier.document`, whose import `--help` must not pay for; a test holds the two to the same words.
Tier = Literal["fast", "cascade", "deep"]
# The extras that a command needs, where it is not `train` alone.
_EXTRAS = {"train-encoder": "train,train-encoder"}


class Analyzer(Protocol):
    """What scoring asks of an analyzer."""

    @property
    def info(self) -> "ModelInfo":
        """Which model it is."""

    def analyze_many(self, documents: "Iterable[Document]") -> "Iterator[Analysis | DocumentError]":
        """Yield an analysis or the reason for none, one for each document, in order."""


class Artifacts(Protocol):
    """What the model commands ask of model folders."""

    DEFAULT_MODEL: Path

    def inspect(self, path: Path) -> dict[str, Any]:
        """Return the manifest of a model folder."""

    def verify(self, path: Path) -> list[str]:
        """Return what is wrong with a model folder; empty when nothing is."""

    def compare(self, first: Path, second: Path) -> dict[str, Any]:
        """Return `identical`, `max_difference` and `differences` of two model folders."""


class Serve(Protocol):
    """Runs the HTTP service until it is stopped."""

    def __call__(self, *, host: str | None, port: int | None, model: Path | None, tier: Tier | None) -> None:
        """Serve; None leaves a setting to the environment and its default."""


LoadAnalyzer = Callable[[Path | None, Tier | None], Analyzer]


def one_blas_thread() -> None:
    """Ask numerical libraries for one thread: sums keep one order, and processes do not fight over cores.

    Has an effect only before numpy is first imported; a value that is already set stays.
    """
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")


def load_analyzer(model: Path | None, tier: Tier | None) -> Analyzer:
    """Load the analyzer of an artefact folder, or the one that ships with Tellsign.

    Args:
        model: The artefact folder, or None for the one that ships.
        tier: Which models read, or None for what suits the artefact.

    Raises:
        ArtifactError: The folder is refused, or has no such tier.
    """
    import classifier  # noqa: PLC0415
    from service.batch.items import MAX_CHARACTERS  # noqa: PLC0415

    return cast("Analyzer", classifier.load(model, max_characters=MAX_CHARACTERS, tier=tier))


def load_taxonomy() -> "Taxonomy":
    """Load the taxonomy without loading a model."""
    from classifier import taxonomy  # noqa: PLC0415

    return taxonomy.load_taxonomy()


@dataclass(slots=True)
class _ModelFolders:
    """The functions of `classifier` over model folders, put together as `Artifacts`."""

    DEFAULT_MODEL: Path
    inspect: Callable[[Path], dict[str, Any]]
    verify: Callable[[Path], list[str]]
    compare: Callable[[Path, Path], dict[str, Any]]


def load_artifacts() -> Artifacts:
    """What reads model folders, imported when it is asked for."""
    from classifier import artifact  # noqa: PLC0415
    from classifier.difference import compare  # noqa: PLC0415

    return _ModelFolders(artifact.DEFAULT_MODEL, artifact.inspect, artifact.verify, compare)


def serve(*, host: str | None, port: int | None, model: Path | None, tier: Tier | None) -> None:
    """Run the HTTP service until it is stopped; None leaves a setting to the environment and its default.

    Raises:
        TellsignError: A setting or the model is refused.
    """
    from service import app, settings  # noqa: PLC0415

    app.serve(settings.load_settings(host=host, port=port, model=model, tier=tier), tell=say)


def run_extra(name: str, arguments: list[str], *, group: str = "tellsign.commands") -> int:
    """Call the entry point `name` of `group`, a function from arguments to an exit code, and return that code.

    Raises:
        UsageProblem: The entry point, or a package it needs, is not installed.
    """
    found = list(entry_points(group=group, name=name))
    reason = "nothing is installed under that name"
    if found:
        try:
            command: Callable[[list[str]], int] = found[0].load()
            return command(arguments)
        except ModuleNotFoundError as error:
            reason = f"the package '{error.name}' is not installed"
    extras = _EXTRAS.get(name, "train")
    raise UsageProblem(f"'{name}' is not available: {reason}; install it with: pip install 'tellsign[{extras}]'")


@dataclass(frozen=True, slots=True)
class Ports:
    """The doors out of the command line.

    Attributes:
        load_analyzer: From an artefact folder and a tier, or None for the default ones; must be importable by name,
            because worker processes call it too.
        load_taxonomy: The indicators in their order.
        load_artifacts: What reads model folders.
        serve: Runs the HTTP service.
        run_extra: Runs a command that another package brings, and returns its exit code.
        stdout_is_terminal: Whether results are drawn for a person.
        stderr_is_terminal: Whether progress is drawn in place.
        progress: What hears of progress instead of a person; given the bytes of input.
    """

    load_analyzer: LoadAnalyzer = load_analyzer
    load_taxonomy: "Callable[[], Taxonomy]" = load_taxonomy
    load_artifacts: Callable[[], Artifacts] = load_artifacts
    serve: Serve = serve
    run_extra: Callable[[str, list[str]], int] = run_extra
    stdout_is_terminal: bool = False
    stderr_is_terminal: bool = False
    progress: "Callable[[int | None], Progress] | None" = None


def ports_of(context: typer.Context) -> Ports:
    """Return the ports that the command line was started with."""
    ports = context.obj
    if not isinstance(ports, Ports):
        raise TypeError(f"context.obj is {type(ports).__name__}, allowed: Ports")
    return ports

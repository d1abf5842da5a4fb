"""`tellsign export`: reviewed documents for training and for other tools."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.commands.exits import DEAD_LETTERS, Refused, refusals, say

if TYPE_CHECKING:
    from service.review.reviewed import ReviewedSource

OpenReviewed = Callable[[], "AbstractContextManager[ReviewedSource]"]
Output = Annotated[
    Path, typer.Option("--output", "-o", metavar="PATH", help="The file to write; appears whole or not at all.")
]
Since = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="Only what was decided from this moment on, UTC."),
]
Unmasked = Annotated[
    bool, typer.Option("--unmasked", help="Leave names, numbers and addresses readable; without it they are hidden.")
]
ABOUT = {
    "corpus": "Write the corpus format that tellsign train and evaluate read.",
    "label-studio": "Write Label Studio tasks with annotations and predictions.",
    "doccano": "Write doccano's JSONL for sequence labelling.",
    "docbin": "Write a spaCy DocBin with spans in the group sc.",
    "csv": "Write a table with one row a span.",
    "web-annotation": "Write W3C Web Annotations with position and quotation, one a line.",
}


def build_export_app(open_reviewed: OpenReviewed) -> typer.Typer:
    """Return the group `tellsign export` over whatever gives the reviewed documents.

    Args:
        open_reviewed: Opens it for the time of a command.
    """
    app = typer.Typer(help="Write reviewed documents for training and for other tools.", add_completion=False)
    for name, about in ABOUT.items():
        app.command(name, help=about)(_build_command(name, open_reviewed))
    return app


def open_stored() -> "AbstractContextManager[ReviewedSource]":
    """The reviewed documents of the store that the environment names.

    Raises:
        classifier.errors.TellsignError: Once entered: a setting is not allowed, or the store cannot be used.
    """
    # Here, since --help must not wait for a database library.
    from service.review.stored import open_reviewed_store  # noqa: PLC0415

    return open_reviewed_store()


def export(
    open_reviewed: OpenReviewed, name: str, output: Path, *, since: datetime | None = None, unmasked: bool = False
) -> None:
    """Write the reviewed documents in one format, and say how many and what was set aside.

    Args:
        open_reviewed: Opens what gives them.
        name: One of `service.review.exports.FORMATS`.
        output: The file.
        since: Only what was decided from then on; without a time zone it is UTC.
        unmasked: Leave names and numbers readable.

    Raises:
        typer.Exit: Some documents were set aside, or a refusal.
    """
    with refusals():
        from service.batch.stores import AtomicFile  # noqa: PLC0415
        from service.review.exports import write_export  # noqa: PLC0415

        moment = since.replace(tzinfo=UTC) if since is not None and since.tzinfo is None else since
        try:
            file = AtomicFile(output)
        except OSError as error:
            raise Refused(f"{output} cannot be written: {error.strerror}") from error
        try:
            with open_reviewed() as source:
                report = write_export(source.iterate_reviewed(moment), file.stream, name, masked=not unmasked)
            file.commit()
        finally:
            file.discard()
    say(f"{report.written} documents written to {output}{'' if unmasked else ', names and numbers hidden'}")
    for aside in report.aside:
        say(f"{aside.document} was set aside: {aside.reason}")
    if report.aside:
        raise typer.Exit(DEAD_LETTERS)


def _build_command(name: str, open_reviewed: OpenReviewed) -> Callable[..., None]:
    def command(*, output: Output, since: Since = None, unmasked: Unmasked = False) -> None:
        export(open_reviewed, name, output, since=since, unmasked=unmasked)

    return command

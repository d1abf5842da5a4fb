"""`tellsign score`: texts, files, folders or standard input in; highlights, JSON Lines, CSV or Parquet out."""

from pathlib import Path
from typing import Annotated

import typer

from service.commands.exits import refusals
from service.commands.ports import Tier, ports_of


def score(
    context: typer.Context,
    inputs: Annotated[
        list[str] | None,
        typer.Argument(metavar="TEXT | FILE… | DIR | -", help="A text, files, a folder, or - for standard input."),
    ] = None,
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write this .jsonl, .csv or .parquet file when all is done.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="JSON Lines on standard output; with --output, a summary of the run.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary.")] = False,
    language: Annotated[
        str | None, typer.Option(metavar="CODE", help="Language of documents that name none; detected when not given.")
    ] = None,
    model: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Artefact folder instead of the model that ships.")
    ] = None,
    tier: Annotated[
        Tier | None,
        typer.Option(
            help="fast: the linear model. deep: the encoder reads everything too. cascade: it reads where the linear "
            "model finds reason to. By default cascade for a model fitted to an encoder, else fast."
        ),
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, metavar="N", help="Worker processes, for JSON and files.")] = 1,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="Standard input is JSON Lines.")] = False,
    text_field: Annotated[str, typer.Option(metavar="NAME", help="JSON field of the text.")] = "text",
    id_field: Annotated[str, typer.Option(metavar="NAME", help="JSON field of the id.")] = "id",
) -> None:
    """Score texts: which indicators they speak of, how probably, and in which words.

    A .txt or .md file is one document. A .jsonl file is one document a line, with "text", "id" and perhaps "language".

    What cannot be read or analysed is listed in OUT.dead.jsonl beside the output, and the run goes on.
    """
    from service.commands.score_request import Request  # noqa: PLC0415
    from service.commands.score_run import run  # noqa: PLC0415
    from service.scoring_files import ReadOptions  # noqa: PLC0415

    code = language.lower() if language is not None else None
    request = Request(
        inputs=tuple(inputs or ()),
        options=ReadOptions(text_field=text_field, id_field=id_field, language=code),
        jsonl=jsonl,
        output=output,
        as_json=as_json,
        quiet=quiet,
        model=model,
        tier=tier,
        jobs=jobs,
    )
    with refusals():
        raise typer.Exit(run(request, ports_of(context)))

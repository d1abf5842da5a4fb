"""`tellsign score`: texts, files, folders or standard input in; highlights, JSON Lines, CSV or Parquet out."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from service.commands.exits import refusals
from service.commands.ports import Tier, ports_of

# Each option by itself, so that the function reads as a list of them.
Output = Annotated[
    str | None,
    typer.Option(
        "--output", "-o", metavar="OUT", help="Write this .jsonl, .csv or .parquet file; OUT.run/ keeps the run."
    ),
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on with the run of this output, or begin it where there is none.")
]
RetryDead = Annotated[
    bool, typer.Option("--retry-dead", help="Read and score only the dead letters of a finished run again.")
]
AsJson = Annotated[
    bool, typer.Option("--json", help="JSON Lines on standard output; with --output, a summary of the run.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary.")]
Language = Annotated[
    str | None, typer.Option(metavar="CODE", help="Language of documents that name none; detected when not given.")
]
Model = Annotated[Path | None, typer.Option(metavar="PATH", help="Artefact folder instead of the model that ships.")]
ReadingTier = Annotated[
    Tier | None,
    typer.Option(
        help="fast: the linear model. deep: the encoder reads everything too. cascade: it reads where the linear "
        "model finds reason to. By default cascade for a model fitted to an encoder, else fast."
    ),
]
Jobs = Annotated[int, typer.Option(min=1, metavar="N", help="Worker processes, for JSON and files.")]
Engine = Annotated[Literal["local", "dask"], typer.Option(help="local: this machine. dask: the workers of a cluster.")]
Scheduler = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="The Dask scheduler, such as tcp://10.0.0.5:8786.")
]
ShardSize = Annotated[
    int | None,
    typer.Option(min=1, max=100_000, metavar="N", help="Documents that are put on disk at a time; 256 by default."),
]
NoDedupe = Annotated[bool, typer.Option("--no-dedupe", help="Score every document, repeated ones too; with --output.")]
SampleAudit = Annotated[
    int | None,
    typer.Option(min=1, max=100_000, metavar="N", help="Draw N unflagged documents for people to read; with --output."),
]
FromJsonl = Annotated[bool, typer.Option("--jsonl", help="Standard input is JSON Lines.")]
TextField = Annotated[str, typer.Option(metavar="NAME", help="JSON field or column of the text.")]
IdField = Annotated[str, typer.Option(metavar="NAME", help="JSON field or column of the id.")]
MetadataField = Annotated[
    list[str] | None,
    typer.Option("--metadata-field", metavar="NAME", help="JSON field or column to carry along; may be repeated."),
]


def score(
    context: typer.Context,
    inputs: Annotated[
        list[str] | None,
        typer.Argument(metavar="TEXT | FILE… | DIR | -", help="A text, files, a folder, or - for standard input."),
    ] = None,
    *,
    output: Output = None,
    resume: Resume = False,
    retry_dead: RetryDead = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    language: Language = None,
    model: Model = None,
    tier: ReadingTier = None,
    jobs: Jobs = 1,
    engine: Engine = "local",
    scheduler: Scheduler = None,
    shard_size: ShardSize = None,
    no_dedupe: NoDedupe = False,
    sample_audit: SampleAudit = None,
    jsonl: FromJsonl = False,
    text_field: TextField = "text",
    id_field: IdField = "id",
    metadata_field: MetadataField = None,
) -> None:
    """Score texts: which indicators they speak of, how probably, and in which words.

    Each file is read by what it holds: a .jsonl file is one document a line, with "text", "id" and perhaps "language".

    What cannot be read or analysed is listed in OUT.dead.jsonl beside the output, and the run goes on. A run that was
    stopped in any way goes on with --resume, to the same output.
    """
    from service.batch.cutting import SHARD_SIZE  # noqa: PLC0415
    from service.batch.items import ReadOptions  # noqa: PLC0415
    from service.commands.score_request import Request  # noqa: PLC0415
    from service.commands.score_run import run  # noqa: PLC0415

    code = language.lower() if language is not None else None
    request = Request(
        inputs=tuple(inputs or ()),
        options=ReadOptions(text_field, id_field, code, metadata_fields=tuple(metadata_field or ())),
        jsonl=jsonl,
        output=output,
        mode="resume" if resume else "retry" if retry_dead else "new",
        both_modes=resume and retry_dead,
        as_json=as_json,
        quiet=quiet,
        model=model,
        tier=tier,
        jobs=jobs,
        engine=engine,
        scheduler=scheduler,
        shard_size=shard_size or SHARD_SIZE,
        dedupe=not no_dedupe,
        sample_audit=sample_audit,
    )
    with refusals():
        raise typer.Exit(run(request, ports_of(context)))

"""The `tellsign` command: its table of contents. Each command is a file in `service.commands`."""

import sys
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer

from service.commands import (
    audit,
    audit_sample,
    export,
    extras,
    keys,
    model,
    retention,
    score,
    serve,
    store,
    taxonomy,
    users,
)
from service.commands.exits import USAGE, OneLineErrors
from service.commands.ports import Ports, one_blas_thread

app = typer.Typer(
    name="tellsign",
    cls=OneLineErrors,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
    epilog="Exit codes: 0 all done, 1 done with dead letters, 2 usage, 3 refused.",
)

app.command("serve")(serve.serve)
app.command("score")(score.score)
app.command("taxonomy")(taxonomy.taxonomy)
app.add_typer(model.app, name="model")
app.command("train", context_settings=extras.PASS_THROUGH)(extras.train)
app.command("evaluate", context_settings=extras.PASS_THROUGH)(extras.evaluate)
app.command("budget", context_settings=extras.PASS_THROUGH)(extras.budget)
app.command("recalibrate", context_settings=extras.PASS_THROUGH)(extras.recalibrate)
app.command("benchmark", context_settings=extras.PASS_THROUGH)(extras.benchmark)
app.command("corpus", context_settings=extras.PASS_THROUGH)(extras.corpus)
app.command("compare", context_settings=extras.PASS_THROUGH)(extras.compare)
app.command("promote", context_settings=extras.PASS_THROUGH)(extras.promote)
app.command("card", context_settings=extras.PASS_THROUGH)(extras.card)
app.command("train-encoder", context_settings=extras.PASS_THROUGH)(extras.train_encoder)
app.add_typer(keys.app, name="keys")
app.add_typer(users.app, name="users")
app.add_typer(audit_sample.app, name="audit-sample")
app.add_typer(store.app, name="store")
app.add_typer(retention.app, name="retention")
app.add_typer(audit.app, name="audit")
app.add_typer(export.build_export_app(export.open_stored), name="export")


def _show_version(wanted: bool) -> None:
    if wanted:
        try:
            number = version("tellsign")
        except PackageNotFoundError:
            number = "0+source"
        typer.echo(f"tellsign {number}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def tellsign(
    context: typer.Context,
    *,
    show_version: Annotated[  # noqa: ARG001 - its callback answers
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Read texts for indicators of human trafficking and forced labour, for people to review."""
    # Before any command: even its errors come with the classifier, and that with numpy. Workers inherit it.
    one_blas_thread()
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(USAGE)
    if context.obj is None:
        context.obj = replace(Ports(), stdout_is_terminal=sys.stdout.isatty(), stderr_is_terminal=sys.stderr.isatty())


def main() -> None:
    """Run the command line; never returns."""
    app(prog_name="tellsign")

"""Commands for those who run a model: `tellsign budget` and `tellsign recalibrate`, found by their entry points."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from classifier.artifact import DEFAULT_MODEL
from training.amounts import AmountError, read_band, read_rate, read_share
from training.cli import QuietOption, limit_threads, run_command

ModelOption = Annotated[Path | None, typer.Option(help="Model folder; by default the packaged one.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Figures as JSON.")]
LanguageOption = Annotated[str, typer.Option(help="Use the records of this language.")]


def budget(arguments: Sequence[str]) -> int:
    """Run `tellsign budget` with these arguments and give the exit code."""
    return run_command(_budget, "tellsign budget", arguments)


def recalibrate(arguments: Sequence[str]) -> int:
    """Run `tellsign recalibrate` with these arguments and give the exit code."""
    return run_command(_recalibrate, "tellsign recalibrate", arguments)


def _budget(
    labelled: Annotated[
        Path | None,
        typer.Argument(
            exists=True,
            dir_okay=False,
            help="Labelled JSONL that the model has not seen; by default the frozen test part.",
        ),
    ] = None,
    *,
    alert_budget: Annotated[
        str | None, typer.Option(metavar="40/day", help="Flagged documents that people can open.")
    ] = None,
    volume: Annotated[str | None, typer.Option(metavar="5000/day", help="Documents that come in.")] = None,
    prevalence: Annotated[
        str | None, typer.Option(metavar="0.5%", help="Share of the documents that should be flagged.")
    ] = None,
    band: Annotated[
        str | None,
        typer.Option(
            metavar="'npv >= 0.98, ppv >= 0.9'",
            help="Find the band of probabilities in which to say `uncertain`: so right below and above it.",
        ),
    ] = None,
    indicator: Annotated[
        str | None, typer.Option(metavar="ID", help="Ask for this indicator; by default for review.")
    ] = None,
    model: ModelOption = None,
    resamples: Annotated[int, typer.Option(min=1, help="Bootstrap resamples over groups.")] = 1000,
    as_json: JsonOption = False,
    language: LanguageOption = "en",
) -> None:
    """Find the threshold that fits how many documents people can open a day, and what it would find and miss.

    Positives and negatives are weighed anew to the stated prevalence. Where the labelled documents cannot support an
    answer, there is none: the reasons and what would be needed are printed instead, and the exit code is 3.
    """
    limit_threads()
    try:
        demand = _read_demand(alert_budget, volume)
        chance = None if prevalence is None else read_share(prevalence)
        asked = None if band is None else read_band(band)
    except AmountError as error:
        raise typer.BadParameter(str(error)) from None
    if (demand is None and asked is None) or (demand is not None and chance is None):
        raise typer.BadParameter("give --alert-budget, --volume and --prevalence, or --band, or all of them")
    from training.site_command import Question, answer_budget  # noqa: PLC0415  numpy and scikit-learn

    question = Question(model or DEFAULT_MODEL, labelled, language, indicator or "review", resamples)
    supported = answer_budget(question, demand=demand, prevalence=chance, band=asked, as_json=as_json)
    if not supported:
        raise typer.Exit(3)


def _read_demand(alert_budget: str | None, volume: str | None) -> tuple[float, float] | None:
    if alert_budget is None and volume is None:
        return None
    if alert_budget is None or volume is None:
        raise typer.BadParameter("--alert-budget and --volume go together")
    return read_rate(alert_budget), read_rate(volume)


def _recalibrate(
    labelled: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="Your own labelled JSONL, drawn as documents come.")
    ],
    output: Annotated[Path, typer.Option(metavar="MODEL_DIR", file_okay=False, help="Folder of the new model.")],
    *,
    model: ModelOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    language: LanguageOption = "en",
) -> None:
    """Fit probabilities and thresholds to your own labelled documents, and write that as a new model folder.

    Review and each indicator need 10 positives and 10 negatives, and 30 positives for a slope beside the shift; what
    has fewer stays as it was, and so does a probability that gains nothing under cross-validation. Thresholds are
    chosen anew by the rules of the model.
    """
    limit_threads()
    source = model or DEFAULT_MODEL
    if output.resolve() == source.resolve():
        raise typer.BadParameter("--output is the model that is read; give another folder")
    from training.site_command import write_recalibrated  # noqa: PLC0415  numpy and scikit-learn

    write_recalibrated(source, labelled, output, language=language, as_json=as_json, quiet=quiet)

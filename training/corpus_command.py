"""The command `tellsign corpus list|check|stats`, found by its entry point."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from training.cli import QuietOption, limit_threads, run_command

_FOUND, _USAGE = 1, 2
NameArgument = Annotated[
    str, typer.Argument(metavar="NAME_OR_PATH", help="A card's name or path, a JSONL file, or a folder of them.")
]
DataOption = Annotated[
    Path | None,
    typer.Option(exists=True, help="Folder with the files, or the file; by default TELLSIGN_DATA, then the hub."),
]
LanguageOption = Annotated[str | None, typer.Option(help="Keep records of this language; corpus format only.")]
RevisionOption = Annotated[str, typer.Option(help="Commit on the hub, for a card that pins none.")]
LimitOption = Annotated[
    int, typer.Option(min=100, help="Most entries laid side by side; of more, a fixed sample is drawn.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Findings as JSON.")]


def corpus(arguments: Sequence[str]) -> int:
    """Run `tellsign corpus` with these arguments and give the exit code."""
    commands: Mapping[str, Callable[..., None]] = {"list": _list, "check": _check, "stats": _stats}
    if arguments and arguments[0] in commands:
        return run_command(commands[arguments[0]], f"tellsign corpus {arguments[0]}", arguments[1:])
    wanted = not arguments or arguments[0] in {"--help", "-h"}
    stream = sys.stdout if wanted else sys.stderr
    if not wanted:
        print(f"tellsign: no command 'corpus {arguments[0]}'", file=stream)
    print("Usage: tellsign corpus list | check NAME_OR_PATH | stats NAME_OR_PATH", file=stream)
    for name, command in commands.items():
        print(f"  {name:<6} {(command.__doc__ or '').splitlines()[0]}", file=stream)
    return 0 if wanted and arguments else _USAGE


def _list(data: DataOption = None, as_json: JsonOption = False) -> None:
    """List the corpora that have a card: role, licence, and where their data are."""
    limit_threads()
    from training.corpus_cards import corpus_names, load_corpus_card  # noqa: PLC0415  scikit-learn comes with them
    from training.corpus_report import build_cards, print_cards  # noqa: PLC0415
    from training.corpus_tables import say_place  # noqa: PLC0415
    from training.evaluate_command import open_console  # noqa: PLC0415

    cards = [(card, say_place(card, data)) for card in map(load_corpus_card, corpus_names())]
    if as_json:
        print(json.dumps(build_cards(cards)))  # noqa: T201  data to stdout
    else:
        print_cards(cards, open_console())


def _stats(
    name: NameArgument,
    data: DataOption = None,
    sheet: Annotated[Path | None, typer.Option(metavar="OUT.md", dir_okay=False, help="Write a data sheet.")] = None,
    *,
    language: LanguageOption = None,
    revision: RevisionOption = "",
    as_json: JsonOption = False,
) -> None:
    """Count a corpus: labels, lengths, parts, repeats; and write its data sheet."""
    limit_threads()
    from training.corpus_report import build_stats, print_stats  # noqa: PLC0415
    from training.corpus_sheet import write_sheet  # noqa: PLC0415
    from training.corpus_stats import measure_corpus  # noqa: PLC0415
    from training.corpus_tables import open_corpus  # noqa: PLC0415
    from training.evaluate_command import open_console  # noqa: PLC0415

    found = open_corpus(name, data, language=language, revision=revision)
    stats = measure_corpus(found)
    if sheet is not None:
        sheet.write_text(write_sheet(found, stats), encoding="utf-8")
    if as_json:
        print(json.dumps(build_stats(found, stats)))  # noqa: T201  data to stdout
    else:
        print_stats(found, stats, open_console())


def _check(
    name: NameArgument,
    data: DataOption = None,
    against: Annotated[
        str | None, typer.Option(metavar="NAME_OR_PATH", help="Look for leaks into this corpus too.")
    ] = None,
    *,
    noise: Annotated[bool, typer.Option("--noise/--no-noise", help="Look for labels that are probably wrong.")] = True,
    sheet: Annotated[Path | None, typer.Option(metavar="OUT.md", dir_okay=False, help="Write a data sheet.")] = None,
    limit: LimitOption = 5000,
    language: LanguageOption = None,
    revision: RevisionOption = "",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Look for what makes figures on a corpus wrong: leaks across its split, and labels that are probably wrong.

    The exit code is 1 when a text or a group leaks across the split or equal texts have different labels. A label that
    is probably wrong is for a person to look at, and changes no exit code.
    """
    limit_threads()
    from training.corpus_leaks import find_leaks  # noqa: PLC0415
    from training.corpus_noise import find_noise  # noqa: PLC0415
    from training.corpus_report import build_checks, print_checks  # noqa: PLC0415
    from training.corpus_sheet import write_sheet  # noqa: PLC0415
    from training.corpus_stats import measure_corpus  # noqa: PLC0415
    from training.corpus_tables import open_corpus  # noqa: PLC0415
    from training.evaluate_command import open_console  # noqa: PLC0415

    say = Console(stderr=True, quiet=quiet)
    found = open_corpus(name, data, language=language, revision=revision)
    stats = measure_corpus(found, limit=limit)
    entries = stats.sample
    if len(entries) < stats.entries:
        say.print(f"{len(entries):,} of {stats.entries:,} entries are looked at, a fixed sample; see --limit")
    if against is not None:
        other = measure_corpus(open_corpus(against, data, language=language, revision=revision), limit=limit)
        both = [replace(entry, part=part) for part, own in ((name, entries), (against, other.sample)) for entry in own]
        leaks = find_leaks(both, found.labels)
    else:
        leaks = find_leaks(entries, found.labels)
    suspects = find_noise(entries, found.labels, say=say.print) if noise else []
    if sheet is not None:
        sheet.write_text(write_sheet(found, stats, leaks, suspects), encoding="utf-8")
    if as_json:
        print(json.dumps(build_checks(leaks, suspects)))  # noqa: T201  data to stdout
    else:
        print_checks(leaks, suspects, open_console())
    if leaks.leaked or leaks.straddling or leaks.conflicts:
        raise typer.Exit(_FOUND)

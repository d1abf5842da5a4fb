"""`tellsign taxonomy`: the indicators, what counts and what does not."""

from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated

import orjson
import typer
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from service.commands.exits import UsageProblem, refusals
from service.commands.ports import ports_of

if TYPE_CHECKING:
    from classifier.taxonomy import Indicator, Taxonomy


def taxonomy(
    context: typer.Context,
    indicator: Annotated[str | None, typer.Argument(metavar="INDICATOR", help="Show this one in full.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output.")] = False,
) -> None:
    """Show the indicators that texts are read for; with INDICATOR, one of them in full."""
    with refusals():
        everything = ports_of(context).load_taxonomy()
    chosen = everything if indicator is None else _find(everything, indicator)
    if as_json:
        typer.echo(orjson.dumps(chosen, option=orjson.OPT_INDENT_2))
    elif indicator is None:
        _show_table(everything)
    else:
        _show_one(_find(everything, indicator), everything)


def _find(everything: "Taxonomy", name: str) -> "Indicator":
    by_id = {indicator.id: indicator for indicator in everything.indicators}
    if name in by_id:
        return by_id[name]
    near = get_close_matches(name, by_id, n=1)
    advice = f"did you mean '{near[0]}'?" if near else f"allowed: {', '.join(by_id)}"
    raise UsageProblem(f"no indicator '{name}'; {advice}")


def _show_table(everything: "Taxonomy") -> None:
    console = Console(highlight=False)
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("Indicator", no_wrap=True)
    table.add_column("Element", no_wrap=True)
    table.add_column("What it is", ratio=1)
    for indicator in everything.indicators:
        table.add_row(Text(indicator.id, "bold"), Text(indicator.element), Text(_first_sentence(indicator.definition)))
    console.print(table)
    console.print(Text(f"Taxonomy {everything.version}. In full: tellsign taxonomy INDICATOR", "dim"))


def _show_one(indicator: "Indicator", everything: "Taxonomy") -> None:
    console = Console(highlight=False)
    titles = [source.title for source in everything.sources if source.id in indicator.sources]
    console.print(Text.assemble((indicator.title, "bold"), f"  {indicator.id}  ({indicator.element})"))
    console.print(Text(indicator.definition))
    sections = (
        ("Counts", indicator.counts),
        ("Does not count", indicator.excludes),
        ("A question to ask", (indicator.question,)),
        ("Take care", (indicator.note,)),
        ("Source", (*titles, indicator.citation)),
    )
    for heading, lines in sections:
        console.print(Text(f"\n{heading}", "bold"))
        for line in lines:
            console.print(Padding(Text(line), (0, 0, 0, 2)))


def _first_sentence(definition: str) -> str:
    sentence, stop, _ = definition.partition(". ")
    return sentence + stop.strip()

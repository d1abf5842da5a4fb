"""Does what a `tellsign score` request asks: draws, prints or writes, and counts what became of every document."""

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson
import typer
from rich.console import Console

from classifier.document import Analysis
from classifier.errors import DocumentError
from service.commands.exits import DEAD_LETTERS, DONE, Refused, UsageProblem, ending_cleanly, say
from service.commands.ports import Analyzer, Ports
from service.commands.progress import LiveBar, PlainLines, RunProgress, Silence
from service.commands.score_request import Request, check
from service.render import render_analysis
from service.scoring_files import DeadLetter, Incoming, Item
from service.scoring_output import ResultFiles
from service.scoring_workers import Scored, WorkerError, score_here, score_in_workers

# Terminals obey U+0080 to U+009F like escapes, and these are the bytes that UTF-8 has for them.
_C1 = re.compile(rb"\xc2([\x80-\x9f])")


@dataclass(slots=True)
class Counts:
    """How many documents got an analysis and how many became dead letters."""

    analysed: int = 0
    dead: int = 0

    @property
    def text(self) -> str:
        """The counts in words."""
        documents = f"{self.analysed:,} document{'' if self.analysed == 1 else 's'} analysed"
        letters = f"{self.dead:,} dead letter{'' if self.dead == 1 else 's'}"
        return f"{documents}, {letters}" if self.dead else documents


def run(request: Request, ports: Ports) -> int:
    """Do what was asked and return the exit code.

    Raises:
        UsageProblem: The arguments do not fit together.
        Refused: A worker process ended without an answer.
        TellsignError: The model is refused.
    """
    check(request)
    try:
        if request.output is not None:
            counts = _write(request, ports, request.output)
        elif ports.stdout_is_terminal and not request.as_json:
            counts = _draw(request, ports)
        else:
            counts = _print(request, ports)
    except WorkerError as error:
        raise Refused(str(error)) from error
    return DEAD_LETTERS if counts.dead else DONE


def _draw(request: Request, ports: Ports) -> Counts:
    counts, console = Counts(), Console(highlight=False)
    analyzer = ports.load_analyzer(request.model, request.tier)
    titles = {indicator.id: indicator.title for indicator in ports.load_taxonomy().indicators}
    for result in _analysed(request.items(), analyzer):
        if isinstance(result, DeadLetter):
            counts.dead += 1
            _say_dead(result)
        else:
            counts.analysed += 1
            item, analysis = result
            ascii_only = console.options.ascii_only
            console.print(render_analysis(item.document.text, analysis, titles, ascii_only=ascii_only))
    return counts


def _analysed(items: Iterable[Item], analyzer: Analyzer) -> Iterator[tuple[Incoming, Analysis] | DeadLetter]:
    for item in items:
        if isinstance(item, DeadLetter):
            yield item
            continue
        for result in analyzer.analyze_many([item.document]):
            yield item.reject(result.code, str(result)) if isinstance(result, DocumentError) else (item, result)


def _print(request: Request, ports: Ports) -> Counts:
    counts, stdout = Counts(), sys.stdout.buffer

    def write(analysis: bytes) -> None:
        line = _C1.sub(lambda found: b"\\u00%02x" % found[1][0], analysis) if ports.stdout_is_terminal else analysis
        stdout.write(line + b"\n")

    with _progress(request, ports) as progress:
        for scored in _scored(request, ports):
            _sort(scored, counts, write=write, bury=_say_dead)
            stdout.flush()
            progress.advance(len(scored.results), scored.size)
    if counts.dead and counts.dead + counts.analysed > 1:
        say(f"{counts.text}, named above")
    return counts


def _write(request: Request, ports: Ports, output: Path) -> Counts:
    counts = Counts()
    try:
        files = ResultFiles(output)
    except ImportError as error:
        raise UsageProblem(f"{output.suffix} files need pyarrow: pip install pyarrow") from error
    try:
        with ending_cleanly(), files, _progress(request, ports) as progress:
            for scored in _scored(request, ports):
                _sort(scored, counts, write=files.write, bury=files.bury)
                progress.advance(len(scored.results), scored.size)
    except KeyboardInterrupt:
        say(f"interrupted; {output} was not written")
        raise
    _summarise(request, files, counts)
    return counts


def _scored(request: Request, ports: Ports) -> Iterator[Scored]:
    if request.jobs > 1:
        model, tier, jobs = request.model, request.tier, request.jobs
        return score_in_workers(request.items(), ports.load_analyzer, model=model, tier=tier, jobs=jobs)
    return score_here(request.items(), ports.load_analyzer(request.model, request.tier))


def _sort(
    scored: Scored, counts: Counts, *, write: Callable[[bytes], None], bury: Callable[[DeadLetter], None]
) -> None:
    for result in scored.results:
        if isinstance(result, DeadLetter):
            counts.dead += 1
            bury(result)
        else:
            counts.analysed += 1
            write(result)


def _progress(request: Request, ports: Ports) -> RunProgress:
    drawn_over = request.output is None and ports.stdout_is_terminal
    if request.quiet or drawn_over:
        return Silence()
    return LiveBar(request.size()) if ports.stderr_is_terminal else PlainLines(request.size())


def _summarise(request: Request, files: ResultFiles, counts: Counts) -> None:
    if request.as_json:
        summary = {
            "analysed": counts.analysed,
            "dead_letters": counts.dead,
            "output": str(request.output),
            "dead_letter_file": str(files.dead_path) if counts.dead else None,
        }
        typer.echo(orjson.dumps(summary))
    if counts.dead:
        say(f"{counts.text} in {files.dead_path}")
    elif not request.quiet:
        say(f"{counts.text}, written to {request.output}")


def _say_dead(letter: DeadLetter) -> None:
    place = letter.source if letter.line is None else f"{letter.source}:{letter.line}"
    say(f"dead letter: {place}: {letter.code}: {letter.detail}")

"""Does what a `tellsign score` request asks: draws, prints, or runs a batch, and says what became of the documents."""

import errno
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import orjson
import typer
from rich.console import Console

from classifier.document import Analysis
from classifier.errors import DocumentError
from service.batch.engines import Engine, InProcess, InWorkers
from service.batch.extensions import Extensions
from service.batch.inputs import Inputs
from service.batch.items import DeadLetter, Incoming, Item
from service.batch.run_folder import Counts, RunFolder
from service.batch.runner import Plan, Progress, run_batch
from service.batch.scoring import Loading
from service.batch.stream import Scored, score_here, score_in_workers
from service.batch.workers import WorkerError, WorkerPool
from service.commands.exits import DEAD_LETTERS, DONE, Refused, ending_cleanly, say
from service.commands.ports import Analyzer, Ports
from service.commands.progress import LiveBar, PlainLines, Silence
from service.commands.run_extensions import build_extensions
from service.commands.score_request import Request, check
from service.render import render_analysis

# Terminals obey U+0080 to U+009F like escapes, and these are the bytes that UTF-8 has for them.
_C1 = re.compile(rb"\xc2([\x80-\x9f])")
_FULL = {errno.ENOSPC, errno.EDQUOT}


@dataclass(slots=True)
class _Tally:
    """How many documents got an analysis and how many became dead letters."""

    analysed: int = 0
    dead: int = 0


def run(request: Request, ports: Ports, extend: Callable[[Request], Extensions] | None = None) -> int:
    """Do what was asked and return the exit code.

    Args:
        request: What was asked.
        ports: The doors out of the command line.
        extend: Returns what else a run with an output does; by default `build_extensions`.

    Raises:
        UsageProblem: The arguments do not fit together.
        Refused: A worker process ended without an answer, or the disk is full.
        TellsignError: The model, or going on with a run, is refused.
    """
    check(request)
    try:
        if request.output is not None:
            dead = _write(request, ports, request.output, (extend or build_extensions)(request))
        elif ports.stdout_is_terminal and not request.as_json:
            dead = _draw(request, ports)
        else:
            dead = _print(request, ports)
    except WorkerError as error:
        raise Refused(f"{error}{_hint(request)}") from error
    return DEAD_LETTERS if dead else DONE


def _draw(request: Request, ports: Ports) -> int:
    dead, console = 0, Console(highlight=False)
    analyzer = ports.load_analyzer(request.model, request.tier)
    titles = {indicator.id: indicator.title for indicator in ports.load_taxonomy().indicators}
    for result in _analysed(request.items(), analyzer):
        if isinstance(result, DeadLetter):
            dead += 1
            _say_dead(result)
        else:
            item, analysis = result
            ascii_only = console.options.ascii_only
            console.print(render_analysis(item.document.text, analysis, titles, ascii_only=ascii_only))
    return dead


def _analysed(items: Iterable[Item], analyzer: Analyzer) -> Iterator[tuple[Incoming, Analysis] | DeadLetter]:
    for item in items:
        if isinstance(item, DeadLetter):
            yield item
            continue
        for result in analyzer.analyze_many([item.document]):
            yield item.reject(result.code, str(result)) if isinstance(result, DocumentError) else (item, result)


def _print(request: Request, ports: Ports) -> int:
    tally, stdout = _Tally(), sys.stdout.buffer
    with _progress(request, ports)(request.size()) as progress:
        for scored in _scored(request, ports):
            for result in scored.results:
                if isinstance(result, DeadLetter):
                    tally.dead += 1
                    _say_dead(result)
                else:
                    tally.analysed += 1
                    stdout.write((_visible(result) if ports.stdout_is_terminal else result) + b"\n")
            stdout.flush()
            progress.advance(len(scored.results), scored.size)
    if tally.dead and tally.dead + tally.analysed > 1:
        say(f"{_in_words(Counts(tally.analysed, tally.dead))}, named above")
    return tally.dead


def _visible(analysis: bytes) -> bytes:
    return _C1.sub(lambda found: b"\\u00%02x" % found[1][0], analysis)


def _scored(request: Request, ports: Ports) -> Iterator[Scored]:
    if request.jobs > 1:
        loading = Loading(ports.load_analyzer, request.model, request.tier)
        return score_in_workers(request.items(), loading, request.jobs)
    return score_here(request.items(), ports.load_analyzer(request.model, request.tier))


def _write(request: Request, ports: Ports, output: str, extensions: Extensions) -> int:
    folder = request.run_folder(output)
    with ExitStack() as stack:
        stack.enter_context(ending_cleanly())
        engine, inputs = _engine(request, ports, stack)
        plan = Plan(
            inputs=inputs,
            folder=folder,
            identity=request.identity(),
            mode=request.mode,
            shard_size=request.shard_size,
            jobs=request.jobs,
        )
        try:
            counts = run_batch(plan, engine, progress=_progress(request, ports), extensions=extensions)
        except (KeyboardInterrupt, SystemExit):
            say(f"interrupted{_hint(request) or f'; {output} was not written'}")
            raise
        except OSError as error:
            raise Refused(f"{_reason(error)}{_hint(request)}") from error
    _summarise(request, folder, counts)
    return counts.dead


def _engine(request: Request, ports: Ports, stack: ExitStack) -> tuple[Engine, Inputs]:
    loading = Loading(ports.load_analyzer, request.model, request.tier)
    if request.engine == "dask":
        from service.batch.cluster import OnCluster  # noqa: PLC0415 - brings pyarrow, which takes its time
        from service.batch.partitions import ClusterInputs  # noqa: PLC0415

        cluster = stack.enter_context(OnCluster(cast(str, request.scheduler), loading))
        return cluster, ClusterInputs(request.inputs, request.options, cluster.survey, request.own_files)
    if request.jobs > 1:
        return InWorkers(stack.enter_context(WorkerPool(loading, request.jobs))), request.run_inputs()
    return InProcess(loading.scorer()), request.run_inputs()


def _progress(request: Request, ports: Ports) -> Callable[[int | None], Progress]:
    if ports.progress is not None:
        return ports.progress
    drawn_over = request.output is None and ports.stdout_is_terminal
    if request.quiet or drawn_over:
        return Silence
    return LiveBar if ports.stderr_is_terminal else PlainLines


def _hint(request: Request) -> str:
    """Say how a stopped run goes on, where it does."""
    if request.output is None or not (request.paths or request.engine == "dask"):
        return ""
    option = "--retry-dead" if request.mode == "retry" else "--resume"
    return f"; what is done is kept: repeat the command with {option} to go on"


def _reason(error: OSError) -> str:
    place = f"{Path(str(error.filename)).parent}: " if error.filename else ""
    advice = ", free some space" if error.errno in _FULL else ""
    return f"{place}{error.strerror or type(error).__name__}{advice}"


def _summarise(request: Request, folder: RunFolder, counts: Counts) -> None:
    parent = cast(str, request.output).removesuffix(folder.output)
    dead_path = f"{parent}{folder.dead_letters}"
    if request.as_json:
        summary = {
            "analysed": counts.analysed,
            "dead_letters": counts.dead,
            "duplicates": counts.duplicates,
            "output": request.output,
            "dead_letter_file": dead_path if counts.dead else None,
            "run_folder": f"{parent}{folder.name}",
        }
        typer.echo(orjson.dumps(summary))
    if counts.dead:
        say(f"{_in_words(counts)} in {dead_path}")
    elif not request.quiet:
        say(f"{_in_words(counts)}, written to {request.output}")
    if not request.quiet:
        timings = folder.manifest["timings"]
        say(f"{timings['seconds']:,.1f} s, {timings['documents_per_second']:,.0f} documents/s; {parent}{folder.name}")


def _in_words(counts: Counts) -> str:
    documents = f"{counts.analysed:,} document{'' if counts.analysed == 1 else 's'} analysed"
    if counts.duplicates:
        documents += f" ({counts.duplicates:,} by an earlier one they repeat)"
    letters = f"{counts.dead:,} dead letter{'' if counts.dead == 1 else 's'}"
    return f"{documents}, {letters}" if counts.dead else documents


def _say_dead(letter: DeadLetter) -> None:
    place = letter.source if letter.line is None else f"{letter.source}:{letter.line}"
    say(f"dead letter: {place}: {letter.code}: {letter.detail}")

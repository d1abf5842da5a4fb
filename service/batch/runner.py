"""READ THIS FIRST: a batch run from its inputs to its output file, resumable after a stop at any moment."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Protocol, Self

import orjson

from service.batch.cutting import SHARD_SIZE, Job
from service.batch.engines import Engine
from service.batch.extensions import Extensions
from service.batch.inputs import Inputs
from service.batch.output import WRITERS
from service.batch.run_folder import FORMAT, Counts, RunFolder, State, digest, versions
from service.batch.shards import ShardRecord
from service.batch.stores import BatchRefusedError

Mode = Literal["new", "resume", "retry"]


class Progress(AbstractContextManager["Progress"], Protocol):
    """Hears of every finished shard. What it raises stops the run, which can then be resumed."""

    def __enter__(self) -> Self:
        """Begin to show progress."""

    def advance(self, documents: int, size: int, *, reused: bool = False) -> None:
        """Count finished documents, dead letters included, and the bytes of input they took up.

        Args:
            documents: How many.
            size: Bytes of input.
            reused: They were done in an earlier session and say nothing of the speed of this one.
        """


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done.

    Attributes:
        inputs: What to read.
        folder: Where the output and the run folder are.
        identity: What the bytes of the output depend on, beside inputs, model and versions: options and tier.
        mode: `new`, `resume` (which begins where nothing was begun), or `retry` for dead letters alone.
        shard_size: Most documents of a shard.
        jobs: Processes or workers, for the manifest.
    """

    inputs: Inputs
    folder: RunFolder
    identity: dict[str, Any] = field(default_factory=dict)
    mode: Mode = "new"
    shard_size: int = SHARD_SIZE
    jobs: int = 1


def run_batch(
    plan: Plan,
    engine: Engine,
    *,
    progress: Callable[[int | None], Progress],
    extensions: Extensions = Extensions(),  # noqa: B008 - frozen
) -> Counts:
    """Score every document of the inputs and put the output file in place.

    Args:
        plan: What is to be done.
        engine: What scores.
        progress: Given the bytes of input, or None when unknown, returns what hears of progress.
        extensions: What else is done with documents and results.

    Raises:
        BatchRefusedError: There is a run that this one does not go on with, or inputs, options or model changed.
        TellsignError: The model is refused.
        OSError: Something cannot be written, such as on a full disk; the run can be resumed.
    """
    folder, started = plan.folder, time.monotonic()
    with ExitStack() as stack:
        stack.enter_context(folder.lock())
        stack.push(lambda kind, *_: _forget(plan) if kind else None)
        job = _begin(plan, engine, extensions)
        size = folder.manifest["inputs"]["bytes"] or None
        with progress(size) as shown:
            shards, documents = _score(plan, engine, job, shown)
        folder.save(counts={"shards": shards})
        counts = _assemble(folder)
        _end(folder, counts, shards=shards, scored=documents, seconds=time.monotonic() - started)
        for finisher in extensions.finishers:
            finisher.finish(folder)
        return counts


def _begin(plan: Plan, engine: Engine, extensions: Extensions) -> Job:
    """Begin a run, or take up the one that is there, and return what its shards share."""
    folder = plan.folder
    there = folder.load()
    _check_mode(plan, there)
    # The model is loaded here: a run over another one is refused before anything is read or written.
    model = engine.identify()
    settings = dict(extensions.deduplicator.settings) if extensions.deduplicator else None
    identity = plan.identity | {"model": asdict(model), "shard_size": plan.shard_size, "duplicates": settings}
    # As it is read back from the manifest, where a tuple is a list.
    identity = orjson.loads(orjson.dumps(identity | {"versions": versions()}))
    if there is None or plan.mode == "new":
        _begin_anew(plan, identity)
    else:
        folder.store.tidy(folder.name)
        folder.check_identity(identity)
        if plan.mode == "resume":
            folder.check_listing(plan.inputs.listing(plan.shard_size))
        folder.save(state="retrying" if plan.mode == "retry" else "running", jobs=plan.jobs)
    deduplicator = None if plan.mode == "retry" else extensions.deduplicator
    run = folder.manifest["run"]
    return Job(folder.store, folder.name, run, model.sha256, plan.shard_size, deduplicator)


def _check_mode(plan: Plan, there: dict[str, Any] | None) -> None:
    once, name = plan.inputs.why_once, plan.folder.name
    if once and plan.mode != "new":
        raise BatchRefusedError(f"cannot {plan.mode}: {once}; save it to a file first, or start anew")
    if plan.mode == "retry" and (there is None or there["state"] == "running"):
        found = "there is no run" if there is None else "the run is not finished, resume it first"
        raise BatchRefusedError(f"cannot retry dead letters: {found} in {name}")
    if plan.mode == "new" and there is not None and there["state"] == "running" and there["resumable"]:
        raise BatchRefusedError(f"{name} holds a run that is not finished; add --resume, or remove it to start anew")


def _begin_anew(plan: Plan, identity: dict[str, Any]) -> None:
    folder = plan.folder
    folder.clear()
    listed = folder.write_listing(plan.inputs.listing(plan.shard_size))
    state: State = "running"
    folder.save(
        format=FORMAT,
        state=state,
        resumable=not plan.inputs.why_once,
        run=digest(identity | {"inputs": listed["sha256"]}),
        identity=identity,
        inputs=plan.inputs.describe() | listed,
        output={"file": folder.output, "dead_letters": folder.dead_letters},
        jobs=plan.jobs,
        counts={},
        timings={"started": _now(), "sessions": 0, "seconds": 0.0},
    )


def _score(plan: Plan, engine: Engine, job: Job, progress: Progress) -> tuple[int, int]:
    """Have all shards in place; return how many there are, and how many documents were scored now."""
    reused = 0

    def reuse(record: ShardRecord) -> None:
        nonlocal reused
        reused += 1
        progress.advance(record.rows, record.size, reused=True)

    choose = plan.inputs.retry_specs if plan.mode == "retry" else plan.inputs.specs
    done = documents = 0
    # Closed before the run folder may be removed: then nobody writes into it any more.
    with closing(choose(job, plan.folder, reuse)) as specs, closing(engine.run(specs, plan.folder.store)) as results:
        for result in results:
            record = result.record
            done, documents = done + 1, documents + (0 if result.reused else record.rows)
            progress.advance(record.rows, record.size, reused=result.reused)
    return reused + done, documents


def _assemble(folder: RunFolder) -> Counts:
    """Put the output together out of the shards; it comes last: where it stands, its dead letters are complete."""
    analysed = dead = duplicates = 0
    store, suffix = folder.store, folder.output[folder.output.rindex(".") :].lower()
    with ExitStack() as stack:
        out = stack.enter_context(store.create(folder.output, f"{folder.name}/.output.tmp"))
        writer, letters = WRITERS[suffix](out), None
        for result in folder.results():
            if not result.dead:
                analysed, duplicates = analysed + 1, duplicates + result.duplicate
                writer.write(result.line)
                continue
            if letters is None:
                letters = stack.enter_context(store.create(folder.dead_letters, f"{folder.name}/.dead.tmp"))
            dead += 1
            letters.write(result.line + b"\n")
        writer.finish()
        if letters is None:
            # None are left from an older run.
            store.remove(folder.dead_letters)
    return Counts(analysed, dead, duplicates)


def _end(folder: RunFolder, counts: Counts, *, shards: int, scored: int, seconds: float) -> None:
    timings = folder.manifest["timings"]
    state: State = "finished"
    folder.save(
        state=state,
        counts={
            "documents": counts.analysed + counts.dead,
            "analysed": counts.analysed,
            "dead_letters": counts.dead,
            "duplicates": counts.duplicates,
            "shards": shards,
        },
        timings=timings
        | {
            "finished": _now(),
            "sessions": timings["sessions"] + 1,
            "seconds": round(timings["seconds"] + seconds, 3),
            "documents_per_second": round(scored / seconds, 2),
        },
    )


def _forget(plan: Plan) -> None:
    """Remove the folder of a stopped run that did not begin, or that cannot be resumed."""
    folder = plan.folder
    unfinished = folder.manifest.get("state") == "running" and not folder.manifest["resumable"]
    if unfinished or not folder.begun:
        folder.store.remove(folder.name)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")

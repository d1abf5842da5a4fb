"""Measures `tellsign score FILE --output OUT.jsonl` from start to end: speed, workers, memory, and growth with size.

The texts are press releases, whole, in the folder that `TELLSIGN_DATA` names; without it nothing is measured. Beside
every run spaCy's tokenizer and sentencizer read the same file in one process. Speeds are counted by processor seconds,
those of all processes of the command together, its start, the loading of the model and the report included: where
others use the machine too, the clock says little. What two jobs gain over one is told by the longest way through the
work: the command's own process and then its busiest worker, or half of all the time, whichever is longer.
`--million` scores a million documents, the beginnings of the releases with made-up words between theirs: it takes hours
and 15 GB of disk, and shows that memory stays flat. `--documents N` does the same with another number.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    # Read once, when numpy loads; the commands that are measured inherit it.
    os.environ[variable] = "1"

import argparse  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from collections.abc import Iterable, Iterator, Sequence  # noqa: E402
from dataclasses import dataclass  # noqa: E402
from math import log  # noqa: E402
from pathlib import Path  # noqa: E402
from resource import RUSAGE_CHILDREN, getrusage  # noqa: E402
from statistics import linear_regression  # noqa: E402

import orjson  # noqa: E402
import psutil  # type: ignore[import-untyped]  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
import spacy  # noqa: E402

from tests.documents import cut_text, vary_texts  # noqa: E402

RELEASES = Path(os.environ.get("TELLSIGN_DATA", "")) / "public/treasury_press_releases/treasury_press_releases.parquet"
LONGEST = 100_000
MILLION = 1_000_000
# About one word in fifteen of a beginning.
MADE_UP = 20
# Seconds between two looks at the memory.
LOOK = 0.1
TARGETS = {"spaCy": 0.3, "jobs": 1.7, "memory": 400, "exponent": 1.05}
# Without the finding of repeated documents every text is scored, as it is by spaCy.
WAYS = {
    "fast, 1 job": ("--tier", "fast", "--no-dedupe"),
    "fast, 2 jobs": ("--tier", "fast", "--no-dedupe", "--jobs", "2"),
    "fast, repeats found": ("--tier", "fast"),
    "cascade, 1 job": ("--tier", "cascade", "--no-dedupe"),
}


@dataclass(frozen=True, slots=True)
class Figures:
    """One run.

    Attributes:
        documents: How many had their line.
        clock: From the start of the command to its end.
        processors: Of all its processes.
        own: Of the command's own process, which scores where there is one job.
        busiest: Of the busiest other process that lived for a while.
        memory: Peak of the command's own process, MB.
    """

    documents: int
    clock: float
    processors: float
    own: float
    busiest: float
    memory: float

    @property
    def speed(self) -> float:
        """Documents for each second of processor time."""
        return self.documents / self.processors

    def longest(self, jobs: int) -> float:
        """Seconds that the run takes at least where every process has a core for itself, and there are `jobs` cores."""
        return self.own if jobs == 1 else max(self.own + self.busiest, self.processors / jobs)


def read_releases() -> list[str]:
    """The texts of all releases that the program accepts whole."""
    column = pq.read_table(RELEASES, columns=["text"])["text"].to_pylist()
    return [text for text in column if text.strip() and len(text) <= LONGEST]


def spread(texts: Sequence[str], most: int) -> list[str]:
    """At most so many texts, from all over the sequence."""
    return [texts[i * len(texts) // most] for i in range(most)] if len(texts) > most else list(texts)


def write_lines(path: Path, texts: Iterable[str]) -> int:
    """Write JSON Lines; return the number of documents."""
    number = -1
    with path.open("wb") as stream:
        for number, text in enumerate(texts):
            stream.write(orjson.dumps({"id": str(number), "text": text}) + b"\n")
    return number + 1


def measure(source: Path, documents: int, *options: str) -> Figures:
    """Run the command and look at its processes while it works."""
    output = source.with_suffix(".out.jsonl")
    command = [sys.executable, "-c", "from service.cli import main; main()", "score", str(source)]
    started, before = time.perf_counter(), getrusage(RUSAGE_CHILDREN)
    seen: dict[int, float] = {}
    peak = 0.0
    with subprocess.Popen([*command, "--output", str(output), "--quiet", *options]) as process:
        watched = psutil.Process(process.pid)
        while process.poll() is None:
            try:
                peak = max(peak, watched.memory_info().rss / 2**20)
                seen |= {one.pid: processor_seconds(one) for one in (watched, *watched.children(recursive=True))}
            except psutil.Error:
                # A process ended while it was looked at.
                continue
            finally:
                time.sleep(LOOK)
    clock, after = time.perf_counter() - started, getrusage(RUSAGE_CHILDREN)
    manifest = orjson.loads((source.parent / f"{output.stem}.run" / "manifest.json").read_bytes())
    if process.returncode or manifest["counts"]["analysed"] != documents:
        raise SystemExit(f"the run ended with {process.returncode} and {manifest['counts']}")
    processors = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    own = seen.pop(process.pid)
    return Figures(documents, clock, processors, own, max(seen.values(), default=0.0), peak)


def processor_seconds(process: psutil.Process) -> float:
    """Seconds that a process has had of the processors."""
    times = process.cpu_times()
    return float(times.user + times.system)


def measure_spacy(source: Path) -> float:
    """Documents for each second of processor time of spaCy's tokenizer and sentencizer over the same file."""
    started = time.process_time()
    blank = spacy.blank("en")
    blank.add_pipe("sentencizer")
    done = 0
    with source.open("rb") as stream:
        for _ in blank.pipe(orjson.loads(line)["text"] for line in stream):
            done += 1
    return done / (time.process_time() - started)


def compare(texts: Sequence[str], folder: Path, rounds: int) -> None:
    """Print the speed of each way to score, beside spaCy's."""
    source = folder / "releases.jsonl"
    documents = write_lines(source, texts)
    print(f"{documents:,} documents, {source.stat().st_size / 2**20:,.1f} MB")
    print(f"{'':<24}{'clock s':>10}{'CPU s':>10}{'per CPU s':>10}{'/ spaCy':>10}{'/ 1 job':>10}{'peak MB':>10}")
    for _ in range(rounds):
        one_job = 0.0
        for name, options in WAYS.items():
            before = measure_spacy(source)
            found = measure(source, documents, *options)
            beside = (before + measure_spacy(source)) / 2
            longest = found.longest(2 if "2" in options else 1)
            one_job = one_job or longest
            ratios = f"{found.speed / beside:>10.2f}{one_job / longest:>10.2f}{found.memory:>10.0f}"
            print(f"{name:<24}{found.clock:>10.1f}{found.processors:>10.1f}{found.speed:>10.1f}{ratios}", flush=True)


def measure_growth(texts: Sequence[str], folder: Path) -> None:
    """Print how time grows with size, the start left out: the exponent is the slope of log time over log size."""
    points: list[tuple[float, float]] = []
    alone = folder / "alone.jsonl"
    start = measure(alone, write_lines(alone, texts[:1]), *WAYS["fast, 1 job"]).processors
    print(f"{'documents':>10}{'CPU s':>10}{'peak MB':>10}   beyond {start:.1f} s for one document")
    for part in (8, 4, 2, 1):
        source = folder / f"part-{part}.jsonl"
        chosen = texts[::part]
        found = measure(source, write_lines(source, chosen), *WAYS["fast, 1 job"])
        seconds = found.processors - start
        points.append((log(sum(map(len, chosen))), log(seconds)))
        print(f"{found.documents:>10,}{seconds:>10.1f}{found.memory:>10.0f}", flush=True)
    sizes, times = zip(*points, strict=True)
    print(f"exponent {linear_regression(sizes, times).slope:.3f} (target: at most {TARGETS['exponent']})")


def measure_memory(texts: Sequence[str], folder: Path, count: int, jobs: str) -> None:
    """Print the peak memory of the parent process over many documents."""
    beginnings = [cut for text in texts if (cut := cut_text(text))]
    source = folder / "many.jsonl"
    documents = write_lines(source, noisy(beginnings, count))
    found = measure(source, documents, *WAYS["fast, 1 job"], "--jobs", jobs)
    speed = f"{found.speed:,.1f} for each second of processor time"
    print(f"{documents:,} documents, --jobs {jobs}: {speed}, peak {found.memory:,.0f} MB", flush=True)


def noisy(beginnings: Sequence[str], count: int) -> Iterator[str]:
    """Beginnings of releases, again and again, each time with other made-up words."""
    return vary_texts(beginnings, count, made_up=MADE_UP, seed=0)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=20_000, help="most releases to score (default: all)")
    parser.add_argument("--rounds", type=int, default=1, help="how often the ways are measured (default: 1)")
    parser.add_argument("--documents", type=int, help="only measure the memory over so many documents")
    parser.add_argument("--million", action="store_true", help="only measure the memory over a million documents")
    parser.add_argument("--jobs", default="1", help="with --documents or --million (default: 1)")
    options = parser.parse_args()
    if not RELEASES.is_file():
        print("TELLSIGN_DATA names no folder with press releases; nothing is measured")
        return
    texts = spread(read_releases(), options.most)
    count: int | None = MILLION if options.million else options.documents
    with tempfile.TemporaryDirectory() as folder:
        if count is not None:
            measure_memory(texts, Path(folder), count, options.jobs)
            return
        compare(texts, Path(folder), options.rounds)
        measure_growth(texts, Path(folder))
    print(f"targets: {TARGETS}")


if __name__ == "__main__":
    main()

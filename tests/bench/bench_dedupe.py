"""Measures what finding repeated documents saves: `tellsign score` over a made dump, with and without `--no-dedupe`.

Nine in ten documents of the dump are an earlier one with other names, places, days and telephone numbers, or a copy; no
two of the others are alike. The command is run from start to end, reading, clusters and report included. Where the
machine is shared, the seconds of the processors say more than those of the clock. How far the carried scores are from
those that the documents get by themselves is measured on the same two outputs.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from tempfile import TemporaryDirectory
from typing import Any

import orjson

from service.batch.carrying import CARRIED
from tests.made_dump import made_documents
from training.corpus import load_corpus
from training.recipe import load_recipe

COMMAND = Path(sys.executable).with_name("tellsign")


@dataclass(frozen=True, slots=True)
class Measured:
    """One run: documents, seconds of the clock and of the processors, and its manifest."""

    documents: int
    clock: float
    processor: float
    manifest: dict[str, Any]


def authored_texts() -> list[str]:
    """Return the different texts of the authored corpus, sorted."""
    recipe = load_recipe("default")
    return sorted({record.text for record in load_corpus(recipe.corpus, recipe.language)})


def write_dump(path: Path, count: int) -> None:
    """Write a dump made of the authored corpus."""
    texts = authored_texts()
    with path.open("wb") as stream:
        for document in made_documents(texts, count):
            stream.write(orjson.dumps({"id": document.id, "text": document.text}) + b"\n")


def measure(source: Path, output: Path, *options: str) -> Measured:
    """Run the command once."""
    before, started = getrusage(RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([COMMAND, "score", source, "--output", output, "--quiet", *options], check=True)
    clock, after = time.perf_counter() - started, getrusage(RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    manifest = orjson.loads(output.with_suffix(".run").joinpath("manifest.json").read_bytes())
    return Measured(sum(1 for _ in analyses(output)), clock, processor, manifest)


def analyses(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the analyses of an output."""
    with path.open("rb") as stream:
        yield from map(orjson.loads, stream)


def compare(carried: Path, scored: Path) -> dict[str, str]:
    """Return how often near-duplicates are flagged as they would be by themselves, and how far their scores are off."""
    near = review = indicators = alike = total = 0
    distance = 0.0
    for one, other in zip(analyses(carried), analyses(scored), strict=True):
        if not any(warning["code"] == CARRIED for warning in one["warnings"]):
            continue
        near += 1
        review += one["review"]["flagged"] == other["review"]["flagged"]
        distance += abs((one["review"]["probability"] or 0) - (other["review"]["probability"] or 0))
        pairs = list(zip(one["indicators"], other["indicators"], strict=True))
        total += len(pairs)
        alike += sum(a["flagged"] == b["flagged"] for a, b in pairs)
        indicators += all(a["flagged"] == b["flagged"] for a, b in pairs)
    if not near:
        return {}
    return {
        "near-duplicates": f"{near:,}",
        "review flag the same": f"{review / near:.2%}",
        "indicator flags the same": f"{alike / total:.2%}",
        "all 17 flags the same": f"{indicators / near:.2%}",
        "review probability, mean difference": f"{distance / near:.4f}",
    }


def main() -> None:
    """Print what the two runs took, and how their scores agree."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=20_000, help="documents of the dump (default: 20000)")
    parser.add_argument("--tier", help="how documents are read (default: as the command does by itself)")
    parser.add_argument("--jobs", type=int, default=1, help="worker processes (default: 1)")
    arguments = parser.parse_args()
    options = (*(("--tier", arguments.tier) if arguments.tier else ()), "--jobs", str(arguments.jobs))
    with TemporaryDirectory() as folder:
        source, found, all_scored = (Path(folder) / name for name in ("in.jsonl", "found.jsonl", "all.jsonl"))
        write_dump(source, arguments.documents)
        runs = {
            "repeated documents carried": measure(source, found, *options),
            "--no-dedupe": measure(source, all_scored, *options, "--no-dedupe"),
        }
        for name, run in runs.items():
            print(f"{name}: {run.documents:,} lines, {run.clock:,.1f} s, {run.processor:,.1f} s of processors")
        carried, every = runs.values()
        repeats = carried.manifest["repeats"]
        print(
            f"times faster: {every.clock / carried.clock:.2f}, by processors {every.processor / carried.processor:.2f}"
        )
        print(f"distinct: {repeats['distinct']:,} of {carried.documents:,}")
        print(f"bytes of memory a distinct document: {repeats['memory_bytes'] / repeats['distinct']:.0f}")
        print(f"bytes of disk a distinct document: {repeats['disk_bytes'] / repeats['distinct']:.0f}")
        for name, value in compare(found, all_scored).items():
            print(f"{name}: {value}")


if __name__ == "__main__":
    main()

"""Measures what the tiers cost: processor time of `cascade` and `deep` beside `fast`, and the wait for one deep answer.

Dumps are public texts in which almost nothing is relevant (`TELLSIGN_DATA` names their folder; without it they are left
out), with relevant documents of the authored corpus strewn in, one in fifty. Each tier reads the same documents in the
same process, one after the other; a ratio is the median over the rounds, of which `deep` has one.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    # Read once, when numpy loads.
    os.environ[variable] = "1"

import argparse  # noqa: E402
import time  # noqa: E402
from collections.abc import Iterator, Sequence  # noqa: E402
from pathlib import Path  # noqa: E402
from statistics import median, quantiles  # noqa: E402

import pyarrow.parquet as pq  # noqa: E402

from classifier import Analysis, Analyzer, Document, load  # noqa: E402
from classifier.document import Tier  # noqa: E402
from training.corpus import Record, load_corpus  # noqa: E402
from training.recipe import load_recipe  # noqa: E402

PUBLIC = Path(os.environ.get("TELLSIGN_DATA", "")) / "public"
DUMPS = {
    "press releases": ("treasury_press_releases/treasury_press_releases.parquet", ("text",)),
    "job advertisements": ("emscad_subset/emscad_subset.parquet", ("title", "description", "requirements")),
    "text messages": ("sms_spam/sms_spam.parquet", ("text",)),
}
TIERS: tuple[Tier, ...] = ("fast", "cascade", "deep")
EVERY, LONGEST, ROUNDS, ANSWERS = 50, 20_000, 3, 40
ONE_DOCUMENT = 1_700
TARGETS = {"cascade": 2.0, "ms": 250}


def background(path: str, columns: Sequence[str], count: int) -> list[str]:
    """Texts from all over a public table, `count` at most."""
    table = pq.read_table(PUBLIC / path, columns=list(columns)).to_pylist()
    texts = ["\n".join(row[name] or "" for name in columns).strip() for row in table]
    texts = [text for text in texts if text and len(text) <= LONGEST]
    return [texts[place * len(texts) // count] for place in range(count)] if len(texts) > count else texts


def strew(texts: Sequence[str], relevant: Sequence[str]) -> Iterator[str]:
    """The texts with a relevant one in every fifty."""
    for number, text in enumerate(texts):
        yield relevant[number // EVERY % len(relevant)] if number % EVERY == 0 else text


def seconds(analyzer: Analyzer, documents: Sequence[Document]) -> tuple[float, float]:
    """Processor seconds of reading them, and the share that the encoder looked into."""
    started = time.process_time()
    found = [one for one in analyzer.analyze_many(documents) if isinstance(one, Analysis)]
    return time.process_time() - started, sum(one.tier == "deep" for one in found) / len(found)


def measure_dump(name: str, texts: Sequence[str], analyzers: dict[Tier, Analyzer]) -> None:
    """Print what each tier takes of one dump."""
    documents = [Document(text) for text in texts]
    for analyzer in analyzers.values():
        seconds(analyzer, documents[:50])
    rounds = [
        {tier: seconds(one, documents) for tier, one in analyzers.items() if tier != "deep" or number == 0}
        for number in range(ROUNDS)
    ]
    size = sum(map(len, texts)) / len(texts)
    for tier in TIERS[1:]:
        ratio = median(found[tier][0] / found["fast"][0] for found in rounds if tier in found)
        looked = rounds[0][tier][1]
        print(f"{name:<20}{len(texts):>8,}{size:>10,.0f}  {tier:<9}{ratio:>8.2f}{looked:>10.1%}", flush=True)


def measure_answers(records: Sequence[Record], analyzer: Analyzer) -> None:
    """Print the wait for one document of about 1.7 kB that is read deeply, on one core."""
    joined = " ".join(record.text for record in records)
    texts = [joined[place : place + ONE_DOCUMENT] for place in range(0, ONE_DOCUMENT * ANSWERS, ONE_DOCUMENT)]
    analyzer.analyze(texts[0])
    waits = []
    for text in texts:
        started = time.perf_counter()
        analyzer.analyze(text)
        waits.append(1000.0 * (time.perf_counter() - started))
    print(f"one document of {ONE_DOCUMENT} characters, deep: p50 {median(waits):.0f} ms, ", end="")
    print(f"p95 {quantiles(waits, n=20)[-1]:.0f} ms (target: {TARGETS['ms']} ms)")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=400, help="documents of a dump (default: 400)")
    options = parser.parse_args()
    recipe = load_recipe("default")
    relevant = [record for record in load_corpus(recipe.corpus, recipe.language) if record.needs_review]
    analyzers = {tier: load(tier=tier) for tier in TIERS}
    measure_answers(relevant, analyzers["deep"])
    print(f"{'dump':<20}{'texts':>8}{'characters':>10}  {'tier':<9}{'/ fast':>8}{'read by it':>10}")
    for name, (path, columns) in DUMPS.items():
        if (PUBLIC / path).is_file():
            texts = list(strew(background(path, columns, options.documents), [one.text for one in relevant]))
            measure_dump(name, texts, analyzers)
    print(f"target: cascade at most {TARGETS['cascade']} times fast")


if __name__ == "__main__":
    main()

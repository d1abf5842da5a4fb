"""Measures the memory of one process while it analyses 50,000 documents, each with made-up words it has not met."""

import json
import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    # Read once, when numpy loads.
    os.environ[variable] = "1"

import random  # noqa: E402
import time  # noqa: E402
from itertools import pairwise  # noqa: E402
from pathlib import Path  # noqa: E402

import psutil  # type: ignore[import-untyped]  # noqa: E402

from classifier import Document, load  # noqa: E402
from tests.documents import join_texts, vary_texts  # noqa: E402

CORPUS = Path(__file__).parents[2] / "training" / "corpora" / "authored"
MARKS = (0, 1_000, 10_000, 25_000, 50_000)
# About one word in fifteen.
MADE_UP = 20


def read_texts() -> list[str]:
    """English authored texts joined to about 1.7 kB, read without `datasets`, which would weigh more than the model."""
    rows = [json.loads(line) for path in sorted(CORPUS.glob("*.jsonl")) for line in path.open(encoding="utf-8")]
    texts = [row["text"] for row in rows if row["lang"] == "en"]
    random.Random(0).shuffle(texts)
    return join_texts(texts)


def resident_megabytes() -> float:
    """Resident memory of this process."""
    return float(psutil.Process().memory_info().rss) / 2**20


def main() -> None:
    """Print one row a mark as soon as it is reached."""
    texts, analyzer = read_texts(), load(tier="fast")
    print(f"{'documents':>10}{'memory, MB':>12}{'documents/s':>13}")
    print(f"{MARKS[0]:>10,}{resident_megabytes():>12.0f}{'':>13}")
    for before, mark in pairwise(MARKS):
        started = time.perf_counter()
        varied = vary_texts(texts, mark - before, made_up=MADE_UP, seed=mark)
        for _ in analyzer.analyze_many(Document(text) for text in varied):
            pass
        speed = (mark - before) / (time.perf_counter() - started)
        print(f"{mark:>10,}{resident_megabytes():>12.0f}{speed:>13,.0f}", flush=True)


if __name__ == "__main__":
    main()

"""Measures the service over HTTP with the model that ships: latency at a steady rate, lists against in-process work.

Run it on a quiet machine. The server is a process of its own; the client shares the cores with it.
"""

import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

import httpx

ROOT = Path(__file__).parents[2]
RATE, SECONDS, LIST = 50, 20, 64
SERVE = "from service.app import serve; from service.settings import Settings; serve(Settings(desk=False, port=0))"

SENTENCES = (
    "I have worked in the laundry of a hotel since March.",
    "The manager took my passport and it is still in his safe.",
    "He said I can have it back when I have paid for the ticket.",
    "We start at six and stop when the carts are empty.",
    "The side door is locked at ten and only his brother has the key.",
    "On Sundays we walk to the market and back.",
    "My cousin was paid on Friday with a payslip.",
    "The bus to town takes twenty minutes and costs two coins.",
    "They showed us the fire exits on the first day.",
    "Nobody told me what the deduction on the sheet is for.",
    "The kitchen is clean and there are four of us in two rooms.",
    "I owe 4,000 and it goes up each week.",
    "Employers must not retain identity documents.",
    "The audit found no recruitment fees.",
    "I would like to know my rights.",
)


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds from the moment a request was due to the end of its answer."""

    p50: float
    p99: float
    failed: int


def build_texts(count: int, *, characters: int = 1_700) -> list[str]:
    """Different texts of about 1.7 kB, the same in every run."""
    generator = random.Random(7)
    texts = []
    for number in range(count):
        text = f"Note {number}."
        while len(text) < characters:
            text += f" {generator.choice(SENTENCES)}"
        texts.append(text)
    return texts


async def measure_steady(url: str, texts: Sequence[str]) -> Latency:
    """Send at a fixed rate whether or not answers have come: a slow server cannot slow its own test."""
    times: list[float] = []
    failed = 0

    async def ask(client: httpx.AsyncClient, text: str, due: float) -> None:
        nonlocal failed
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        response = await client.post("/v1/analyze", json={"text": text})
        times.append(1_000 * (time.perf_counter() - due))
        failed += response.status_code != 200

    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=60) as client:
        await asyncio.gather(*(ask(client, text, time.perf_counter()) for text in texts[:5]))
        times.clear()
        start = time.perf_counter() + 0.5
        asks = (ask(client, texts[n % len(texts)], start + n / RATE) for n in range(RATE * SECONDS))
        await asyncio.gather(*asks)
    return Latency(median(times), quantiles(times, n=100)[98], failed)


def measure_lists(url: str, texts: Sequence[str]) -> float:
    """Documents a second, one list after the other."""
    lists = [texts[start : start + LIST] for start in range(0, len(texts), LIST)]
    with httpx.Client(base_url=url, trust_env=False, timeout=120) as client:
        started = time.perf_counter()
        for entries in lists:
            body = {"documents": [{"id": str(place), "text": text} for place, text in enumerate(entries)]}
            client.post("/v1/analyze", json=body).raise_for_status()
        return len(texts) / (time.perf_counter() - started)


def measure_in_process(texts: Sequence[str]) -> float:
    """Documents a second of the analyzer alone, in lists of the same size."""
    import classifier  # noqa: PLC0415 - loading is not part of what is timed
    from classifier.document import Document  # noqa: PLC0415

    analyzer = classifier.load()
    list(analyzer.analyze_many([Document(text) for text in texts[:LIST]]))
    started = time.perf_counter()
    for start in range(0, len(texts), LIST):
        list(analyzer.analyze_many([Document(text) for text in texts[start : start + LIST]]))
    return len(texts) / (time.perf_counter() - started)


def wait_for_url(log: Path) -> str:
    """Address of a starting server, once its log says that it answers."""
    for _ in range(600):
        # A line that is still being written has no end yet.
        complete = [line for line in log.read_text(encoding="utf-8").splitlines(keepends=True) if line.endswith("\n")]
        for entry in map(json.loads, complete):
            if entry["event"] == "serving":
                return str(entry["url"])
        time.sleep(0.05)
    sys.exit("the server did not start within 30 seconds")


@contextmanager
def run_server() -> Iterator[tuple[str, float, int]]:
    """Address, seconds until ready and process id of a server in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "server.log"
        with (
            log.open("wb") as output,
            subprocess.Popen([sys.executable, "-c", SERVE], cwd=ROOT, stderr=output) as process,
        ):
            started = time.perf_counter()
            try:
                yield wait_for_url(log), time.perf_counter() - started, process.pid
            finally:
                process.terminate()


def resident_megabytes(process: int) -> str:
    """Resident memory of a process where the system tells it in `/proc`."""
    status = Path(f"/proc/{process}/status")
    lines = status.read_text(encoding="utf-8").splitlines() if status.exists() else []
    return next((f"{int(line.split()[1]) / 1_024:.0f}" for line in lines if line.startswith("VmRSS")), "unknown")


def main() -> None:
    """Print one table."""
    texts = build_texts(640)
    alone = measure_in_process(texts)
    with run_server() as (url, ready, process):
        steady = asyncio.run(measure_steady(url, texts))
        listed = measure_lists(url, texts)
        memory = resident_megabytes(process)
    rows = [
        ("ready after start, s", f"{ready:.1f}"),
        (f"p50 at {RATE} requests/s, ms", f"{steady.p50:.1f}"),
        (f"p99 at {RATE} requests/s, ms", f"{steady.p99:.1f}"),
        ("failed requests", str(steady.failed)),
        (f"lists of {LIST} over HTTP, documents/s", f"{listed:.0f}"),
        (f"lists of {LIST} in process, documents/s", f"{alone:.0f}"),
        ("HTTP / in process", f"{listed / alone:.2f}"),
        ("server memory, MB", memory),
    ]
    for name, value in rows:
        print(f"{name:<42}{value:>10}")


if __name__ == "__main__":
    main()

"""kill -9 at random moments: a resumed run ends with the bytes of one that nobody touched."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import batch_runs
from tests.batch_runs import Runs, corpus

ROOT = Path(__file__).parents[2]
DOCUMENTS = 1500
KILLS = 10


class RunServer:
    """A process that forks runs at once, so that none waits for Python to start."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def run(self, folder: Path, mode: str, *, kill_after: float | None = None) -> tuple[int, float]:
        """Run, or begin to; return the exit code, negative for a signal, and the seconds it took."""
        self._tell(f"{folder} {mode}")
        child = int(self._line())
        started = time.monotonic()
        if kill_after is not None:
            time.sleep(kill_after)
            # The server waits for it only when told, so that the number is still its own.
            os.kill(child, signal.SIGKILL)
        self._tell("wait")
        return int(self._line()), time.monotonic() - started

    def _tell(self, order: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{order}\n")
        self._process.stdin.flush()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


@contextmanager
def serving() -> Iterator[RunServer]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, batch_runs.__file__]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        yield RunServer(process)
        assert process.stdin is not None
        process.stdin.close()


def test_killed_at_ten_moments_the_output_is_the_same(tmp_path: Path) -> None:
    source = corpus(tmp_path / "in.jsonl", DOCUMENTS)
    folders = [tmp_path / f"run-{number}" for number in range(KILLS + 1)]
    for folder in folders:
        folder.mkdir()
        os.link(source, folder / "in.jsonl")
    with serving() as server:
        code, seconds = server.run(folders[0], "new")
        assert code == 0
        whole = outputs(folders[0])
        drawn = random.Random(20)
        ended = [kill_until_done(server, folder, drawn, seconds) for folder in folders[1:]]
    assert [outputs(folder) == whole for folder in folders[1:]] == [True] * KILLS
    assert sum(ended) >= KILLS // 2, "too few runs were killed before their end to show anything"


def kill_until_done(server: RunServer, folder: Path, drawn: random.Random, seconds: float) -> int:
    """Kill a run at one moment and the resumed one at another, then let it end; return how many kills hit."""
    hits = 0
    for mode in ("new", "resume"):
        code, _ = server.run(folder, mode, kill_after=drawn.uniform(0, seconds))
        hits += code == -signal.SIGKILL
        if code == 0:
            break
    code, _ = server.run(folder, "resume")
    assert code == 0
    return hits


def outputs(folder: Path) -> dict[str, bytes]:
    """Output and dead letters, with the folder's own name taken out of them."""
    return {name: text.replace(str(folder).encode(), b"") for name, text in Runs(folder).files().items()}


@pytest.mark.parametrize("name", ["out.jsonl", "out.dead.jsonl"])
def test_uninterrupted_run_writes_both_files(name: str, tmp_path: Path) -> None:
    corpus(tmp_path / "in.jsonl", 100)
    runs = Runs(tmp_path)
    runs.run()
    assert runs.files()[name]

"""Worker processes: tasks in order, and none lost with a process that ends."""

import os
import signal
from pathlib import Path

import pytest

from classifier.document import ModelInfo
from classifier.errors import ArtifactError
from service.batch.scoring import Loading, Scorer, identify
from service.batch.workers import WorkerError, WorkerPool
from tests.cli_fakes import load_fake
from tests.fakes import INFO


def square(scorer: Scorer, number: int) -> tuple[str, int]:
    return scorer.info.name, number * number


def die_once(_: Scorer, work: tuple[str, int]) -> int:
    """End this process at 5, unless one did before."""
    mark, number = Path(work[0]), work[1]
    if number == 5 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def die(_: Scorer, __: int) -> int:
    os._exit(1)


@pytest.mark.slow
def test_killed_process_loses_no_task(tmp_path: Path) -> None:
    with WorkerPool(Loading(load_fake), 2) as pool:
        assert list(pool.map(square, range(7))) == [("fake", number * number) for number in range(7)]
        works = [(str(tmp_path / "mark"), number) for number in range(12)]
        assert list(pool.map(die_once, works)) == list(range(12))
        assert list(pool.map(identify, [None])) == [INFO]
    assert isinstance(INFO, ModelInfo)


@pytest.mark.slow
def test_process_that_always_ends_is_an_error() -> None:
    with WorkerPool(Loading(load_fake), 1) as pool, pytest.raises(WorkerError, match="perhaps out of memory"):
        list(pool.map(die, [1]))


@pytest.mark.slow
def test_refused_model_is_said_by_the_first_task() -> None:
    with WorkerPool(Loading(load_fake, Path("refused")), 1) as pool, pytest.raises(ArtifactError, match="SHA-256"):
        list(pool.map(square, [1]))

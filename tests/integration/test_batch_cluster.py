"""A run on a Dask cluster: the output is that of a local run, also when a worker is killed on the way."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from classifier.document import Tier
from service.batch.cluster import OnCluster
from service.batch.scoring import Loading
from service.batch.stores import BatchRefusedError
from service.cli import app
from tests.batch_runs import QuickAnalyzer, corpus
from tests.cli_fakes import fake_ports

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.slow


class SlowAnalyzer(QuickAnalyzer):
    """Takes its time, so that a worker can be killed while it is at work."""

    def analyze_many(self, documents: Any) -> Any:
        threading.Event().wait(0.1)
        return super().analyze_many(documents)


def load_slow(model: Path | None, tier: Tier | None) -> SlowAnalyzer:  # noqa: ARG001 - as `load_analyzer`
    return SlowAnalyzer()


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two worker processes of this machine; nannies start them again when they end."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=60
    ) as running:
        yield running


def score(folder: Path, *options: str) -> Result:
    command = ["score", str(folder / "in"), *options, "--shard-size", "16", "--no-dedupe", "--quiet"]
    return CliRunner().invoke(app, command, obj=fake_ports(load_analyzer=load_slow), prog_name="tellsign")


def kill_a_worker(cluster: Any, folder: Path) -> int:
    """Wait for some shards, then kill a worker; return how many shards there were."""
    pids = [nanny.pid for nanny in cluster.workers.values()]
    shards = folder / "cluster.run" / "shards"
    while len(list(shards.rglob("*.jsonl"))) < 3:
        threading.Event().wait(0.02)
    os.kill(pids[0], signal.SIGKILL)
    return len(list(shards.rglob("*.jsonl")))


def test_killed_worker_loses_nothing_and_the_output_is_that_of_a_local_run(cluster: Any, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a.jsonl", "b.jsonl", "c.jsonl"):
        corpus(tmp_path / "in" / name, 150)
    assert score(tmp_path, "--output", str(tmp_path / "local.jsonl")).exit_code == 1
    there: list[int] = []
    killer = threading.Thread(target=lambda: there.append(kill_a_worker(cluster, tmp_path)))
    killer.start()
    options = ("--output", str(tmp_path / "cluster.jsonl"), "--engine", "dask")
    result = score(tmp_path, *options, "--scheduler", cluster.scheduler_address)
    killer.join()
    assert result.exit_code == 1, result.stderr
    assert there[0] < 30, "the worker was killed after the run"
    for name in ("{}.jsonl", "{}.dead.jsonl"):
        assert (tmp_path / name.format("cluster")).read_bytes() == (tmp_path / name.format("local")).read_bytes()


def test_scheduler_that_does_not_answer_is_said() -> None:
    with pytest.raises(BatchRefusedError, match="does not answer"):
        OnCluster("tcp://127.0.0.1:1", Loading(load_slow), patience=1)

"""A service with jobs as tests reach it: their processes have a stand-in for the model."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from service.app import create_app
from service.batch.jobs import Jobs
from service.batch.jobs_process import Launch
from service.batch.jobs_settings import JobsSettings
from service.settings import Settings
from tests.batch_runs import corpus
from tests.fakes import FakeAnalyzer

COMMAND = (sys.executable, str(Path(__file__).with_name("jobs_fakes.py")))
TEXTS = 700


def open_test_jobs(folder: Path, **settings: Any) -> Jobs:
    """Jobs that are kept in `folder`."""
    return Jobs(JobsSettings(folder=folder, **settings), folder, Launch(COMMAND, niceness=0))


@contextmanager
def open_jobs_client(folder: Path, *, service: dict[str, Any] | None = None, **settings: Any) -> Iterator[TestClient]:
    """A client of an application without the desk whose jobs are kept in `folder`."""
    chosen = Settings(**{"desk": False, **(service or {})})
    app = create_app(chosen, analyzer=FakeAnalyzer(), jobs=open_test_jobs(folder, **settings))
    with TestClient(app) as client:
        yield client


def upload(client: TestClient, content: bytes, query: str = "name=in.jsonl", **headers: str) -> Any:
    """Send a file and return the answer."""
    headers = {"Content-Type": "application/octet-stream"} | headers
    return client.post(f"/v1/jobs?{query}", content=content, headers=headers)


def wait(client: TestClient, job_id: str, *states: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    """Ask until the job is in one of the states; by default until it has ended."""
    wanted = states or ("finished", "failed", "cancelled")
    for _ in range(1200):
        shown: dict[str, Any] = client.get(f"/v1/jobs/{job_id}", headers=headers).json()
        if shown["state"] in wanted:
            return shown
        time.sleep(0.05)
    raise AssertionError(f"the job came to none of {wanted}")


def wait_for_progress(client: TestClient, job_id: str, documents: int) -> dict[str, Any]:
    """Ask until so many documents are done."""
    for _ in range(1200):
        shown: dict[str, Any] = client.get(f"/v1/jobs/{job_id}").json()
        if shown["progress"] is not None and shown["progress"]["documents"] >= documents:
            return shown
        time.sleep(0.05)
    raise AssertionError(f"not as many as {documents} documents were done")


def lines(folder: Path, count: int = TEXTS) -> bytes:
    """JSON Lines with some that are broken."""
    return corpus(folder / "made.jsonl", count).read_bytes()

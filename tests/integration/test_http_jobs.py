"""Batch runs over HTTP: what is uploaded or allowed is scored as the command does it, and a restart loses nothing."""

import csv
import os
import signal
from pathlib import Path
from typing import Any

import orjson
import psutil  # type: ignore[import-untyped]
import pytest
from starlette.testclient import TestClient

from service.app import create_app
from service.batch.jobs_records import JobError, JobOptions
from service.desk.csrf import HEADER
from service.desk.desk import Desk
from service.security import create_key
from service.settings import Settings, SettingsError
from tests.batch_runs import Runs, corpus
from tests.cli_fakes import ASSERTED, NOTHING
from tests.desk_app import ADDRESS, signed_in
from tests.fakes import FakeAnalyzer
from tests.jobs_serving import TEXTS, lines, open_jobs_client, open_test_jobs, upload, wait, wait_for_progress


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the jobs of a test are kept."""
    folder = tmp_path / "jobs"
    folder.mkdir()
    return folder


@pytest.fixture
def whole(tmp_path: Path) -> bytes:
    """The results of a run of the command over what `lines` gives."""
    plain = tmp_path / "plain"
    plain.mkdir()
    corpus(plain / "in.jsonl", TEXTS)
    runs = Runs(plain)
    runs.run()
    return (plain / "out.jsonl").read_bytes()


def results(client: TestClient, job: dict[str, Any], name: str = "results") -> bytes:
    answer = client.get(f"/v1/jobs/{job['id']}/files/{name}")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith("attachment; ")
    return answer.content


def children() -> list[psutil.Process]:
    found = psutil.Process().children(recursive=True)
    return [child for child in found if "jobs_fakes" in " ".join(child.cmdline())]


def test_uploaded_file_is_scored_and_its_results_stay_after_a_restart(
    folder: Path, tmp_path: Path, whole: bytes
) -> None:
    content = lines(tmp_path)
    with open_jobs_client(folder) as client:
        started = upload(client, content, "name=in.jsonl&dedupe=false")
        assert started.status_code == 202
        assert started.headers["location"] == f"/v1/jobs/{started.json()['id']}"
        job = wait(client, started.json()["id"])
    with open_jobs_client(folder) as client:
        assert client.get("/v1/jobs").json() == {"jobs": [job]}
        assert (job["state"], job["reason"], job["starts"]) == ("finished", None, 1)
        assert job["counts"] == {"documents": TEXTS, "analysed": 678, "dead_letters": 22, "duplicates": 0}
        assert (job["progress"]["documents"], job["progress"]["bytes"]) == (TEXTS, len(content))
        assert job["files"] == ["results", "dead-letters", "report", "manifest"]
        assert results(client, job) == whole
        letters = [orjson.loads(line) for line in results(client, job, "dead-letters").splitlines()]
        assert {letter["source"] for letter in letters} == {"in.jsonl"}
        assert str(folder).encode() not in b"".join(results(client, job, name) for name in job["files"])
        # The upload and the shards are not kept any longer than they are needed.
        place = folder / job["id"]
        assert [path.name for path in (place / "input", place / "results.run" / "shards") if path.exists()] == []
        assert client.post(f"/v1/jobs/{job['id']}/cancel").status_code == 409
        assert client.post(f"/v1/jobs/{job['id']}/resume").status_code == 409
        assert client.delete(f"/v1/jobs/{job['id']}").status_code == 204
        assert not place.exists()
        assert client.get(f"/v1/jobs/{job['id']}").json()["type"] == "urn:tellsign:problem:not_found"


def test_job_that_was_cancelled_interrupted_and_killed_ends_with_the_same_bytes(
    folder: Path, tmp_path: Path, whole: bytes
) -> None:
    (folder / "hold").touch()
    with open_jobs_client(folder) as client:
        job = upload(client, lines(tmp_path), "name=in.jsonl&dedupe=false").json()
        shown = wait_for_progress(client, job["id"], 256)
        assert (shown["state"], shown["counts"], shown["files"]) == ("running", None, [])
        assert client.get(f"/v1/jobs/{job['id']}/files/results").status_code == 409
        assert client.post(f"/v1/jobs/{job['id']}/cancel").json()["state"] == "cancelled"
        assert client.post(f"/v1/jobs/{job['id']}/resume").status_code == 200
        wait(client, job["id"], "running")
    assert children() == []
    (folder / ".upload-broken-off").mkdir()
    with open_jobs_client(folder) as client:
        assert client.get(f"/v1/jobs/{job['id']}").json()["state"] == "running"
        (process,) = children()
        os.kill(process.pid, signal.SIGKILL)
        (folder / "hold").unlink()
        job = wait(client, job["id"])
        assert (job["state"], job["starts"], results(client, job)) == ("finished", 3, whole)
        assert not (folder / ".upload-broken-off").exists()


def test_job_whose_process_always_ends_fails_with_a_reason(folder: Path) -> None:
    (folder / "crash").touch()
    with open_jobs_client(folder) as client:
        job = wait(client, upload(client, b"{}\n").json()["id"])
        assert (job["state"], job["starts"]) == ("failed", 3)
        assert job["reason"] == "its process ended 3 times without an answer, the last time with code -9"


def test_removed_job_is_gone_with_its_process(folder: Path, tmp_path: Path) -> None:
    with open_jobs_client(folder) as client:
        job = upload(client, lines(tmp_path)).json()
        waiting = upload(client, lines(tmp_path)).json()
        assert (job["state"], waiting["state"], len(children())) == ("running", "waiting", 1)
        for one in (waiting, job):
            assert client.delete(f"/v1/jobs/{one['id']}").status_code == 204
        assert (children(), [path.name for path in folder.iterdir() if path.is_dir()]) == ([], [])


def test_allowed_folder_is_read_with_the_options_of_the_command_and_links_out_of_it_are_not(
    folder: Path, tmp_path: Path
) -> None:
    dumps, secret = tmp_path / "dumps", tmp_path / "secret.txt"
    (dumps / "may").mkdir(parents=True)
    secret.write_text(ASSERTED)
    line = orjson.dumps({"key": "a", "body": ASSERTED, "site": "north"}) + b"\n"
    (dumps / "may" / "a.jsonl").write_bytes(line + orjson.dumps({"key": "b", "body": NOTHING}))
    (dumps / "may" / "b.txt").symlink_to(secret)
    query = "text_field=body&id_field=key&metadata_field=site&metadata_field=year&tier=fast&format=csv"
    with open_jobs_client(folder, roots=str(dumps)) as client:
        job = wait(client, client.post(f"/v1/jobs?{query}", json={"path": str(dumps / "may")}).json()["id"])
        assert job["counts"] == {"documents": 3, "analysed": 2, "dead_letters": 1, "duplicates": 0}
        rows = list(csv.DictReader(results(client, job).decode().splitlines()))
        assert [(row["id"], row["metadata"]) for row in rows] == [("a", '{"site":"north"}'), ("b", "")]
        (letter,) = map(orjson.loads, results(client, job, "dead-letters").splitlines())
        assert (letter["id"], letter["code"]) == ("b.txt", "unreadable")


def test_path_outside_of_the_allowed_folders_is_never_looked_at(folder: Path, tmp_path: Path) -> None:
    dumps, secret = tmp_path / "dumps", tmp_path / "secret.txt"
    dumps.mkdir()
    secret.write_text(ASSERTED)
    (dumps / "out").symlink_to(tmp_path)
    outside = [str(secret), str(dumps / "out"), str(dumps / ".." / "secret.txt"), "/", "dumps", f"{dumps}\0"]
    with open_jobs_client(folder, roots=str(dumps)) as client:
        answers = [client.post("/v1/jobs", json={"path": path}) for path in outside]
        assert [answer.json()["type"].rpartition(":")[2] for answer in answers] == ["not_allowed"] * len(outside)
        assert client.post("/v1/jobs", json={"path": str(dumps / "none")}).status_code == 404


@pytest.mark.parametrize(
    ("content", "query", "media_type", "problem"),
    [
        pytest.param(b"", "name=a.txt", "application/octet-stream", "invalid_request", id="no byte"),
        pytest.param(b"x" * 3000, "name=a.txt", "application/octet-stream", "body_too_large", id="too large"),
        pytest.param(b"x", "name=a.txt", "text/plain", "invalid_request", id="what a form can send"),
        pytest.param(b"x", "name=a.txt&colour=red", "application/octet-stream", "invalid_request", id="no such option"),
        pytest.param(b"x", "tier=slow", "application/octet-stream", "invalid_request", id="no such tier"),
        pytest.param(b"x", "language=EN!", "application/octet-stream", "invalid_request", id="no language"),
        pytest.param(b'{"path": 3}', "", "application/json", "invalid_request", id="path of another type"),
        pytest.param(b"{}", "", "application/json", "invalid_request", id="no path"),
    ],
)
def test_refused_start_says_why_and_leaves_nothing(
    content: bytes, query: str, media_type: str, problem: str, folder: Path
) -> None:
    with open_jobs_client(folder, upload_bytes=2048) as client:
        answer = upload(client, content, query, **{"Content-Type": media_type})
        assert answer.json()["type"] == f"urn:tellsign:problem:{problem}"
        assert client.get("/v1/jobs").json() == {"jobs": []}
        assert [path.name for path in folder.iterdir()] == ["lock"]


def test_body_without_a_length_is_stopped_at_the_limit(folder: Path) -> None:
    pieces = (b"x" * 1000 for _ in range(5_000))
    with open_jobs_client(folder, upload_bytes=2**21, service={"max_body_bytes": 1024}) as client:
        answer = client.post("/v1/jobs", content=pieces, headers={"Content-Type": "application/octet-stream"})
        assert answer.json()["type"] == "urn:tellsign:problem:body_too_large"
        assert [path.name for path in folder.iterdir()] == ["lock"]


def test_full_folder_and_full_queue_refuse_more(folder: Path, tmp_path: Path) -> None:
    (folder / "hold").touch()
    with open_jobs_client(folder, waiting=1, kept_bytes=200_000) as client:
        running = upload(client, lines(tmp_path)).json()
        wait(client, running["id"], "running")
        full = upload(client, b"x" * 180_000)
        assert (full.status_code, full.json()["type"]) == (507, "urn:tellsign:problem:jobs_full")
        assert upload(client, b"{}\n").json()["state"] == "waiting"
        busy = upload(client, b"{}\n")
        assert (busy.status_code, busy.headers["retry-after"]) == (503, "60")


def test_job_is_its_owners_and_an_admins(folder: Path, tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    scopes = {"ann": ["analyze"], "bo": ["analyze"], "root": ["analyze", "admin"], "reader": ["read"]}
    tokens = {name: create_key(keys, scopes=chosen)[0] for name, chosen in scopes.items()}
    headers = {name: {"Authorization": f"Bearer {token}"} for name, token in tokens.items()}
    with open_jobs_client(folder, service={"keys_file": keys}) as client:
        job = upload(client, b"{}\n", **headers["ann"]).json()
        address = f"/v1/jobs/{job['id']}"
        seen = {name: client.get(address, headers=headers[name]).status_code for name in scopes}
        assert seen == {"ann": 200, "bo": 404, "root": 200, "reader": 403}
        listed = {name: len(client.get("/v1/jobs", headers=headers[name]).json()["jobs"]) for name in ("ann", "bo")}
        assert listed == {"ann": 1, "bo": 0}
        assert client.get("/v1/jobs").status_code == 401
        assert client.delete(address, headers=headers["bo"]).status_code == 404
        assert client.delete(address, headers=headers["root"]).status_code == 204


def test_service_that_is_open_to_anybody_keeps_no_jobs(folder: Path) -> None:
    with open_jobs_client(folder, service={"open_access": True}) as client:
        assert client.get("/v1/jobs").json()["type"] == "urn:tellsign:problem:not_allowed"


def test_at_the_desk_jobs_are_for_analysts(folder: Path, desk: Desk) -> None:
    app = create_app(Settings(), analyzer=FakeAnalyzer(), desk=desk, jobs=open_test_jobs(folder))
    with TestClient(app, base_url=ADDRESS) as client:
        people = {"ana": "analyst", "bo": "analyst", "sam": "submitter", "root": "admin"}
        clients = {name: signed_in(client, desk, name, role) for name, role in people.items()}
        job = upload(clients["ana"], b"{}\n").json()
        address = f"/v1/jobs/{job['id']}"
        assert {name: one.get(address).status_code for name, one in clients.items()} == {
            "ana": 200,
            "bo": 404,
            "sam": 403,
            "root": 200,
        }
        assert client.get(address).status_code == 401
        # A form elsewhere has the session's cookie, and not its token.
        foreign = clients["ana"].delete(address, headers={HEADER: "x"})
        assert foreign.json()["type"] == "urn:tellsign:problem:foreign_request"


def test_jobs_are_off_without_a_folder() -> None:
    with TestClient(create_app(Settings(desk=False), analyzer=FakeAnalyzer())) as client:
        answer = upload(client, b"x")
        assert (answer.status_code, answer.json()["detail"]) == (404, "Jobs are off here (TELLSIGN_JOBS_FOLDER)")


def test_job_whose_days_are_over_is_removed(folder: Path) -> None:
    jobs = open_test_jobs(folder)
    jobs.start()
    with jobs.receive("local", "a.txt", JobOptions()) as received:
        received.write(NOTHING.encode())
    jobs.cancel(received.record.id, None)
    jobs.stop()
    later = open_test_jobs(folder, kept_days=1e-9)
    later.start()
    later.stop()
    with pytest.raises(JobError, match="no such job"):
        later.kept.find(received.record.id, None)
    assert sorted(path.name for path in folder.iterdir()) == ["lock"]


def test_two_services_do_not_share_a_folder(folder: Path) -> None:
    first, second = open_test_jobs(folder), open_test_jobs(folder)
    first.start()
    with pytest.raises(SettingsError, match="another service uses this folder"):
        second.start()
    first.stop()

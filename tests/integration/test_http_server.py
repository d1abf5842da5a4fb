"""The service behind a real socket: bodies in pieces, clients that leave, a clean end, and reasons not to start."""

import asyncio
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from starlette.testclient import TestClient

from classifier.errors import ArtifactError
from classifier.pipeline import Pipeline
from service.app import create_app, serve
from service.security import KeysError
from service.settings import Settings, SettingsError
from tests.fakes import FakeAnalyzer
from tests.serving import build_app, kept_logging, load_model, run_server
from tests.small_model import build_small_model, save_small_model

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def small(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model that was fitted to no encoder."""
    folder = tmp_path_factory.mktemp("model") / "small"
    save_small_model(folder, build_small_model(pipeline))
    return folder


def scope(**extra: Any) -> dict[str, Any]:
    base = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http"}
    address = {"path": "/v1/analyze", "raw_path": b"/v1/analyze", "query_string": b"", "root_path": ""}
    return base | address | {"headers": [], "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2)} | extra


def test_endless_body_is_refused_while_it_comes() -> None:
    """Without a declared length the body is counted as it arrives and not read to its end."""
    app = build_app(max_body_bytes=100_000)
    taken = 0
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        nonlocal taken
        taken += 1
        return {"type": "http.request", "body": b"x" * 10_000, "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(scope(), receive, send))
    assert sent[0]["status"] == 413
    assert orjson.loads(sent[1]["body"])["type"] == "urn:tellsign:problem:body_too_large"
    assert taken == 11


def test_declared_length_is_refused_before_anything_is_read() -> None:
    app = build_app(max_body_bytes=100_000)
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        raise AssertionError("the body was read")

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(scope(headers=[(b"content-length", b"100001")]), receive, send))
    assert sent[0]["status"] == 413


def test_client_that_leaves_gives_up_its_place() -> None:
    gate = threading.Event()
    analyzer = FakeAnalyzer(gate=gate)
    app = build_app(analyzer)
    body = orjson.dumps({"documents": [{"text": f"text {number}"} for number in range(200)]})
    head = (
        f"POST /v1/analyze HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with run_server(app) as url:
        address = (httpx.URL(url).host, httpx.URL(url).port or 0)
        with socket.create_connection(address) as connection:
            connection.sendall(head.encode() + body)
            assert analyzer.entered.wait(30)
        queue = app.state.parts.queue
        while queue.held:
            assert httpx.get(f"{url}/healthz", trust_env=False).status_code == 200
        gate.set()
        answer = httpx.post(f"{url}/v1/analyze", json={"text": "still here"}, trust_env=False)
    assert answer.status_code == 200
    assert sum(analyzer.turns) < 200


def test_probe_is_answered_while_the_worker_is_busy() -> None:
    gate = threading.Event()
    analyzer = FakeAnalyzer(gate=gate)
    with run_server(build_app(analyzer)) as url:
        answers: list[int] = []
        busy = threading.Thread(
            target=lambda: answers.append(
                httpx.post(f"{url}/v1/analyze", json={"text": "busy"}, timeout=30, trust_env=False).status_code
            )
        )
        busy.start()
        assert analyzer.entered.wait(30)
        assert httpx.get(f"{url}/healthz", trust_env=False).status_code == 200
        assert answers == []
        gate.set()
        busy.join(30)
    assert answers == [200]


def test_stopping_server_finishes_what_it_accepted() -> None:
    gate = threading.Event()
    analyzer = FakeAnalyzer(gate=gate)
    answers: list[int] = []
    with run_server(build_app(analyzer)) as url:
        body = {"documents": [{"text": f"text {number}"} for number in range(40)]}
        asking = threading.Thread(
            target=lambda: answers.append(
                len(httpx.post(f"{url}/v1/analyze", json=body, timeout=30, trust_env=False).json()["analyses"])
            )
        )
        asking.start()
        assert analyzer.entered.wait(30)
        threading.Timer(0.2, gate.set).start()
    asking.join(30)
    assert answers == [40]


def test_taken_port_is_refused_with_its_number() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with kept_logging(), pytest.raises(SettingsError, match=str(port)):
            serve(Settings(desk=False, port=port))


def test_missing_keys_file_is_refused(tmp_path: Path) -> None:
    with kept_logging(), pytest.raises(KeysError, match=r"keys\.json"):
        serve(Settings(desk=False, port=0, keys_file=tmp_path / "keys.json"))


def test_missing_model_is_refused(tmp_path: Path) -> None:
    load_model()
    with kept_logging(), pytest.raises(ArtifactError):
        serve(Settings(desk=False, port=0, model=tmp_path / "nothing"))


def test_model_without_an_encoder_is_served_by_the_linear_model(small: Path) -> None:
    with TestClient(create_app(Settings(desk=False, model=small))) as client:
        assert client.post("/v1/analyze", json={"text": "He keeps our passports."}).json()["tier"] == "fast"


def test_tier_that_the_model_lacks_is_refused(small: Path) -> None:
    with kept_logging(), pytest.raises(ArtifactError, match="the allowed tier is fast"):
        serve(Settings(desk=False, port=0, model=small, tier="deep"))


SERVED = """
from service.app import serve
from service.settings import Settings
from tests.fakes import FakeAnalyzer
serve(Settings(desk=False, port=0), analyzer=FakeAnalyzer())
print("returned")
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_served_process_answers_and_returns_on_a_signal(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", SERVED],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        lines = iter(process.stderr.readline, "")
        url = next(entry["url"] for entry in map(orjson.loads, lines) if entry["event"] == "serving")
        answer = httpx.post(f"{url}/v1/analyze", json={"text": "He keeps our passports."}, trust_env=False)
        process.send_signal(number)
        said = process.stdout.read()
        process.wait(30)
    assert answer.status_code == 200
    assert "server" not in answer.headers
    assert (process.returncode, said) == (0, "returned\n")

"""The shadow behind the real application: it sees a share of what is answered, and only counts come out."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest
from starlette.testclient import TestClient

from classifier.document import Document, ModelInfo
from classifier.errors import ArtifactError
from classifier.pipeline import Pipeline
from service.app import create_app
from service.schemas import ShadowOut
from service.security import create_key
from service.settings import Settings
from service.shadow import Shadow, ShadowError, Verdict, build_verdict
from service.shadow_reader import ProcessReader
from tests.fakes import INFO, FakeAnalyzer
from tests.small_model import TEXTS, build_small_model, save_small_model

TEXT = "She keeps our passports in a zebrawood drawer."


class Reader:
    """Reads as the fake does, flags nothing, or breaks."""

    def __init__(self, *, breaks: bool = False) -> None:
        self._breaks = breaks

    def start(self) -> ModelInfo:
        return INFO

    def read(self, documents: Sequence[Document]) -> Sequence[Verdict | None]:
        if self._breaks:
            raise ShadowError("BrokenProcessPool")
        found = [build_verdict(FakeAnalyzer().analyze(document)) for document in documents]
        return [one and Verdict(dict.fromkeys(one.indicators, (0.0, False)), (0.0, False)) for one in found]

    def stop(self) -> None:
        """Nothing to let go of."""


def open_client(reader: Reader | None, **settings: Any) -> TestClient:
    shadow = Shadow(reader, share=1.0) if reader else None
    return TestClient(create_app(Settings(desk=False, **settings), analyzer=FakeAnalyzer(), shadow=shadow))


def wait_for(client: TestClient, name: str, value: object, **headers: str) -> dict[str, Any]:
    pause = threading.Event()
    for _ in range(3000):
        figures: dict[str, Any] = client.get("/v1/shadow", headers=headers).json()
        if figures[name] == value:
            return figures
        pause.wait(0.01)
    pytest.fail(f"{name} never became {value}")


def test_live_traffic_is_compared_and_only_counts_come_out() -> None:
    with open_client(Reader()) as client:
        answer = client.post("/v1/analyze", json={"text": TEXT})
        client.post(
            "/v1/analyze", json={"documents": [{"id": "a", "text": TEXT}, {"id": "b", "text": "We eat at noon."}]}
        )
        figures = wait_for(client, "compared", 3)
        metrics = client.get("/metrics").text
    assert answer.json()["review"]["flagged"]
    assert figures["questions"]["document_retention"]["lost"] == 2
    assert figures["agreement"] == pytest.approx(1 / 3, abs=1e-6)
    ShadowOut.model_validate(figures)
    assert 'tellsign_shadow_flags_total{change="lost",question="document_retention"} 2.0' in metrics
    assert "zebrawood" not in metrics + orjson.dumps(figures).decode()


def test_answers_do_not_depend_on_the_shadow() -> None:
    answers = []
    for reader in (None, Reader(), Reader(breaks=True)):
        with open_client(reader) as client:
            answers += [client.post("/v1/analyze", json={"text": TEXT}).content for _ in range(3)]
    assert len(set(answers)) == 1


def test_broken_shadow_says_so_and_the_service_goes_on() -> None:
    with open_client(Reader(breaks=True)) as client:
        assert client.post("/v1/analyze", json={"text": TEXT}).status_code == 200
        wait_for(client, "state", "failed")
        assert client.post("/v1/analyze", json={"text": TEXT}).status_code == 200
        assert "tellsign_shadow_running 0.0" in client.get("/metrics").text


def test_without_a_second_model_it_is_off_and_has_no_counters() -> None:
    with open_client(None) as client:
        assert client.get("/v1/shadow").json() == {"state": "off"}
        assert "tellsign_shadow" not in client.get("/metrics").text


def test_figures_need_the_scope_admin(tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    reader, admin = (create_key(keys, scopes=[scope])[0] for scope in ("read", "admin"))
    with open_client(Reader(), keys_file=keys) as client:
        assert client.get("/v1/shadow").status_code == 401
        assert client.get("/v1/shadow", headers={"X-API-Key": reader}).status_code == 403
        assert client.get("/v1/shadow", headers={"X-API-Key": admin}).status_code == 200


def test_refused_shadow_model_is_said_before_anyone_is_answered(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"shadow model '.*' is refused: no model in"):
        create_app(Settings(desk=False, shadow_model=tmp_path), analyzer=FakeAnalyzer())


@pytest.mark.slow
def test_second_model_reads_in_a_process_of_its_own(tmp_path: Path, pipeline: Pipeline) -> None:
    """From the folder in the settings to figures; the process is gone when the service is."""
    save_small_model(tmp_path / "model", build_small_model(pipeline))
    settings = Settings(desk=False, shadow_model=tmp_path / "model", shadow_share=1.0)
    with TestClient(create_app(settings, analyzer=FakeAnalyzer())) as client:
        for text in TEXTS:
            assert client.post("/v1/analyze", json={"text": text}).status_code == 200
        pause, figures = threading.Event(), client.get("/v1/shadow").json()
        for _ in range(6000):
            figures = client.get("/v1/shadow").json()
            if figures["compared"] + figures["unanswered"] == len(TEXTS):
                break
            pause.wait(0.05)
    assert figures["state"] == "running"
    assert figures["model"]["name"] == "small"
    assert figures["compared"] + figures["unanswered"] == len(TEXTS)


def break_on_load(_model: Path, _max_characters: int) -> FakeAnalyzer:
    """Refuse, as a folder that changed in the meantime would be."""
    raise ArtifactError("the folder changed")


def load_fake(_model: Path, _max_characters: int) -> FakeAnalyzer:
    """Load the stand-in, which breaks on a text of its own."""
    return FakeAnalyzer()


@pytest.mark.slow
def test_reader_tells_a_refusal_in_words_and_a_break_by_its_kind(tmp_path: Path) -> None:
    refused = ProcessReader(tmp_path, max_characters=100, load=break_on_load)
    with pytest.raises(ShadowError, match="the folder changed"):
        refused.start()
    refused.stop()
    reader = ProcessReader(tmp_path, max_characters=100, load=load_fake)
    assert reader.start() == INFO
    with pytest.raises(ShadowError) as caught:
        reader.read([Document("the analyzer breaks here")])
    assert str(caught.value) == "RuntimeError"
    assert len(reader.read([Document(TEXT)])) == 1
    reader.stop()
    with pytest.raises(ShadowError):
        reader.read([Document(TEXT)])

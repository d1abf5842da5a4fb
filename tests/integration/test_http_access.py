"""Keys, scopes and rates: off unless set, and then held at every door."""

import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from starlette.testclient import TestClient

from service.security import KeyRing, KeysError, create_key, list_keys, revoke_key
from service.settings import Settings, SettingsError, load_settings
from tests.serving import open_client

BODY = {"text": "The gate is open."}


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


@pytest.fixture
def token(keys: Path) -> str:
    return create_key(keys, scopes=["analyze"])[0]


@pytest.fixture
def client(keys: Path, token: str) -> Iterator[TestClient]:
    assert token
    with open_client(keys_file=keys) as opened:
        yield opened


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_key_is_random_and_only_its_digest_is_kept(keys: Path) -> None:
    token, record = create_key(keys, scopes=["analyze", "read"])
    other, _ = create_key(keys, scopes=["read"])
    assert token.startswith("tsk_")
    assert len(token) >= 4 + 43
    assert token != other
    assert token not in keys.read_text()
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    assert list_keys(keys)[0] == record
    assert {"id", "sha256", "scopes", "created", "expires"} == orjson.loads(keys.read_bytes())[0].keys()
    assert [path.name for path in keys.parent.iterdir()] == ["keys.json"]


def test_revoked_key_is_gone_and_the_others_stay(keys: Path) -> None:
    _, first = create_key(keys, scopes=["read"])
    _, second = create_key(keys, scopes=["read"])
    revoke_key(keys, first.id)
    assert [record.id for record in list_keys(keys)] == [second.id]
    with pytest.raises(KeysError, match=first.id):
        revoke_key(keys, first.id)


@pytest.mark.parametrize(
    ("scopes", "expires"),
    [
        pytest.param([], None, id="no scope"),
        pytest.param(["write"], None, id="unknown scope"),
        pytest.param(["read"], datetime.now(UTC) - timedelta(days=1), id="past"),
        pytest.param(["read"], datetime(2999, 1, 1), id="no time zone"),  # noqa: DTZ001 - that is the point
    ],
)
def test_senseless_key_is_refused(keys: Path, scopes: list[str], expires: datetime | None) -> None:
    with pytest.raises(KeysError):
        create_key(keys, scopes=scopes, expires=expires)
    assert not keys.exists()


@pytest.mark.parametrize("content", [None, b"", b"{}", b"not json", b'[{"id": "a"}]'], ids=str)
def test_unusable_keys_file_is_refused_with_its_name(keys: Path, content: bytes | None) -> None:
    if content is not None:
        keys.write_bytes(content)
    with pytest.raises(KeysError, match=r"keys\.json"):
        KeyRing(keys)


@pytest.mark.parametrize(
    "headers", [{}, bearer("tsk_wrong"), {"X-API-Key": "\x7f"}, {"Authorization": "Basic YTpi"}], ids=str
)
def test_no_or_wrong_key_is_401(client: TestClient, headers: dict[str, str]) -> None:
    response = client.post("/v1/analyze", json=BODY, headers=headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert response.json()["type"] == "urn:tellsign:problem:key_required"


def test_key_is_asked_for_before_the_body_is_looked_at(client: TestClient) -> None:
    assert client.post("/v1/analyze", content=b"not json").status_code == 401


def test_key_opens_by_either_header(client: TestClient, token: str) -> None:
    assert client.post("/v1/analyze", json=BODY, headers=bearer(token)).status_code == 200
    assert client.post("/v1/analyze", json=BODY, headers={"X-API-Key": token}).status_code == 200


@pytest.mark.parametrize("path", ["/v1/taxonomy", "/v1/model", "/metrics"])
def test_missing_scope_is_403(client: TestClient, token: str, path: str) -> None:
    response = client.get(path, headers=bearer(token))
    assert response.status_code == 403
    assert response.json()["type"] == "urn:tellsign:problem:scope_missing"


def test_scope_opens_its_own_doors(client: TestClient, keys: Path) -> None:
    reader, _ = create_key(keys, scopes=["read", "metrics"])
    for path in ("/v1/taxonomy", "/v1/model", "/metrics"):
        assert client.get(path, headers=bearer(reader)).status_code == 200
    assert client.post("/v1/analyze", json=BODY, headers=bearer(reader)).status_code == 403


@pytest.mark.parametrize("path", ["/analyze", "/healthz", "/readyz", "/openapi.json", "/static/page.js"])
def test_probes_description_and_empty_page_need_no_key(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 200


def test_key_made_or_revoked_while_running_counts_at_once(client: TestClient, keys: Path) -> None:
    late, record = create_key(keys, scopes=["analyze"])
    assert client.post("/v1/analyze", json=BODY, headers=bearer(late)).status_code == 200
    revoke_key(keys, record.id)
    assert client.post("/v1/analyze", json=BODY, headers=bearer(late)).status_code == 401


def test_expired_key_is_401(client: TestClient, keys: Path) -> None:
    token, record = create_key(keys, scopes=["analyze"], expires=datetime.now(UTC) + timedelta(days=1))
    entries = orjson.loads(keys.read_bytes())
    for entry in entries:
        if entry["id"] == record.id:
            entry["expires"] = "2020-01-01T00:00:00Z"
    keys.write_bytes(orjson.dumps(entries))
    assert client.post("/v1/analyze", json=BODY, headers=bearer(token)).status_code == 401


def test_keys_file_that_breaks_while_running_lets_nobody_in(client: TestClient, keys: Path, token: str) -> None:
    keys.write_bytes(b"broken")
    response = client.post("/v1/analyze", json=BODY, headers=bearer(token))
    assert response.status_code == 503
    assert "keys.json" not in response.text


def test_page_takes_the_key_from_its_form(client: TestClient, token: str) -> None:
    assert 'name="key"' in client.get("/analyze").text
    assert client.post("/analyze", data=BODY).status_code == 401
    answered = client.post("/analyze", data={**BODY, "key": token})
    assert answered.status_code == 200
    assert token not in answered.text
    assert "Authorization: Bearer $TELLSIGN_KEY" in answered.text


def test_keys_are_off_by_default() -> None:
    with open_client() as client:
        assert client.post("/v1/analyze", json=BODY).status_code == 200
        assert 'name="key"' not in client.get("/analyze").text


def test_rate_is_held_per_client_without_keys() -> None:
    with open_client(rate="3/hour") as client:
        assert [client.post("/v1/analyze", json=BODY).status_code for _ in range(4)] == [200, 200, 200, 429]
        response = client.get("/v1/taxonomy")
        assert response.status_code == 429
        assert response.json()["type"] == "urn:tellsign:problem:rate_exceeded"
        assert 1 <= int(response.headers["retry-after"]) <= 3_600
        assert client.post("/analyze", data=BODY).status_code == 429
        assert client.get("/healthz").status_code == 200


def test_rate_is_held_per_key(keys: Path) -> None:
    first, second = (create_key(keys, scopes=["analyze"])[0] for _ in range(2))
    with open_client(keys_file=keys, rate="2/hour") as client:
        statuses = [client.post("/v1/analyze", json=BODY, headers=bearer(first)).status_code for _ in range(3)]
        assert statuses == [200, 200, 429]
        assert client.post("/v1/analyze", json=BODY, headers=bearer(second)).status_code == 200


def test_no_rate_without_a_setting() -> None:
    with open_client() as client:
        assert {client.get("/v1/taxonomy").status_code for _ in range(50)} == {200}


BAD_SETTINGS = [
    ({"port": 70_000}, "TELLSIGN_PORT"),
    ({"port": "http"}, "TELLSIGN_PORT"),
    ({"rate": "fast"}, "600/minute"),
    ({"log_level": "loud"}, "TELLSIGN_LOG_LEVEL"),
    ({"tier": "slow"}, "TELLSIGN_TIER.*'fast', 'cascade' or 'deep'"),
    ({"max_characters": 0}, "TELLSIGN_MAX_CHARACTERS"),
    ({"max_documents": 5_000}, "queue_documents"),
    ({"desk": False, "host": "0.0.0.0"}, "open_access"),  # noqa: S104 - refused, which is what is tested
    ({"desk": False, "host": "example.invalid"}, "keys_file"),
    ({"desk": True, "keys_file": "keys.json"}, "tellsign keys create"),
    ({"colour": "blue"}, "TELLSIGN_COLOUR"),
]


@pytest.mark.parametrize(("overrides", "named"), BAD_SETTINGS, ids=[str(entry[0]) for entry in BAD_SETTINGS])
def test_bad_setting_is_refused_by_name(overrides: dict[str, object], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        load_settings(**overrides)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.8.8"])
def test_loopback_needs_no_keys(host: str) -> None:
    assert load_settings(desk=False, host=host).host == host


def test_beyond_loopback_the_desk_keys_or_open_access_are_enough(keys: Path) -> None:
    anywhere = "0.0.0.0"  # noqa: S104 - only a setting
    assert load_settings(host=anywhere).desk
    assert load_settings(desk=False, host=anywhere, keys_file=keys).keys_file == keys
    assert load_settings(desk=False, host=anywhere, open_access=True).open_access


def test_start_page_without_the_desk_is_the_analyze_page() -> None:
    with open_client() as client:
        answer = client.get("/", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/analyze")


def test_environment_is_read_and_an_override_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELLSIGN_PORT", "9001")
    monkeypatch.setenv("TELLSIGN_MAX_CHARACTERS", "500")
    monkeypatch.setenv("TELLSIGN_RATE", "")
    monkeypatch.setenv("TELLSIGN_TIER", "deep")
    assert load_settings(port=None).port == 9_001
    assert load_settings(port=9_002).port == 9_002
    assert load_settings(tier=None).tier == "deep"
    assert load_settings(tier="fast").tier == "fast"
    assert Settings().max_characters == 500

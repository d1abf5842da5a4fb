"""Signing in through an identity provider that is a real one in all but its place: in the process of the test."""

import shutil
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import RSAKey
from pydantic import SecretStr
from starlette.testclient import TestClient

from service.desk.csrf import COOKIE as SESSION
from service.desk.desk import Desk, open_desk
from service.desk.oidc import COOKIE, LIFETIME_SECONDS, Oidc
from service.desk.provider import Provider
from service.desk.settings import DeskSettings
from service.store.settings import load_store_settings
from service.store.store import Store, open_store
from service.store.users import add_user, change_user, find_subject, list_users
from tests.desk_app import ADDRESS, CHEAP, open_desk_client
from tests.oidc_provider import CLIENT, ISSUER, SECRET, FakeProvider
from tests.reviewing import POLICY


class Turning:
    """Seconds that a test moves on."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "first"}, auto_kid=False)


@pytest.fixture
def provider(key: RSAKey) -> FakeProvider:
    return FakeProvider(key)


@pytest.fixture
def wall() -> Turning:
    return Turning(time.time())


@pytest.fixture
def ticks() -> Turning:
    return Turning()


OpenDesk = Callable[..., Desk]


def desk_at(provider: FakeProvider, store: Store, *, wall: Turning, ticks: Turning, **given: Any) -> Desk:
    settings = DeskSettings(
        **CHEAP,
        public_url=ADDRESS,
        oidc_issuer=ISSUER,
        oidc_client_id=CLIENT,
        oidc_client_secret=SecretStr(SECRET),
        **given,
    )
    asked = Provider(settings, transport=httpx.ASGITransport(provider.app), clock=ticks)
    return open_desk(settings, store=store, policy=POLICY, oidc=Oidc(settings, provider=asked, clock=wall))


@pytest.fixture
def make_desk(sqlite_store: Store, provider: FakeProvider, wall: Turning, ticks: Turning) -> OpenDesk:
    return partial(desk_at, provider, sqlite_store, wall=wall, ticks=ticks)


@pytest.fixture
def desk(make_desk: OpenDesk) -> Desk:
    return make_desk(oidc_role="analyst")


@pytest.fixture
def client(desk: Desk) -> Iterator[TestClient]:
    with open_desk_client(desk) as opened:
        yield opened


@pytest.fixture(scope="module")
def running(
    key: RSAKey, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[TestClient, FakeProvider]]:
    """For tests in which a provider lies and nothing comes of it."""
    path, provider = tmp_path_factory.mktemp("shared") / "tellsign.db", FakeProvider(key)
    shutil.copy(sqlite_template, path)
    store = open_store(load_store_settings(database_url=f"sqlite:///{path}"))
    wall, ticks = Turning(time.time()), Turning()
    desk = desk_at(provider, store, wall=wall, ticks=ticks, oidc_role="analyst", sign_in_rate="1000/minute")
    with open_desk_client(desk) as opened:
        yield opened, provider
    store.close()


@pytest.fixture
def shared(running: tuple[TestClient, FakeProvider]) -> tuple[TestClient, FakeProvider]:
    client, provider = running
    client.cookies.clear()
    provider.claims = {"sub": "7", "preferred_username": "Ana"}
    return running


def sign_in(client: TestClient, provider: FakeProvider, *, onward: str = "/search?query=a") -> Any:
    there = client.get("/sign-in/oidc", params={"next": onward})
    assert there.status_code == 303, there.text
    return client.get("/sign-in/oidc/return", params=provider.authorize(there.headers["location"]))


def test_person_whom_the_provider_knows_is_signed_in_and_goes_on(
    client: TestClient, provider: FakeProvider, desk: Desk
) -> None:
    answer = sign_in(client, provider)
    assert (answer.status_code, answer.headers["location"]) == (303, "/search?query=a")
    assert {"httponly", "secure", "samesite=lax"} <= {
        part.strip().lower() for part in answer.headers["set-cookie"].split(";")
    }
    assert client.cookies[SESSION]
    assert COOKIE not in client.cookies
    assert client.get("/v1/me").json()["user"]["name"] == "ana"
    with desk.store.read() as tx:
        user = find_subject(tx, f"{ISSUER}|7")
    assert user is not None
    assert (user.role, user.display_name) == ("analyst", "Ana Example")


def test_person_who_comes_again_is_the_same_whatever_their_name_is_now(
    client: TestClient, provider: FakeProvider, desk: Desk
) -> None:
    sign_in(client, provider)
    provider.claims["preferred_username"] = "ana.new"
    assert sign_in(client, provider).status_code == 303
    with desk.store.read() as tx:
        assert [user.name for user in list_users(tx) if user.name != "admin"] == ["ana"]


def test_unknown_person_is_refused_where_no_role_is_set(make_desk: OpenDesk, provider: FakeProvider) -> None:
    with open_desk_client(make_desk()) as client:
        answer = sign_in(client, provider)
        assert answer.status_code == 403
        assert "ask an admin" in answer.text
        assert SESSION not in client.cookies


def test_person_added_with_their_subject_is_let_in(make_desk: OpenDesk, provider: FakeProvider) -> None:
    desk = make_desk()
    with open_desk_client(desk) as client:
        with desk.store.write() as tx:
            add_user(tx, "ana", role="lead", actor="system", subject=f"{ISSUER}|7")
        assert sign_in(client, provider).status_code == 303
        assert client.get("/v1/me").json()["user"]["role"] == "lead"


def test_name_of_somebody_with_a_password_is_not_taken_over(client: TestClient, provider: FakeProvider) -> None:
    provider.claims["preferred_username"] = "admin"
    answer = sign_in(client, provider)
    assert answer.status_code == 403
    assert SESSION not in client.cookies


def test_closed_account_stays_closed(client: TestClient, provider: FakeProvider, desk: Desk) -> None:
    sign_in(client, provider)
    with desk.store.write() as tx:
        user = find_subject(tx, f"{ISSUER}|7")
        assert user is not None
        change_user(tx, user.id, actor="system", active=False)
    client.cookies.clear()
    assert sign_in(client, provider).status_code == 403


def test_state_of_another_browser_is_refused(client: TestClient, provider: FakeProvider) -> None:
    """Somebody sends their own half-finished sign-in as a link, so that another person works under their name."""
    there = client.get("/sign-in/oidc")
    back = provider.authorize(there.headers["location"])
    client.cookies.clear()
    assert client.get("/sign-in/oidc/return", params=back).status_code == 403
    client.get("/sign-in/oidc")
    assert client.get("/sign-in/oidc/return", params=back).status_code == 403
    assert "/token" not in provider.asked


def test_changed_cookie_is_refused(client: TestClient, provider: FakeProvider) -> None:
    there = client.get("/sign-in/oidc")
    back = provider.authorize(there.headers["location"])
    for value in ("", "x", "AAAA", client.cookies[COOKIE][:-4] + "AAA="):
        client.cookies.clear()
        answer = client.get("/sign-in/oidc/return", params=back, headers={"Cookie": f"{COOKIE}={value}"})
        assert answer.status_code == 403


def test_sign_in_that_takes_too_long_is_refused(client: TestClient, provider: FakeProvider, wall: Turning) -> None:
    there = client.get("/sign-in/oidc")
    wall.now += LIFETIME_SECONDS
    back = provider.authorize(there.headers["location"])
    assert client.get("/sign-in/oidc/return", params=back).status_code == 403


def test_code_cannot_be_used_twice(client: TestClient, provider: FakeProvider) -> None:
    there = client.get("/sign-in/oidc")
    back = provider.authorize(there.headers["location"])
    cookie = client.cookies[COOKIE]
    assert client.get("/sign-in/oidc/return", params=back).status_code == 303
    again = client.get("/sign-in/oidc/return", params=back, headers={"Cookie": f"{COOKIE}={cookie}"})
    assert again.status_code == 403


LIES: dict[str, dict[str, Any]] = {
    "other issuer": {"iss": "https://other.example.org"},
    "other audience": {"aud": "somebody-else"},
    "made for another party": {"aud": [CLIENT, "somebody-else"], "azp": "somebody-else"},
    "other nonce": {"nonce": "guessed"},
    "expired": {"exp": 1_000_000_000},
    "from the future": {"iat": 4_000_000_000},
    "no subject": {"sub": None},
    "subject that is no text": {"sub": 7},
    "blank subject": {"sub": " "},
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_token_that_does_not_hold_signs_nobody_in(shared: tuple[TestClient, FakeProvider], lie: dict[str, Any]) -> None:
    client, provider = shared
    provider.claims |= lie
    answer = sign_in(client, provider)
    assert answer.status_code == 403
    assert SESSION not in client.cookies


def test_token_of_another_key_signs_nobody_in(client: TestClient, provider: FakeProvider) -> None:
    provider.key = RSAKey.generate_key(2048, {"kid": "first"}, auto_kid=False)
    assert sign_in(client, provider).status_code == 403


def test_token_without_a_signature_signs_nobody_in(client: TestClient, provider: FakeProvider) -> None:
    provider.unsigned = True
    assert sign_in(client, provider).status_code == 403


def test_new_key_of_the_provider_is_looked_up(client: TestClient, provider: FakeProvider, ticks: Turning) -> None:
    assert sign_in(client, provider).status_code == 303
    provider.key = RSAKey.generate_key(2048, {"kid": "second"}, auto_kid=False)
    provider.published = [provider.key]
    # Asked a moment ago: a flood of forged tokens would not make us ask each time.
    assert sign_in(client, provider).status_code == 403
    ticks.now += 61
    assert sign_in(client, provider).status_code == 303
    assert provider.asked.count("/keys") == 2
    assert provider.asked.count("/.well-known/openid-configuration") == 1


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://other.example.org"},
        {"authorization_endpoint": "http://id.example.org/authorize"},
        {"authorization_endpoint": None},
    ],
    ids=["another issuer", "no TLS", "missing"],
)
def test_provider_that_describes_itself_wrongly_is_not_asked(
    client: TestClient, provider: FakeProvider, metadata: dict[str, Any]
) -> None:
    provider.metadata = metadata
    assert client.get("/sign-in/oidc").status_code == 502


def test_provider_that_fails_is_said(client: TestClient, provider: FakeProvider) -> None:
    provider.status = 500
    answer = client.get("/sign-in/oidc")
    assert answer.status_code == 502
    assert "status 500" in answer.text


def test_person_who_says_no_there_is_told_so(client: TestClient) -> None:
    answer = client.get("/sign-in/oidc/return", params={"error": "access_denied", "state": "a"})
    assert answer.headers["location"] == "/sign-in?done=elsewhere"
    assert "did not work" in client.get(answer.headers["location"]).text


@pytest.mark.parametrize("onward", ["https://evil.example.org/", "//evil.example.org", "/\\evil.example.org"])
def test_person_goes_on_within_this_site_only(shared: tuple[TestClient, FakeProvider], onward: str) -> None:
    assert sign_in(*shared, onward=onward).headers["location"] == "/"


def test_there_is_no_way_elsewhere_without_a_provider(sqlite_store: Store) -> None:
    desk = open_desk(DeskSettings(**CHEAP), store=sqlite_store, policy=POLICY)
    with open_desk_client(desk) as client:
        assert client.get("/sign-in/oidc").status_code == 404

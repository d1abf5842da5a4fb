"""Who comes in to the desk: passwords, sessions, roles and keys, at the doors of the real application."""

import re
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from service import web
from service.desk.accounts import add_account, close_account, open_account, reset_password
from service.desk.csrf import COOKIE, HEADER, token_for
from service.desk.desk import Desk
from service.review.audit import list_audit
from service.store.api_keys import create_api_key, revoke_api_key, rotate_api_key
from service.store.sessions import drop_expired_sessions
from service.store.settings import load_store_settings
from service.store.store import Store, open_store
from service.store.users import change_user, find_user
from tests.desk_app import ADDRESS, PASSWORD, desk_over, open_desk_client, signed_in, somebody
from tests.reviewing import Clock
from tests.serving import open_client

WRONG = "not the password"
TEXT = {"text": "He keeps our passports."}


@pytest.fixture
def desk(sqlite_store: Store) -> Desk:
    return desk_over(sqlite_store, lock_after=3, lock_minutes=10, session_hours=8, session_idle_minutes=30)


@pytest.fixture
def client(desk: Desk) -> Iterator[TestClient]:
    with open_desk_client(desk) as opened:
        yield opened


@pytest.fixture(scope="module")
def shared_desk(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """For tests that leave nothing behind which the next would notice."""
    path = tmp_path_factory.mktemp("shared") / "tellsign.db"
    shutil.copy(sqlite_template, path)
    store = open_store(load_store_settings(database_url=f"sqlite:///{path}"))
    yield desk_over(store, sign_in_rate="1000/minute")
    store.close()


@pytest.fixture(scope="module")
def running(shared_desk: Desk) -> Iterator[TestClient]:
    with open_desk_client(shared_desk) as opened:
        yield opened


@pytest.fixture
def shared(running: TestClient) -> TestClient:
    running.cookies.clear()
    return running


def sign_in(client: TestClient, name: str = "ana", password: str = PASSWORD) -> int:
    return client.post("/v1/session", json={"name": name, "password": password}).status_code


def key_for(desk: Desk, *scopes: str, owner: str | None = None) -> dict[str, str]:
    with desk.store.write() as tx:
        token, _ = create_api_key(tx, "a program", scopes=scopes, owner=owner, actor="system")
    return {"Authorization": f"Bearer {token}"}


def test_right_password_opens_a_session_whose_cookie_no_script_can_read(client: TestClient, desk: Desk) -> None:
    somebody(desk, "ana")
    answer = client.post("/v1/session", json={"name": " ANA ", "password": PASSWORD})
    assert answer.status_code == 201
    parts = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")}
    assert {"httponly", "secure", "samesite=lax", "path=/", "max-age=28800"} <= parts
    token = client.cookies[COOKIE]
    assert answer.json()["csrf_token"] == token_for(token)
    assert token not in answer.text
    assert client.get("/v1/me").json()["user"]["name"] == "ana"


@pytest.mark.parametrize(
    ("address", "secure"),
    [
        ("http://127.0.0.1:8000", False),
        ("http://localhost", False),
        ("http://[::1]:8000", False),
        ("https://localhost", True),
        ("http://desk.example.org", True),
    ],
)
def test_cookie_may_travel_without_tls_on_this_machine_only(
    shared: TestClient, shared_desk: Desk, address: str, secure: bool
) -> None:
    somebody(shared_desk, "ana")
    answer = shared.post(f"{address}/v1/session", json={"name": "ana", "password": PASSWORD})
    assert ("secure" in answer.headers["set-cookie"].lower()) is secure


def test_wrong_name_and_wrong_password_get_the_same_answer(client: TestClient, desk: Desk) -> None:
    somebody(desk, "ana")
    ben = somebody(desk, "ben")
    with desk.store.write() as tx:
        change_user(tx, ben.id, actor="system", active=False)
    answers = [
        client.post("/v1/session", json={"name": name, "password": password})
        for name, password in [("ana", WRONG), ("nobody", PASSWORD), ("ben", PASSWORD), ("\x00", "")]
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert COOKIE not in client.cookies


def test_failures_in_a_row_lock_a_person_out_for_a_while(client: TestClient, desk: Desk, clock: Clock) -> None:
    somebody(desk, "ana")
    somebody(desk, "ben")
    assert [sign_in(client, password=WRONG) for _ in range(3)] == [401] * 3
    assert sign_in(client) == 401
    assert sign_in(client, "ben") == 201
    clock.advance(minutes=10)
    assert sign_in(client) == 201


def test_success_forgets_failures(client: TestClient, desk: Desk) -> None:
    somebody(desk, "ana")
    for _ in range(3):
        assert [sign_in(client, password=WRONG) for _ in range(2)] == [401] * 2
        assert sign_in(client) == 201


def test_admin_can_end_a_lock(client: TestClient, desk: Desk) -> None:
    somebody(desk, "ana")
    assert [sign_in(client, password=WRONG) for _ in range(3)] == [401] * 3
    with desk.store.write() as tx:
        open_account(tx, "ana", actor="system")
    assert sign_in(client) == 201


def test_one_address_may_not_try_without_end(sqlite_store: Store) -> None:
    with open_desk_client(desk_over(sqlite_store, sign_in_rate="5/hour")) as client:
        statuses = [sign_in(client, f"guess{number}") for number in range(6)]
    assert statuses == [401] * 5 + [429]


def test_session_ends_when_it_is_not_used(client: TestClient, desk: Desk, clock: Clock) -> None:
    ana = signed_in(client, desk)
    for _ in range(3):
        clock.advance(minutes=29)
        assert ana.get("/v1/me").status_code == 200
    clock.advance(minutes=30)
    assert ana.get("/v1/me").status_code == 401
    assert ana.get("/analyze").headers["location"] == "/sign-in?next=%2Fanalyze"


def test_session_ends_at_last_however_much_it_is_used(client: TestClient, desk: Desk, clock: Clock) -> None:
    ana = signed_in(client, desk)
    for _ in range(24):
        assert ana.get("/v1/me").status_code == 200
        clock.advance(minutes=20)
    assert ana.get("/v1/me").status_code == 401
    with desk.store.write() as tx:
        assert drop_expired_sessions(tx) == 1


def test_signing_out_ends_the_session_on_the_server(client: TestClient, desk: Desk) -> None:
    ana = signed_in(client, desk)
    token = ana.cookies[COOKIE]
    assert ana.delete("/v1/session").status_code == 204
    again = TestClient(client.app, base_url=ADDRESS, cookies={COOKIE: token})
    again.portal = client.portal
    assert again.get("/v1/me").status_code == 401


@pytest.mark.parametrize(
    "change", [{"active": False}, {"role": "submitter"}, {"password_hash": "x"}], ids=["closed", "role", "password"]
)
def test_change_of_a_person_ends_their_sessions(client: TestClient, desk: Desk, change: dict[str, object]) -> None:
    ana, user = signed_in(client, desk), somebody(desk, "ana")
    with desk.store.write() as tx:
        change_user(tx, user.id, actor="system", **change)  # type: ignore[arg-type]  # of a table
    assert ana.get("/v1/me").status_code == 401


def test_one_time_password_opens_nothing_but_the_choice_of_another(client: TestClient, desk: Desk) -> None:
    _, password = add_account(desk, "eva", role="analyst", actor="system")
    assert password is not None
    answer = client.post("/v1/session", json={"name": "eva", "password": password})
    assert answer.json()["password_change_needed"]
    client.headers[HEADER] = answer.json()["csrf_token"]
    assert client.get("/v1/me").json()["type"] == "urn:tellsign:problem:password_change_needed"
    assert client.get("/analyze").headers["location"] == "/password"
    chosen = client.put("/v1/session/password", json={"current": password, "new": PASSWORD})
    assert chosen.status_code == 200, chosen.text
    assert not chosen.json()["password_change_needed"]
    assert client.get("/v1/me").status_code == 200
    assert sign_in(client, "eva", password) == 401
    assert sign_in(client, "eva") == 201


@pytest.mark.parametrize(
    ("new", "why"),
    [
        ("short", "12 to 256"),
        ("x" * 257, "String|at most|characters"),
        ("aaaaaaaaaaaaa", "easy to guess"),
        ("ana ana ana ana", "easy to guess"),
        (PASSWORD, "another"),
    ],
    ids=["short", "long", "plain", "name", "same"],
)
def test_poor_password_is_refused(shared: TestClient, shared_desk: Desk, new: str, why: str) -> None:
    answer = signed_in(shared, shared_desk).put("/v1/session/password", json={"current": PASSWORD, "new": new})
    assert answer.status_code == 422
    assert re.search(why, answer.text), answer.text
    assert new not in answer.text


def test_password_is_changed_only_by_who_knows_it(client: TestClient, desk: Desk) -> None:
    """A session left open on a desk is not enough; guessing there locks as it does at the door."""
    ana = signed_in(client, desk)
    body = {"current": WRONG, "new": "another good password"}
    assert [ana.put("/v1/session/password", json=body).status_code for _ in range(3)] == [401] * 3
    assert ana.put("/v1/session/password", json={**body, "current": PASSWORD}).status_code == 401


def test_changing_the_password_ends_all_other_sessions(client: TestClient, desk: Desk) -> None:
    here, there = signed_in(client, desk), signed_in(client, desk)
    answer = here.put("/v1/session/password", json={"current": PASSWORD, "new": "another good password"})
    assert answer.status_code == 200
    assert here.get("/v1/me").status_code == 200
    assert there.get("/v1/me").status_code == 401


def test_reset_gives_a_one_time_password_and_ends_sessions(client: TestClient, desk: Desk) -> None:
    ana = signed_in(client, desk)
    password = reset_password(desk, "ana", actor="system")
    assert ana.get("/v1/me").status_code == 401
    answer = client.post("/v1/session", json={"name": "ana", "password": password})
    assert answer.json()["password_change_needed"]


def test_closed_account_opens_again(client: TestClient, desk: Desk) -> None:
    somebody(desk, "ana")
    with desk.store.write() as tx:
        close_account(tx, "ana", actor="system")
    assert sign_in(client) == 401
    with desk.store.write() as tx:
        open_account(tx, "ana", actor="system")
    assert sign_in(client) == 201


FOREIGN: dict[str, dict[str, str]] = {
    "no token": {HEADER: ""},
    "wrong token": {HEADER: "0" * 64},
    "token of another session": {HEADER: token_for("another")},
    "from another site": {"Sec-Fetch-Site": "cross-site"},
    "from a sibling site": {"Sec-Fetch-Site": "same-site"},
    "older browser from another site": {"Origin": "https://evil.example.org"},
}


@pytest.mark.parametrize("headers", FOREIGN.values(), ids=FOREIGN)
def test_other_sites_cannot_act_for_a_person(shared: TestClient, shared_desk: Desk, headers: dict[str, str]) -> None:
    ana = signed_in(shared, shared_desk)
    answer = ana.post("/v1/analyze", json=TEXT, headers=headers)
    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:tellsign:problem:foreign_request"
    assert ana.post("/analyze", data=TEXT, headers=headers).status_code == 403


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": ADDRESS}, {"Origin": "null"}, {}], ids=str
)
def test_our_own_pages_can(shared: TestClient, shared_desk: Desk, headers: dict[str, str]) -> None:
    assert signed_in(shared, shared_desk).post("/v1/analyze", json=TEXT, headers=headers).status_code == 200


def test_form_brings_its_token_in_a_field(shared: TestClient, shared_desk: Desk) -> None:
    ana = signed_in(shared, shared_desk)
    del ana.headers[HEADER]
    page = ana.get("/analyze").text
    token = re.search(r'name="csrf_token" value="([0-9a-f]{64})"', page)
    assert token is not None
    assert ana.post("/analyze", data=TEXT).status_code == 403
    answer = ana.post("/analyze", data={**TEXT, "csrf_token": token[1]})
    assert answer.status_code == 200
    assert "Worth reading" in answer.text


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example.org"}], ids=str)
def test_other_sites_cannot_sign_a_person_in(shared: TestClient, shared_desk: Desk, headers: dict[str, str]) -> None:
    somebody(shared_desk, "ana")
    answer = shared.post("/v1/session", json={"name": "ana", "password": PASSWORD}, headers=headers)
    assert answer.status_code == 403


ROLES = ["submitter", "analyst", "lead", "admin"]
# (method, path, body, who may)
DOORS = [
    ("GET", "/v1/me", None, ROLES),
    ("GET", "/v1/taxonomy", None, ROLES),
    ("POST", "/v1/analyze", TEXT, ROLES),
    ("GET", "/analyze", None, ROLES),
    ("GET", "/model", None, ROLES),
    ("GET", "/v1/queue", None, ROLES[1:]),
    ("GET", "/metrics", None, ROLES[2:]),
    ("GET", "/v1/users", None, ROLES[3:]),
]


@pytest.mark.parametrize("role", ROLES)
def test_role_opens_its_doors_and_no_other(shared: TestClient, shared_desk: Desk, role: str) -> None:
    person = signed_in(shared, shared_desk, f"a-{role}", role)
    for method, path, body, allowed in DOORS:
        status = person.request(method, path, json=body).status_code
        assert (path, status) == (path, 200 if role in allowed else 403)


@pytest.mark.parametrize(("method", "path"), [door[:2] for door in DOORS])
def test_stranger_finds_every_door_shut(shared: TestClient, method: str, path: str) -> None:
    answer = shared.request(method, path, json=TEXT if method == "POST" else None)
    if path.startswith(("/v1", "/metrics")):
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
    else:
        assert answer.headers["location"] == f"/sign-in?next=%2F{path[1:]}"


def test_every_path_of_the_description_needs_a_person(shared: TestClient) -> None:
    """Whatever is added later: nothing but probes and signing in answers a stranger."""
    described = shared.get("/openapi.json").json()["paths"]
    open_to_all = {("/healthz", "get"), ("/readyz", "get"), ("/v1/session", "post")}
    for path, methods in described.items():
        address = re.sub(r"\{[^}]*\}", "doc-1", path)
        for method in methods.keys() - {"parameters"}:
            if (path, method) not in open_to_all:
                assert (path, method, shared.request(method, address).status_code) == (path, method, 401)


def test_every_page_needs_a_person(shared: TestClient) -> None:
    open_to_all = {"/sign-in", "/sign-in/oidc", "/sign-in/oidc/return"}
    routes = [route for router in web.ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    assert {"/queue", "/search", "/analyze", "/admin"} <= {route.path for route in routes}
    for route in routes:
        address = re.sub(r"\{[^}]*\}", "doc-1", route.path)
        for method in sorted((route.methods or set()) if route.path not in open_to_all else ()):
            answer = shared.request(method, address)
            assert (method, route.path, answer.status_code) == (method, route.path, 303)
            assert answer.headers["location"].startswith("/sign-in")


def test_browser_that_drops_the_session_over_plain_http_is_told(client: TestClient, desk: Desk) -> None:
    somebody(desk, "ana")
    plain = "http://desk.example.org"
    entered = client.post(f"{plain}/sign-in", data={"name": "ana", "password": PASSWORD})
    assert entered.status_code == 303
    page = client.get(f"{plain}/sign-in")
    assert "did not keep the sign-in" in page.text
    # As behind a proxy that speaks TLS: the same cookies, and the browser sends them.
    assert client.get(f"{ADDRESS}/v1/me").status_code == 200


def test_start_page_sends_everybody_where_they_begin(client: TestClient, desk: Desk) -> None:
    assert client.get("/").headers["location"] == "/sign-in"
    assert signed_in(client, desk, "ana", "analyst").get("/").headers["location"] == "/queue"
    assert signed_in(client, desk, "sam", "submitter").get("/").headers["location"] == "/analyze"


def test_page_that_a_role_does_not_open_says_so_as_a_page(shared: TestClient, shared_desk: Desk) -> None:
    answer = signed_in(shared, shared_desk, "sam", "submitter").get("/queue")
    assert answer.status_code == 403
    assert answer.headers["content-type"].startswith("text/html")
    assert "another role" in answer.text


@pytest.mark.parametrize("name", ["Authorization", "X-API-Key"])
def test_key_of_the_store_opens_by_either_header(shared: TestClient, shared_desk: Desk, name: str) -> None:
    token = key_for(shared_desk, "analyze")["Authorization"].removeprefix("Bearer ")
    headers = {name: f"Bearer {token}" if name == "Authorization" else token}
    assert shared.post("/v1/analyze", json=TEXT, headers=headers).status_code == 200
    assert shared.get("/v1/taxonomy", headers=headers).status_code == 403


def test_key_needs_no_token_against_other_sites_and_wins_over_a_session(client: TestClient, desk: Desk) -> None:
    ana = signed_in(client, desk)
    del ana.headers[HEADER]
    assert ana.post("/v1/analyze", json=TEXT, headers=key_for(desk, "analyze")).status_code == 200
    assert ana.post("/v1/analyze", json=TEXT, headers=key_for(desk, "read")).status_code == 403


def test_key_of_a_user_may_no_more_than_the_user(client: TestClient, desk: Desk) -> None:
    ana = somebody(desk, "ana", "analyst")
    key = key_for(desk, "review", "admin", "metrics", owner=ana.id)
    assert client.get("/v1/queue", headers=key).status_code == 200
    assert client.get("/v1/users", headers=key).status_code == 403
    assert client.get("/metrics", headers=key).status_code == 403
    me = client.get("/v1/me", headers=key).json()
    assert (me["scopes"], me["user"]["id"], me["user"]["role"]) == (["review"], ana.id, "analyst")
    with desk.store.write() as tx:
        change_user(tx, ana.id, actor="system", active=False)
    assert client.get("/v1/queue", headers=key).status_code == 401


def test_key_with_few_scopes_does_not_lend_the_role_of_its_owner(client: TestClient, desk: Desk) -> None:
    boss = somebody(desk, "boss", "admin")
    me = client.get("/v1/me", headers=key_for(desk, "submit", owner=boss.id)).json()
    assert (me["user"]["role"], me["scopes"]) == ("submitter", ["submit"])


def test_key_of_a_program_cannot_review(shared: TestClient, shared_desk: Desk) -> None:
    """Claims and decisions belong to a person."""
    key = key_for(shared_desk, "review", "lead", "read")
    answer = shared.get("/v1/queue", headers=key)
    assert answer.status_code == 403
    assert "belongs to a user" in answer.text
    assert shared.get("/v1/taxonomy", headers=key).status_code == 200


def test_key_ends_by_revoking_rotating_and_in_time(client: TestClient, desk: Desk, clock: Clock) -> None:
    def status(token: str) -> int:
        return client.get("/v1/taxonomy", headers={"X-API-Key": token}).status_code

    with desk.store.write() as tx:
        expires = tx.now + timedelta(days=1)
        first, _ = create_api_key(tx, "expires", scopes=["read"], actor="system", expires=expires)
        second, revoked = create_api_key(tx, "revoked", scopes=["read"], actor="system")
        third, old = create_api_key(tx, "rotated", scopes=["read"], actor="system")
        fourth, _ = rotate_api_key(tx, old.id, overlap=timedelta(hours=1), actor="system")
    assert [status(token) for token in (first, second, third, fourth)] == [200] * 4
    with desk.store.write() as tx:
        revoke_api_key(tx, revoked.id, actor="system")
    clock.advance(hours=1)
    assert [status(token) for token in (first, second, third, fourth)] == [200, 401, 401, 200]
    clock.advance(hours=23)
    assert [status(token) for token in (first, fourth)] == [401, 200]


def test_rate_is_held_per_person(desk: Desk) -> None:
    with open_desk_client(desk, rate="2/hour") as client:
        ana, ben = signed_in(client, desk, "ana"), signed_in(client, desk, "ben")
        assert [ana.get("/v1/taxonomy").status_code for _ in range(3)] == [200, 200, 429]
        assert ben.get("/v1/taxonomy").status_code == 200
        assert ana.post("/analyze", data=TEXT).status_code == 429


def test_open_access_opens_what_keeps_nothing_and_no_more(desk: Desk) -> None:
    with open_desk_client(desk, open_access=True) as client:
        assert client.post("/v1/analyze", json=TEXT).status_code == 200
        assert client.get("/v1/taxonomy").status_code == 200
        assert client.get("/v1/queue").status_code == 401
        assert client.get("/analyze").status_code == 303


def test_passwords_and_tokens_are_kept_as_hashes_only(client: TestClient, desk: Desk) -> None:
    token = signed_in(client, desk).cookies[COOKIE]
    key = key_for(desk, "read")["Authorization"].removeprefix("Bearer ")
    database = desk.store.engine.url.database
    assert database is not None
    kept = b"".join(path.read_bytes() for path in Path(database).parent.glob("tellsign.db*"))
    assert b"$argon2id$" in kept
    for secret in (token, key, PASSWORD):
        assert secret.encode() not in kept


def test_signing_in_and_failing_to_is_in_the_audit_log(client: TestClient, desk: Desk) -> None:
    somebody(desk, "ana")
    sign_in(client, password=WRONG)
    sign_in(client)
    with desk.store.read() as tx:
        user = find_user(tx, "ana")
        assert user is not None
        actions = [entry.action for entry in list_audit(tx, subject=user.id).items]
    assert actions == ["user.signed_in", "user.sign_in_failed", "user.added"]


def test_form_longer_than_the_limit_is_refused_while_it_comes(desk: Desk) -> None:
    with open_desk_client(desk, max_body_bytes=2_000) as client:
        ana = signed_in(client, desk)
        del ana.headers[HEADER]
        answer = ana.post("/analyze", data={"text": "x" * 3_000})
    assert answer.status_code == 413


def test_desk_that_is_off_says_so() -> None:
    with open_client() as client:
        for path in ("/v1/queue", "/v1/me", "/queue"):
            assert client.get(path).status_code == 404

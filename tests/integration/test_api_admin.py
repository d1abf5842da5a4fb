"""People, keys, webhooks, the audit log and referrals over HTTP; and which role may do what."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from service.desk.desk import Desk
from service.store.api_keys import create_api_key
from service.store.store import Store
from service.store.webhooks import emit
from tests.desk_app import ADDRESS, signed_in, somebody
from tests.reviewing import Clock, put_in

HOOK = {"url": "https://hooks.example.org/tellsign", "events": ["document.created"]}
# Route -> the least role that may use it.
LEAST: dict[tuple[str, str], str] = {
    ("GET", "/v1/me"): "submitter",
    ("GET", "/v1/referrals"): "submitter",
    ("GET", "/v1/documents?external_id=a"): "submitter",
    ("GET", "/v1/queue"): "analyst",
    ("GET", "/v1/queue/counts"): "analyst",
    ("POST", "/v1/queue/next"): "analyst",
    ("POST", "/v1/search"): "analyst",
    ("GET", "/v1/reviews"): "analyst",
    ("GET", "/v1/figures/agreement"): "lead",
    ("GET", "/v1/figures/agreement?spans=true"): "lead",
    ("GET", "/v1/figures/reviewers"): "lead",
    ("GET", "/v1/figures/drift"): "lead",
    ("GET", "/v1/suggestions"): "lead",
    ("GET", "/v1/checks"): "lead",
    ("GET", "/v1/exports/csv"): "lead",
    ("GET", "/v1/audit"): "admin",
    ("GET", "/v1/audit/verify"): "admin",
    ("GET", "/v1/users"): "admin",
    ("GET", "/v1/keys"): "admin",
    ("GET", "/v1/webhooks"): "admin",
    ("GET", "/v1/deliveries"): "admin",
}
ROLES = ("submitter", "analyst", "lead", "admin")


@pytest.fixture
def admin(client: TestClient, desk: Desk) -> TestClient:
    return signed_in(client, desk, "adm", "admin")


def keyed(client: TestClient, token: str) -> TestClient:
    """A program with a key, which needs neither cookie nor token."""
    twin = TestClient(client.app, base_url=ADDRESS, headers={"Authorization": f"Bearer {token}"})
    twin.portal = client.portal
    return twin


def test_each_role_may_what_it_may_and_no_more(client: TestClient, desk: Desk) -> None:
    people = {role: signed_in(client, desk, f"some-{role}", role) for role in ROLES}
    for (method, path), least in LEAST.items():
        allowed = ROLES[ROLES.index(least) :]
        for role, who in people.items():
            status = who.request(method, path, json={} if method == "POST" else None).status_code
            assert status == (200 if role in allowed else 403), (role, method, path)


def test_key_opens_what_its_scopes_say(client: TestClient, admin: TestClient) -> None:
    made = admin.post("/v1/keys", json={"name": "intake", "scopes": ["submit"]})
    assert made.status_code == 201
    program = keyed(client, made.json()["token"])
    assert program.post("/v1/documents", json={"text": "We met."}).status_code == 201
    assert program.get("/v1/queue").json()["type"] == "urn:tellsign:problem:scope_missing"
    assert program.get("/v1/me").json()["key"] == made.json()["key"]["id"]
    listed = admin.get("/v1/keys")
    assert made.json()["token"] not in listed.text
    assert [key["name"] for key in listed.json()["keys"]] == ["intake"]


def test_key_of_an_analyst_reviews_in_their_name(
    client: TestClient, desk: Desk, admin: TestClient, sqlite_store: Store
) -> None:
    ana = somebody(desk, "ana")
    body = {"name": "ana's tool", "scopes": ["review", "admin"], "owner": ana.id}
    tool = keyed(client, admin.post("/v1/keys", json=body).json()["token"])
    put_in(sqlite_store)
    assert tool.post("/v1/queue/next", json={}).json()["claim"]["reviewer"] == ana.id
    # A key never gives more than its owner may.
    assert tool.get("/v1/users").status_code == 403
    assert admin.post("/v1/keys", json={**body, "owner": "usr-none"}).status_code == 404


def test_key_is_rotated_and_revoked(client: TestClient, admin: TestClient) -> None:
    first = admin.post("/v1/keys", json={"name": "intake", "scopes": ["read"]}).json()
    second = admin.post(f"/v1/keys/{first['key']['id']}/rotate", json={"overlap_hours": 1}).json()
    for token in (first["token"], second["token"]):
        assert keyed(client, token).get("/v1/me").status_code == 200
    assert admin.post(f"/v1/keys/{first['key']['id']}/rotate", json={}).status_code == 409
    assert admin.post(f"/v1/keys/{second['key']['id']}/revoke").status_code == 204
    assert keyed(client, second["token"]).get("/v1/me").status_code == 401
    assert admin.post("/v1/keys", json={"name": "x", "scopes": []}).status_code == 422
    assert admin.post("/v1/keys", json={"name": "x", "scopes": ["all"]}).status_code == 422
    past = {"name": "x", "scopes": ["read"], "expires": "2020-01-01T00:00:00Z"}
    assert [error["field"] for error in admin.post("/v1/keys", json=past).json()["errors"]] == ["expires"]


def test_user_is_added_changed_and_the_last_admin_stays(admin: TestClient) -> None:
    made = admin.post("/v1/users", json={"name": "Ben", "role": "analyst"})
    assert made.status_code == 201
    user = made.json()["user"]
    assert (user["name"], len(made.json()["password"]) > 15) == ("ben", True)
    assert admin.post("/v1/users", json={"name": "BEN", "role": "lead"}).status_code == 409
    assert admin.post("/v1/users", json={"name": "b n", "role": "lead"}).status_code == 422
    changed = admin.patch(f"/v1/users/{user['id']}", json={"role": "lead", "display_name": "Ben B"}).json()
    assert (changed["role"], changed["display_name"]) == ("lead", "Ben B")
    assert admin.post(f"/v1/users/{user['id']}/password").json()["password"] != made.json()["password"]
    assert made.json()["password"] not in admin.get("/v1/audit").text
    own = admin.get("/v1/me").json()["user"]["id"]
    admins = {one["id"] for one in admin.get("/v1/users").json()["users"] if one["role"] == "admin"}
    for other in admins - {own}:
        assert admin.patch(f"/v1/users/{other}", json={"active": False}).json()["active"] is False
    assert admin.patch(f"/v1/users/{own}", json={"active": False}).status_code == 403
    listed = admin.get("/v1/users")
    assert {"adm", "ben"} <= {one["name"] for one in listed.json()["users"]}
    assert "argon2" not in listed.text
    assert "hash" not in listed.text


def test_me_says_how_much_was_read_today(client: TestClient, desk: Desk, sqlite_store: Store) -> None:
    ana = signed_in(client, desk, "ana")
    assert (ana.get("/v1/me").json()["items_today"], ana.get("/v1/me").json()["key"]) == (0, None)
    put_in(sqlite_store)
    ana.post("/v1/queue/next", json={})
    assert ana.get("/v1/me").json()["items_today"] == 1


def test_webhook_is_added_changed_and_removed(admin: TestClient, sqlite_store: Store) -> None:
    made = admin.post("/v1/webhooks", json=HOOK)
    assert made.status_code == 201
    hook, secret = made.json()["webhook"], made.json()["secret"]
    assert secret.startswith("whs_")
    with sqlite_store.write() as tx:
        emit(tx, "document.created", {"document": "doc-1"})
    listed = admin.get("/v1/deliveries", params={"webhook": hook["id"], "state": "pending"}).json()["items"]
    assert [one["event"] for one in listed] == ["document.created"]
    changed = admin.patch(f"/v1/webhooks/{hook['id']}", json={"active": False, "events": ["document.erased"]}).json()
    assert (changed["active"], changed["events"]) == (False, ["document.erased"])
    assert secret not in admin.get("/v1/webhooks").text
    assert admin.post(f"/v1/deliveries/{listed[0]['id']}/retry").status_code == 409
    assert admin.delete(f"/v1/webhooks/{hook['id']}").status_code == 204
    assert admin.delete(f"/v1/webhooks/{hook['id']}").status_code == 404
    assert admin.get("/v1/webhooks").json() == {"webhooks": []}
    assert admin.get("/v1/deliveries").json()["items"] == []


def test_webhook_may_not_lead_inside(admin: TestClient) -> None:
    for url in (
        "http://hooks.example.org/",
        "https://127.0.0.1/",
        "https://10.0.0.8/",
        "https://169.254.169.254/latest",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://localhost/",
        "https://db.internal/",
        "https://user:secret@hooks.example.org/",
        "https://hooks.example.org:99999/",
        "ftp://hooks.example.org/",
        "https:///nowhere",
    ):
        answer = admin.post("/v1/webhooks", json={**HOOK, "url": url})
        assert answer.status_code == 422, url
        assert [error["field"] for error in answer.json()["errors"]] == ["url"]
        assert "secret" not in answer.text
    assert admin.post("/v1/webhooks", json={**HOOK, "events": ["document.read"]}).status_code == 422


def test_deliveries_come_in_pages(admin: TestClient, sqlite_store: Store) -> None:
    admin.post("/v1/webhooks", json=HOOK)
    with sqlite_store.write() as tx:
        for number in range(7):
            emit(tx, "document.created", {"document": f"doc-{number}"})
    seen: list[str] = []
    cursor = ""
    while True:
        page = admin.get(f"/v1/deliveries?limit=3{cursor}").json()
        seen += [one["id"] for one in page["items"]]
        if page["cursor"] is None:
            break
        cursor = f"&cursor={page['cursor']}"
    assert len(seen) == len(set(seen)) == 7


def test_audit_log_is_listed_verified_and_tampering_is_found(admin: TestClient, sqlite_store: Store) -> None:
    name = put_in(sqlite_store).id
    entries = admin.get("/v1/audit", params={"subject": name}).json()["items"]
    assert [entry["action"] for entry in entries] == ["document.created"]
    page = admin.get("/v1/audit", params={"limit": 1}).json()
    assert len(page["items"]) == 1
    assert page["cursor"] is not None
    report = admin.get("/v1/audit/verify").json()
    assert report["problems"] == []
    head = f"{report['entries']}:{report['head']}"
    assert admin.get("/v1/audit/verify", params={"expect": head}).json()["problems"] == []
    missing = admin.get("/v1/audit/verify", params={"expect": f"{report['entries'] + 9}:{report['head']}"}).json()
    assert missing["problems"] == [f"entry {report['entries'] + 9}, which was noted, is missing"]
    assert admin.get("/v1/audit/verify?expect=7").status_code == 422
    with sqlite_store.engine.begin() as connection:
        for (trigger,) in connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
            connection.execute(text(f"DROP TRIGGER {trigger}"))
        connection.execute(text("UPDATE audit SET actor = 'usr-other' WHERE seq = 1"))
    assert admin.get("/v1/audit/verify").json()["problems"] == ["entry 1 is not as it was written"]


def test_referrals_are_given_by_country_with_date_and_notice(client: TestClient, desk: Desk) -> None:
    ana = signed_in(client, desk)
    countries = ana.get("/v1/referrals").json()
    assert "check before use" in countries["notice"].lower()
    for entry in countries["countries"]:
        panel = ana.get(f"/v1/referrals/{entry['country'].lower()}").json()
        assert (panel["compiled"], panel["title"]) == (countries["compiled"], entry["title"])
        assert panel["referrals"]
    assert ana.get("/v1/referrals/ZZ").status_code == 404
    assert ana.get("/v1/referrals/none").status_code == 422


def test_key_that_has_expired_opens_nothing(client: TestClient, sqlite_store: Store, clock: Clock) -> None:
    with sqlite_store.write() as tx:
        token, _ = create_api_key(tx, "old", scopes=["read"], actor="system", expires=tx.now + timedelta(hours=1))
    program = keyed(client, token)
    assert program.get("/v1/me").status_code == 200
    clock.advance(hours=1)
    assert program.get("/v1/me").status_code == 401

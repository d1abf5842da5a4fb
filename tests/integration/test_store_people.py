"""Users, sessions, keys, webhooks and repeated requests, on both databases."""

import base64
from datetime import timedelta

import pytest
from sqlalchemy import select

from service.store import api_keys, idempotency, sessions, users, webhooks
from service.store.access_tables import api_keys as keys_table
from service.store.access_tables import sessions as sessions_table
from service.store.access_tables import webhooks as webhooks_table
from service.store.errors import ConflictError, NotAllowedError, NotFoundError, RefusedError
from service.store.store import Store
from tests.reviewing import Clock, MakeStore, person

HOUR = timedelta(hours=1)
KEY = "a:" + base64.b64encode(b"a" * 32).decode()


def test_name_is_found_whatever_its_case(store: Store) -> None:
    anna = person(store, " Anna@Example.org ")
    with store.read() as tx:
        assert users.find_user(tx, "ANNA@example.ORG") == anna
        assert users.find_user(tx, "ben") is None
        assert users.find_user(tx, "a\x00b") is None
        assert (anna.name, anna.display_name, users.count_users(tx)) == ("anna@example.org", "Anna@Example.org", 1)


@pytest.mark.parametrize("name", ["anna", "ANNA"])
def test_name_that_is_taken_is_refused(store: Store, name: str) -> None:
    person(store, "anna")
    with pytest.raises(ConflictError, match="already"):
        person(store, name)


@pytest.mark.parametrize(("name", "role", "field"), [("", "lead", "name"), ("anna", "boss", "role")])
def test_user_that_cannot_be_is_refused(store: Store, name: str, role: str, field: str) -> None:
    with pytest.raises(RefusedError, match=f"^{field}: "):
        person(store, name, role)


def test_failures_lock_a_user_out_until_the_time_is_over(store: Store) -> None:
    anna = person(store, "anna")
    for failures in range(1, 6):
        with store.write() as tx:
            after = users.record_failed_sign_in(tx, anna.id, limit=5, lock_for=HOUR)
        assert (after.failed_sign_ins, after.locked_until is not None) == (failures, failures == 5)
    with store.write() as tx:
        users.record_sign_in(tx, anna.id)
        after = users.read_user(tx, anna.id)
    assert (after.failed_sign_ins, after.locked_until, after.signed_in is not None) == (0, None, True)


@pytest.mark.parametrize("change", [{"role": "lead"}, {"active": False}, {"password_hash": "$argon2id$new"}])
def test_change_that_matters_ends_the_sessions(store: Store, change: dict[str, object]) -> None:
    person(store, "root", "admin")
    anna = person(store, "anna")
    with store.write() as tx:
        token = sessions.open_session(tx, anna.id, lifetime=HOUR)
        users.change_user(tx, anna.id, actor="system", display_name="A.")
        assert sessions.find_session(tx, token) is not None
        users.change_user(tx, anna.id, actor="system", **change)  # type: ignore[arg-type]
        assert sessions.find_session(tx, token) is None


def test_last_admin_stays(store: Store) -> None:
    root = person(store, "root", "admin")
    for change in ({"role": "lead"}, {"active": False}):
        with store.write() as tx, pytest.raises(NotAllowedError, match="last active admin"):
            users.change_user(tx, root.id, actor="system", **change)
    person(store, "second", "admin")
    with store.write() as tx:
        assert users.change_user(tx, root.id, actor="system", role="lead").role == "lead"


def test_password_hash_is_in_no_record_and_no_log(store: Store) -> None:
    with store.write() as tx:
        anna = users.add_user(tx, "anna", role="lead", actor="system", password_hash="$argon2id$x")  # noqa: S106
        assert users.password_hash_of(tx, anna.id) == "$argon2id$x"
        assert "argon2" not in repr((anna, tx.entries))


def test_session_ends_by_time_by_idleness_and_by_closing(store: Store, clock: Clock) -> None:
    anna = person(store, "anna")
    with store.write() as tx:
        tokens = [sessions.open_session(tx, anna.id, lifetime=HOUR) for _ in range(3)]
    clock.advance(minutes=20)
    with store.write() as tx:
        assert sessions.find_session(tx, tokens[0], idle=timedelta(minutes=30)) is not None
        sessions.close_session(tx, tokens[2])
        assert sessions.find_session(tx, tokens[2]) is None
    clock.advance(minutes=20)
    with store.write() as tx:
        assert sessions.find_session(tx, tokens[0], idle=timedelta(minutes=30)) is not None
        assert sessions.find_session(tx, tokens[1], idle=timedelta(minutes=30)) is None
    clock.advance(minutes=20)
    with store.write() as tx:
        assert sessions.find_session(tx, tokens[0]) is None
        assert sessions.drop_expired_sessions(tx) == 2


def test_tokens_are_kept_as_hashes(store: Store) -> None:
    anna = person(store, "anna")
    with store.write() as tx:
        session = sessions.open_session(tx, anna.id, lifetime=HOUR)
        key, _ = api_keys.create_api_key(tx, "intake", scopes=["submit"], actor=anna.id)
        kept = [*tx.execute(select(sessions_table)), *tx.execute(select(keys_table))]
    assert session not in repr(kept)
    assert key not in repr(kept)


def test_key_is_found_until_it_expires_or_is_revoked(store: Store, clock: Clock) -> None:
    with store.write() as tx:
        short, _ = api_keys.create_api_key(tx, "short", scopes=["read"], actor="system", expires=tx.now + HOUR)
        long, record = api_keys.create_api_key(tx, "long", scopes=["read", "submit", "read"], actor="system")
    assert record.scopes == ("read", "submit")
    clock.advance(hours=1)
    with store.write() as tx:
        assert api_keys.find_api_key(tx, short) is None
        assert api_keys.find_api_key(tx, long) == record
        api_keys.revoke_api_key(tx, record.id, actor="system")
        assert api_keys.find_api_key(tx, long) is None
        assert api_keys.find_api_key(tx, "tsk_\ud800") is None


def test_rotated_key_goes_on_for_a_while(store: Store, clock: Clock) -> None:
    with store.write() as tx:
        old, record = api_keys.create_api_key(tx, "intake", scopes=["submit"], actor="system")
        new, replacement = api_keys.rotate_api_key(tx, record.id, overlap=HOUR, actor="system")
        assert replacement.scopes == record.scopes
        with pytest.raises(ConflictError, match="replaced already"):
            api_keys.rotate_api_key(tx, record.id, overlap=HOUR, actor="system")
        assert api_keys.find_api_key(tx, old) is not None
    clock.advance(hours=1)
    with store.read() as tx:
        assert api_keys.find_api_key(tx, old) is None
        assert api_keys.find_api_key(tx, new) == replacement


@pytest.mark.parametrize("scopes", [[], ["everything"]])
def test_key_without_a_known_scope_is_refused(store: Store, scopes: list[str]) -> None:
    with store.write() as tx, pytest.raises(RefusedError, match=r"^scopes: "):
        api_keys.create_api_key(tx, "intake", scopes=scopes, actor="system")


REQUEST = idempotency.Repeatable("key-1", "POST /v1/documents", "r-1", b"{}")


def test_repeated_request_gets_the_first_answer(store: Store) -> None:
    with store.write() as tx:
        started = idempotency.begin(tx, REQUEST)
    assert isinstance(started, idempotency.Started)
    with store.write() as tx, pytest.raises(ConflictError, match="still running"):
        idempotency.begin(tx, REQUEST)
    with store.write() as tx:
        idempotency.finish(tx, started, {"document": "doc-1", "status": 201})
    with store.write() as tx:
        again = idempotency.begin(tx, REQUEST)
    assert again == idempotency.Answered({"document": "doc-1", "status": 201})


@pytest.mark.parametrize(
    ("other", "answer"),
    [
        (idempotency.Repeatable("key-1", "POST /v1/documents", "r-1", b"[]"), "another request"),
        (idempotency.Repeatable("key-2", "POST /v1/documents", "r-1", b"[]"), None),
        (idempotency.Repeatable("key-1", "POST /v1/jobs", "r-1", b"[]"), None),
    ],
    ids=["another body", "another sender", "another route"],
)
def test_key_belongs_to_one_request_of_one_sender(
    store: Store, other: idempotency.Repeatable, answer: str | None
) -> None:
    with store.write() as tx:
        idempotency.begin(tx, REQUEST)
    with store.write() as tx:
        if answer is None:
            assert isinstance(idempotency.begin(tx, other), idempotency.Started)
            return
        with pytest.raises(ConflictError, match=answer):
            idempotency.begin(tx, other)


def test_request_whose_sender_died_or_gave_up_can_be_sent_again(store: Store, clock: Clock) -> None:
    with store.write() as tx:
        started = idempotency.begin(tx, REQUEST)
    clock.advance(minutes=3)
    with store.write() as tx:
        assert idempotency.begin(tx, REQUEST) == started
    assert isinstance(started, idempotency.Started)
    with store.write() as tx:
        idempotency.abandon(tx, started)
        assert isinstance(idempotency.begin(tx, REQUEST), idempotency.Started)


def test_answer_is_forgotten_after_its_lifetime(store: Store, clock: Clock) -> None:
    with store.write() as tx:
        started = idempotency.begin(tx, REQUEST)
        assert isinstance(started, idempotency.Started)
        idempotency.finish(tx, started, {"status": 201})
    clock.advance(days=1)
    with store.write() as tx:
        assert isinstance(idempotency.begin(tx, REQUEST), idempotency.Started)


@pytest.mark.parametrize("text_keys", ["", KEY], ids=["plain", "sealed"])
def test_delivery_is_taken_by_one_sender_and_comes_back_after_its_lease(
    make_store: MakeStore, clock: Clock, text_keys: str
) -> None:
    store = make_store(text_keys=text_keys)
    with store.write() as tx:
        secret, hook = webhooks.add_webhook(tx, "https://example.org/hook", events=["document.created"], actor="system")
        assert webhooks.emit(tx, "document.created", {"document": "doc-1"}) == 1
        assert webhooks.emit(tx, "document.erased", {"document": "doc-1"}) == 0
        assert (secret.encode() in tx.execute(select(webhooks_table.c.secret)).scalar_one()) == (text_keys == "")
    lease = timedelta(seconds=30)
    with store.write() as tx:
        taken = webhooks.take_due(tx, limit=10, lease=lease)
        assert webhooks.take_due(tx, limit=10, lease=lease) == []
    assert [(one.webhook, one.secret.decode(), one.attempts) for one in taken] == [(hook.id, secret, 1)]
    clock.advance(seconds=30)
    with store.write() as tx:
        again = webhooks.take_due(tx, limit=10, lease=lease)
        assert [one.attempts for one in again] == [2]
        webhooks.mark_delivered(tx, again[0].id, 204)
    clock.advance(days=1)
    with store.write() as tx:
        assert webhooks.take_due(tx, limit=10, lease=lease) == []
        assert [one.state for one in webhooks.list_deliveries(tx)] == ["delivered"]


def test_failed_delivery_is_retried_then_dead_then_brought_back(store: Store, clock: Clock) -> None:
    with store.write() as tx:
        webhooks.add_webhook(tx, "https://example.org/hook", events=["document.created"], actor="system")
        webhooks.emit(tx, "document.created", {"document": "doc-1"})
        delivery = webhooks.take_due(tx, limit=1, lease=HOUR)[0].id
        webhooks.mark_failed(tx, delivery, error="timed out", retry=timedelta(minutes=1))
    clock.advance(minutes=1)
    with store.write() as tx:
        assert len(webhooks.take_due(tx, limit=1, lease=HOUR)) == 1
        webhooks.mark_failed(tx, delivery, error="x" * 500, status=500)
        dead = webhooks.list_deliveries(tx, state="dead")
        assert [(one.id, one.last_status, len(one.last_error or "")) for one in dead] == [(delivery, 500, 200)]
        webhooks.retry_delivery(tx, delivery, actor="system")
        assert [one.id for one in webhooks.take_due(tx, limit=1, lease=HOUR)] == [delivery]
        with pytest.raises(ConflictError, match="no dead letter"):
            webhooks.retry_delivery(tx, delivery, actor="system")


def test_webhook_out_of_use_gets_nothing(store: Store) -> None:
    with store.write() as tx:
        _, hook = webhooks.add_webhook(tx, "https://example.org/hook", events=["document.created"], actor="system")
        webhooks.change_webhook(tx, hook.id, actor="system", active=False)
        assert webhooks.emit(tx, "document.created", {}) == 0
        assert [one.active for one in webhooks.list_webhooks(tx)] == [False]
        with pytest.raises(NotFoundError):
            webhooks.change_webhook(tx, "hook-x", actor="system", active=True)


@pytest.mark.parametrize(
    ("url", "events"),
    [
        ("ftp://example.org", ["document.created"]),
        ("https://user@example.org", ["document.created"]),
        ("https://", ["document.created"]),
        ("https://example.org/" + "x" * 2_000, ["document.created"]),
        ("https://example.org", []),
        ("https://example.org", ["document.burnt"]),
    ],
)
def test_webhook_that_cannot_be_is_refused(store: Store, url: str, events: list[str]) -> None:
    with store.write() as tx, pytest.raises(RefusedError):
        webhooks.add_webhook(tx, url, events=events, actor="system")

"""The audit log: whatever is changed in it, anywhere, is found."""

import base64

import pytest
from sqlalchemy import Connection, insert, select, text
from sqlalchemy.exc import DBAPIError

from service.review.audit import AuditReport, list_audit, verify_audit
from service.store import audit_log
from service.store.audit_log import Line, hash_line, seal_head
from service.store.audit_tables import audit, audit_head
from service.store.columns import milliseconds
from service.store.documents import open_document
from service.store.store import Store, Transaction
from tests.reviewing import PASSPORT, POLICY, MakeStore, decide, person, put_in

KEY = "log:" + base64.b64encode(b"k" * 32).decode()
OTHER_KEY = "log:" + base64.b64encode(b"o" * 32).decode()
LENGTH = 7


@pytest.fixture(params=["", KEY], ids=["hashes", "sealed"])
def log(request: pytest.FixtureRequest, make_store: MakeStore) -> Store:
    """A store whose log has entries 1 (made with the tables) to 7."""
    store = make_store(audit_key=request.param)
    for number in range(2, LENGTH + 1):
        with store.write() as tx:
            tx.audit("usr-1", "document.read", f"doc-{number}", purpose="desk")
    return store


def report(store: Store, **given: object) -> AuditReport:
    with store.read() as tx:
        return verify_audit(tx, **given)  # type: ignore[arg-type]


def unguard(connection: Connection) -> None:
    """What somebody who owns the database can do: away with the triggers."""
    if connection.dialect.name == "sqlite":
        for name in ("audit_no_update", "audit_no_delete", "audit_head_no_delete", "audit_head_forward"):
            connection.execute(text(f"DROP TRIGGER {name}"))
    else:
        connection.execute(text("SET session_replication_role = replica"))


def tamper(store: Store, *statements: str) -> None:
    with store.write() as tx:
        unguard(tx.connection)
        for statement in statements:
            tx.execute(text(statement))
        if not store.is_sqlite:
            tx.execute(text("SET session_replication_role = origin"))


def test_log_that_was_left_alone_holds_together(log: Store) -> None:
    found = report(log)
    assert (found.entries, found.problems) == (LENGTH, ())
    assert found.unsealed == (LENGTH if log.audit_key is None else 1)


CHANGES = {
    "actor": "UPDATE audit SET actor = 'usr-2' WHERE seq = :seq",
    "action": "UPDATE audit SET action = 'document.decided' WHERE seq = :seq",
    "subject": "UPDATE audit SET subject = 'doc-x' WHERE seq = :seq",
    "moment": "UPDATE audit SET at = at + 1 WHERE seq = :seq",
    "detail": "UPDATE audit SET detail = '{}' WHERE seq = :seq",
    "hash": "UPDATE audit SET hash = previous WHERE seq = :seq",
    "previous": "UPDATE audit SET previous = hash WHERE seq = :seq",
    "deleted": "DELETE FROM audit WHERE seq = :seq",
    "key": "UPDATE audit SET key_id = 'new' WHERE seq = :seq",
    "order": "UPDATE audit SET seq = seq + 100 WHERE seq = :seq",
}


@pytest.mark.parametrize("change", CHANGES)
def test_change_of_any_entry_is_found(log: Store, change: str) -> None:
    for seq in range(1, LENGTH + 1):
        with log.engine.connect() as connection:
            # One change after the other, each on the log as it was: nothing of it is committed.
            connection = connection.execution_options(tellsign_writes=True)  # noqa: PLW2901
            with connection.begin() as step:
                unguard(connection)
                connection.execute(text(CHANGES[change]), {"seq": seq})
                found = verify_audit(Transaction(connection, log, log.now()))
                step.rollback()
        assert found.problems, f"{change} of entry {seq} went unseen"
    assert report(log).problems == ()


def test_cut_off_end_is_found(log: Store) -> None:
    tamper(log, "DELETE FROM audit WHERE seq > 5")
    assert report(log).problems == ("the log ends at entry 5, and was written to entry 7",)


def test_emptied_log_is_found(log: Store) -> None:
    tamper(log, "DELETE FROM audit")
    assert report(log).problems != ()


def rewritten(store: Store, key: audit_log.Key | None) -> list[dict[str, object]]:
    """The log with another actor in entry 3, and every hash made to fit with `key`."""
    rows, previous = [], audit_log.GENESIS
    with store.read() as tx:
        kept = tx.execute(select(audit).order_by(audit.c.seq)).all()
    for row in kept:
        actor = "usr-9" if row.seq == 3 else row.actor
        line = Line(row.seq, row.at, actor, row.action, row.subject, row.detail, key[0] if key else None, previous)
        previous = hash_line(line, key)
        rows.append({**{name: getattr(line, name) for name in Line.__slots__}, "hash": previous})
    return rows


@pytest.mark.parametrize("key", [None, ("log", b"x" * 32)], ids=["without a key", "with another key"])
def test_sealed_log_that_was_written_anew_is_found(make_store: MakeStore, key: audit_log.Key | None) -> None:
    store = make_store(audit_key=KEY)
    for number in range(2, LENGTH + 1):
        with store.write() as tx:
            tx.audit("usr-1", "document.read", f"doc-{number}")
    rows = rewritten(store, key)
    newest = str(rows[-1]["hash"])
    tamper(store, "DELETE FROM audit", "DELETE FROM audit_head")
    with store.write() as tx:
        tx.execute(insert(audit), rows)
        seal = seal_head(LENGTH, newest, key)
        head = {"one": 1, "seq": LENGTH, "hash": newest, "key_id": key[0] if key else None, "seal": seal}
        tx.execute(insert(audit_head).values(head))
    assert report(store).problems != ()


def test_unsealed_log_that_was_written_anew_differs_from_what_was_noted(make_store: MakeStore) -> None:
    store = make_store()
    for number in range(2, LENGTH + 1):
        with store.write() as tx:
            tx.audit("usr-1", "document.read", f"doc-{number}")
    noted = (LENGTH, report(store).head)
    rows = rewritten(store, None)
    tamper(store, "DELETE FROM audit")
    newest = str(rows[-1]["hash"])
    with store.write() as tx:
        tx.execute(insert(audit), rows)
        values = {"hash": newest, "seal": seal_head(LENGTH, newest, None)}
        if not store.is_sqlite:
            tx.execute(text("SET session_replication_role = replica"))
        tx.execute(audit_head.update().values(values))
        if not store.is_sqlite:
            tx.execute(text("SET session_replication_role = origin"))
    assert report(store).problems == ()
    assert report(store, expected=noted).problems == (f"entry {LENGTH} is not the one that was noted",)
    assert report(store, expected=(LENGTH + 1, noted[1])).problems == (
        f"entry {LENGTH + 1}, which was noted, is missing",
    )


def test_log_of_another_key_is_not_taken_on_trust(make_store: MakeStore) -> None:
    store = make_store(audit_key=KEY)
    with store.write() as tx:
        tx.audit("usr-1", "document.read", "doc-1")
    assert report(make_store(audit_key=OTHER_KEY)).problems != ()
    assert report(make_store()).problems == ("entry 2 is sealed with key log, which is not in TELLSIGN_AUDIT_KEY",)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'usr-2'",
        "DELETE FROM audit",
        "DELETE FROM audit_head",
        "UPDATE audit_head SET seq = 1",
    ],
)
def test_log_refuses_to_be_changed(log: Store, statement: str) -> None:
    with pytest.raises(DBAPIError, match=r"append-only|only goes forward|never deleted"), log.write() as tx:
        tx.execute(text(statement))


def test_every_look_and_every_decision_is_in_the_log(store: Store) -> None:
    anna, document = person(store, "anna"), put_in(store, PASSPORT).id
    with store.write() as tx:
        open_document(tx, document, actor=anna.id, purpose="desk")
    decide(store, anna, document, policy=POLICY)
    with store.read() as tx:
        page = list_audit(tx, subject=document)
        first = list_audit(tx, limit=2)
        rest = list_audit(tx, cursor=first.cursor)
    assert [entry.action for entry in reversed(page.items)] == ["document.created", "document.read", "decision.made"]
    assert {entry.actor for entry in page.items} == {"key-test", anna.id}
    assert len(first.items) + len(rest.items) == report(store).entries


def test_moments_keep_their_milliseconds(store: Store) -> None:
    with store.read() as tx:
        kept = tx.execute(select(audit.c.at)).scalars().first()
        raw = tx.execute(text("SELECT at FROM audit")).scalars().first()
    assert kept is not None
    assert milliseconds(kept) == raw

"""Retention: the words go everywhere, what was decided stays."""

import base64
from pathlib import Path

import pytest
from sqlalchemy import select, text

from service.review import claims, decisions
from service.review.audit import verify_audit
from service.review.decisions import SpanDecision
from service.review.retention import erase_document, run_retention
from service.review.search import search
from service.review.undo import undo
from service.store.document_tables import documents as documents_table
from service.store.documents import list_spans, open_document
from service.store.erasure import sweep
from service.store.errors import ConflictError
from service.store.store import Store
from service.store.users import find_user
from tests.reviewing import CALM, PASSPORT, POLICY, Clock, MakeStore, decide, person, put_in

KEY = "a:" + base64.b64encode(b"a" * 32).decode()
WORD = "xylophonist"


def found(store: Store, query: str) -> int:
    with store.read() as tx:
        anna = find_user(tx, "anna")
        assert anna is not None
        return len(search(tx, POLICY, anna, query).items)


@pytest.mark.parametrize("text_keys", ["", KEY], ids=["plain", "sealed"])
def test_old_texts_go_and_decisions_stay(make_store: MakeStore, clock: Clock, text_keys: str) -> None:
    store = make_store(text_keys=text_keys)
    anna = person(store, "anna")
    old = put_in(store, f"{PASSPORT} {WORD}", metadata={"note": WORD})
    with store.write() as tx:
        claims.claim_item(tx, POLICY, anna, old.id)
        span = list_spans(tx, old.id)[0].number
        decisions.decide_span(tx, anna, old.id, SpanDecision("reject", span=span, reason=f"Says {WORD}."))
        decisions.decide_document(tx, POLICY, anna, old.id, "no_concern", reason="Wrong.")
        kept = tx.execute(select(documents_table.c.text_hash).where(documents_table.c.id == old.id)).scalar_one()
    clock.advance(days=31)
    young = put_in(store, CALM)
    assert found(store, WORD) == 1
    assert run_retention(store, days=30).erased == 1
    assert run_retention(store, days=30).erased == 0
    with store.write() as tx:
        gone = open_document(tx, old.id, actor=anna.id, purpose="desk")
        made = decisions.list_decisions(tx, anna, old.id)
        after = tx.execute(select(documents_table.c.text_hash).where(documents_table.c.id == old.id)).scalar_one()
        assert open_document(tx, young.id, actor=anna.id, purpose="desk").text == CALM
        assert verify_audit(tx).problems == ()
    assert (gone.text, gone.metadata, gone.record.erased_at) == (None, None, clock.now)
    assert [(one.kind, one.reason) for one in made] == [("reject", None), ("verdict", None)]
    assert bytes(after) == bytes(kept)
    assert found(store, WORD) == 0


def test_erased_words_are_in_no_file_of_the_database(make_store: MakeStore, database_url: str) -> None:
    if not database_url.startswith("sqlite"):
        pytest.skip("where PostgreSQL keeps a row is its own affair; VACUUM frees it")
    store = make_store()
    person(store, "anna")
    record = put_in(store, f"{PASSPORT} {WORD}", metadata={"note": WORD})
    put_in(store, CALM)
    with store.write() as tx:
        assert erase_document(tx, record.id, actor="usr-1", why="request")
    sweep(store)
    store.close()
    path = Path(database_url.removeprefix("sqlite:///"))
    kept = b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
    assert CALM.encode() in kept
    assert WORD.encode() not in kept


def test_request_erases_at_once_and_only_once(store: Store) -> None:
    record = put_in(store)
    with store.write() as tx:
        assert erase_document(tx, record.id, actor="usr-1", why="request")
        assert not erase_document(tx, record.id, actor="usr-1", why="request")


def test_erased_item_leaves_the_queue_and_its_holder(store: Store) -> None:
    anna, record = person(store, "anna"), put_in(store)
    with store.write() as tx:
        claims.claim_item(tx, POLICY, anna, record.id)
        erase_document(tx, record.id, actor="usr-1", why="request")
        assert claims.claim_next(tx, POLICY, anna) is None
        with pytest.raises(ConflictError, match="was erased"):
            claims.claim_item(tx, POLICY, anna, record.id)


def test_verdict_on_an_erased_text_is_not_taken_back(store: Store) -> None:
    anna, record = person(store, "anna"), put_in(store)
    decide(store, anna, record.id)
    with store.write() as tx:
        erase_document(tx, record.id, actor="usr-1", why="request")
        with pytest.raises(ConflictError, match="was erased"):
            undo(tx, POLICY, anna, record.id)


def test_index_is_empty_after_everything_is_erased(store: Store, clock: Clock) -> None:
    for number in range(5):
        put_in(store, f"{CALM} number {number}")
    clock.advance(days=2)
    assert run_retention(store, days=1, batch=2).erased == 5
    with store.read() as tx:
        query = (
            "SELECT count(*) FROM document_search WHERE document_search MATCH 'garden'"
            if store.is_sqlite
            else "SELECT count(*) FROM document_search"
        )
        assert tx.execute(text(query)).scalar_one() == 0

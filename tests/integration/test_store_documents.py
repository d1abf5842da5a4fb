"""Documents and analyses in the store, plain and sealed, on both databases."""

import base64
import hashlib
from pathlib import Path

import pytest
from sqlalchemy import select, text

from service.store import analyses, documents
from service.store.document_tables import documents as documents_table
from service.store.document_tables import spans
from service.store.errors import ConflictError, NotFoundError, RefusedError, StoreError
from service.store.reseal import reseal
from service.store.settings import load_store_settings
from service.store.store import Store, Transaction, open_store
from service.store.upgrade import upgrade_store
from tests.reviewing import CALM, PASSPORT, MakeStore, analyse, by_another_model, new_document, put_in

KEY_A = "a:" + base64.b64encode(b"a" * 32).decode()
KEY_B = "b:" + base64.b64encode(b"b" * 32).decode()
ODD = "keeps our passports \x00 \ud800 \U0001f600 e\u0301"


def add(store: Store, text: str, **given: object) -> documents.DocumentRecord:
    with store.write() as tx:
        return documents.add_document(tx, new_document(text, **given), submitted_by="key-1")


def opened(store: Store, document_id: str) -> documents.OpenedDocument:
    with store.write() as tx:
        return documents.open_document(tx, document_id, actor="usr-1", purpose="desk")


@pytest.mark.parametrize("text_keys", ["", KEY_A], ids=["plain", "sealed"])
@pytest.mark.parametrize("words", [PASSPORT, CALM, ODD], ids=["flagged", "calm", "odd"])
def test_document_comes_back_as_it_was_stored(make_store: MakeStore, text_keys: str, words: str) -> None:
    store = make_store(text_keys=text_keys)
    record = add(store, words, external_id="case-7", metadata={"team": ["north", 2, None]}, source="hotline")
    found = opened(store, record.id)
    assert found.text == words
    assert found.metadata == {"team": ["north", 2, None]}
    assert (found.record.external_id, found.record.source, found.record.characters) == ("case-7", "hotline", len(words))
    analysis = analyse(words)
    assert found.analysis.indicators == analysis.indicators
    assert (found.analysis.id, found.analysis.review) == (record.id, analysis.review)


def test_sealed_store_holds_no_word_of_the_text(make_store: MakeStore) -> None:
    store = make_store(text_keys=KEY_A)
    put_in(store, PASSPORT, metadata={"note": "registration"})
    with store.read() as tx:
        names = ["documents", "analyses", "spans", "document_indicators", "audit", "deliveries", "items"]
        rows = [row for name in names for row in tx.execute(text(f"SELECT * FROM {name}"))]  # noqa: S608 - our own tables
        if store.is_sqlite:
            rows += tx.execute(text("SELECT block FROM document_search_data")).all()
        else:
            rows += tx.execute(text("SELECT words::text FROM document_search")).all()
    assert rows
    kept = b" ".join(bytes(value) if isinstance(value, bytes) else str(value).encode() for row in rows for value in row)
    assert b"registration" not in kept
    assert b"manager" not in kept


def test_analysis_is_kept_without_the_texts_of_its_spans(store: Store) -> None:
    record = add(store, PASSPORT)
    with store.read() as tx:
        kept = analyses.read_analysis(tx, record.id, None)
        rows = documents.list_spans(tx, record.id)
    found = [span for score in kept.indicators for span in score.spans]
    assert found
    assert {span.text for span in found} == {""}
    assert [(row.start, row.end) for row in rows] == sorted((span.start, span.end) for span in found)


def test_missing_key_is_named_and_the_text_is_not(make_store: MakeStore) -> None:
    record = add(make_store(text_keys=KEY_A), PASSPORT)
    with pytest.raises(StoreError, match="The key 'a' that sealed") as refused:
        opened(make_store(text_keys=KEY_B), record.id)
    assert "manager" not in str(refused.value)


def test_sealed_text_moved_to_another_document_does_not_open(make_store: MakeStore) -> None:
    store = make_store(text_keys=KEY_A)
    first, second = add(store, PASSPORT), add(store, CALM)
    with store.write() as tx:
        moved = select(documents_table.c.text).where(documents_table.c.id == first.id).scalar_subquery()
        tx.execute(documents_table.update().where(documents_table.c.id == second.id).values(text=moved))
    with pytest.raises(StoreError, match="does not open"):
        opened(store, second.id)


@pytest.mark.parametrize(("before", "after"), [("", KEY_A), (KEY_A, f"{KEY_B},{KEY_A}")], ids=["first key", "new key"])
def test_resealing_lets_the_old_key_go(make_store: MakeStore, before: str, after: str) -> None:
    record = add(make_store(text_keys=before), PASSPORT, metadata={"note": "kept"})
    store = make_store(text_keys=after)
    upgrade_store(store)
    assert reseal(store, actor="system", batch=1) == 1
    assert reseal(store, actor="system") == 0
    found = opened(make_store(text_keys=after.split(",", maxsplit=1)[0]), record.id)
    assert (found.text, found.metadata) == (PASSPORT, {"note": "kept"})


def test_hash_of_a_text_is_not_one_that_can_be_guessed_at(store: Store) -> None:
    record = add(store, PASSPORT)
    with store.read() as tx:
        kept = tx.execute(select(documents_table.c.text_hash).where(documents_table.c.id == record.id)).scalar_one()
        assert bytes(kept) == documents.hash_text(tx, PASSPORT.encode())
    assert bytes(kept) != hashlib.sha256(PASSPORT.encode()).digest()


def test_copies_with_other_numbers_are_one_cluster(store: Store) -> None:
    texts = ["Call 555-0101, 900 a month!", "CALL 555-0199, 700 a month", "Write to us, a month is enough!"]
    first, second, third = (add(store, words).cluster for words in texts)
    assert first == second != third


def test_analysis_of_another_model_becomes_current(store: Store) -> None:
    record = add(store, PASSPORT)
    again = by_another_model(analyse(PASSPORT), 0.25)
    with store.write() as tx:
        apart = analyses.add_analysis(tx, record.id, again, actor="system")
        models = analyses.list_analyses(tx, record.id)
        old = analyses.read_analysis(tx, record.id, PASSPORT, number=models[0].number)
        now = documents.read_document(tx, record.id)
    assert apart == pytest.approx((record.review_probability or 0) - 0.25)
    assert [(model.model_version, model.current) for model in models] == [("0.0.1", False), ("0.0.2", True)]
    assert (now.review_probability, old.model.version) == (0.25, "0.0.1")


def test_same_model_does_not_read_twice(store: Store) -> None:
    record = add(store, PASSPORT)
    with pytest.raises(ConflictError, match="has read document"), store.write() as tx:
        analyses.add_analysis(tx, record.id, analyse(PASSPORT), actor="system")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"external_id": ""}, "external_id"),
        ({"external_id": "x" * 201}, "external_id"),
        ({"external_id": "a\x00b"}, "external_id"),
        ({"source": "\ud800"}, "source"),
        ({"metadata": {"x": object()}}, "metadata"),
        ({"metadata": {"x": "y" * 70_000}}, "metadata"),
    ],
    ids=["empty id", "long id", "NUL in id", "lone surrogate", "not JSON", "too much"],
)
def test_value_no_database_should_hold_is_refused(store: Store, given: dict[str, object], field: str) -> None:
    with pytest.raises(RefusedError, match=f"^{field}: "):
        add(store, PASSPORT, **given)
    with store.read() as tx:
        assert tx.execute(select(documents_table.c.id)).all() == []


def test_unknown_document_is_said_so_without_all_of_what_was_asked(store: Store) -> None:
    with store.read() as tx, pytest.raises(NotFoundError) as refused:
        documents.read_document(tx, "x" * 500)
    assert len(str(refused.value)) < 120


def test_failed_step_leaves_nothing_behind(store: Store) -> None:
    def fail(tx: Transaction) -> None:
        documents.add_document(tx, new_document(PASSPORT), submitted_by="key-1")
        raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        store.run(fail)
    with store.read() as tx:
        assert tx.execute(select(documents_table.c.id)).all() == []
        assert tx.execute(select(spans.c.number)).all() == []


def test_error_of_the_database_carries_no_document_text(store: Store) -> None:
    with pytest.raises(Exception, match=r"NULL|null") as refused, store.write() as tx:
        tx.execute(documents_table.insert().values(id="doc-1", text=PASSPORT.encode()))
    assert "manager" not in str(refused.value)


def test_opening_a_document_without_leaving_a_trace_is_refused(store: Store) -> None:
    record = add(store, PASSPORT)
    with store.read() as tx, pytest.raises(StoreError, match="audit log"):
        documents.open_document(tx, record.id, actor="usr-1", purpose="desk")


def test_reading_transaction_keeps_its_state_while_others_write(store: Store) -> None:
    add(store, PASSPORT)
    with store.read() as tx:
        before = len(tx.execute(select(documents_table.c.id)).all())
        add(store, CALM)
        assert len(tx.execute(select(documents_table.c.id)).all()) == before == 1


def test_embedded_database_is_for_its_owner_alone(tmp_path: Path) -> None:
    store = open_store(load_store_settings(data_dir=tmp_path / "data"))
    upgrade_store(store)
    store.close()
    assert (tmp_path / "data" / "tellsign.db").stat().st_mode & 0o077 == 0

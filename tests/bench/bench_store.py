"""How fast the store is with many documents in it: next item, queue page and search, on SQLite and PostgreSQL.

    python tests/bench/bench_store.py [DOCUMENTS] [--only sqlite|postgresql] [--sealed]

Documents are made-up words around invented sentences; their rows are copied in as taking them in would make them.
"""

import argparse
import base64
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import insert, select, text

from service.review import claims, decisions, queue
from service.review.filters import Filters
from service.review.search import search
from service.review.undo import undo
from service.store.document_tables import analyses, document_indicators, documents, spans
from service.store.erasure import outside_transactions
from service.store.review_tables import items
from service.store.search_index import add_to_index, index_kind
from service.store.settings import load_store_settings
from service.store.store import Store, Transaction, open_store
from service.store.upgrade import upgrade_store
from service.store.users import UserRecord
from tests.databases import running_postgres
from tests.documents import make_word
from tests.reviewing import CALM, DEBT, OFFER, PASSPORT, POLICY, person, put_in

DAYS, LANGUAGES, SOURCES = 90, ("en", "en", "en", "es", "fr"), ("api", "hotline", "upload")
KEY = "a:" + base64.b64encode(b"a" * 32).decode()
BATCH = 2_000
LIMITS = {"next item": 50, "search": 200}


def main() -> None:
    """Measure and print one table a database."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("documents", nargs="?", type=int, default=20_000)
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    parser.add_argument("--sealed", action="store_true", help="with a text key")
    options = parser.parse_args()
    for kind in ("sqlite", "postgresql"):
        if options.only in {None, kind}:
            try:
                with database(kind) as url:
                    measure(kind, url, options.documents, sealed=options.sealed)
            except pytest.skip.Exception as missing:
                print(f"{kind}: not measured: {missing}")


@contextmanager
def database(kind: str) -> Iterator[str]:
    if kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{Path(folder) / 'bench.db'}"
    else:
        with running_postgres() as server:
            yield server.create()


def measure(kind: str, url: str, count: int, *, sealed: bool) -> None:
    store = open_store(load_store_settings(database_url=url, text_keys=KEY if sealed else None))
    upgrade_store(store)
    began = time.perf_counter()
    fill(store, count)
    print(f"\n{kind}, {count:,} documents{', sealed' if sealed else ''}; filled in {time.perf_counter() - began:.0f} s")
    print(f"{'':42}{'p50 ms':>9}{'p95 ms':>9}{'max ms':>9}")
    for name, work, after, times in tasks(store, sealed=sealed):
        taken = [seconds(work, after) * 1_000 for _ in range(times)]
        p50, p95 = np.percentile(taken, [50, 95])
        limit = next((ms for word, ms in LIMITS.items() if name.startswith(word)), None)
        verdict = "" if limit is None else f"  {'within' if p95 < limit else 'OVER'} {limit} ms"
        print(f"{name:42}{p50:9.1f}{p95:9.1f}{max(taken):9.1f}{verdict}")
    store.close()


Task = tuple[str, Callable[[], Any], Callable[[Any], object], int]


def tasks(store: Store, *, sealed: bool) -> Iterator[Task]:
    """What is measured: its name, the call, what puts things back, and how often."""
    anna = person(store, "anna")

    def take(**filters: Any) -> str:
        claim = store.run(lambda tx: claims.claim_next(tx, POLICY, anna, filters=Filters(**filters)))
        assert claim is not None
        return claim.document

    def drop(document: str) -> None:
        store.run(lambda tx: claims.release_claim(tx, anna, document))

    def decide(document: str) -> None:
        store.run(lambda tx: decisions.decide_document(tx, POLICY, anna, document, "escalate", reason="As read."))

    def page(_: object = None) -> None:
        with store.read() as tx:
            first = queue.list_queue(tx, POLICY, anna)
            queue.list_queue(tx, POLICY, anna, cursor=first.cursor)

    yield "next item", take, drop, 300
    yield "next item after a verdict", take, decide, 200
    yield "next item of an indicator", lambda: take(indicator="debt_bondage"), drop, 100
    yield "next item of a rare language and source", lambda: take(language="fr", source="upload"), drop, 100
    held = take()
    yield "verdict", lambda: decide(held), lambda _: store.run(lambda tx: undo(tx, POLICY, anna, held)), 200
    yield "queue, two pages of 50", page, page, 50
    for name, query, filters in searches(sealed=sealed):
        yield f"search: {name}", partial(find, store, anna, query, filters), lambda _: None, 50


def searches(*, sealed: bool) -> Iterator[tuple[str, str, Filters]]:
    """What is searched for: a name, the query and filters."""
    yield "a word in every document", "the", Filters()
    yield "a word in a quarter", "harvest", Filters()
    yield "a word in one document", "needle4711", Filters()
    yield "two common words", "passport safe", Filters()
    if not sealed:
        yield "a phrase in a quarter", '"goes up each week"', Filters()
        yield "a phrase in none, of common words", '"week each up"', Filters()
        yield "a beginning", "harv*", Filters()
    yield "a word and filters", "harvest", Filters(indicator="debt_bondage", language="es")
    yield "a common word and filters that none fits", "the", Filters(language="es", verdict="no_concern")
    yield "filters alone", "", Filters(context="solicitation", score_from=0.9)
    yield "a verdict", "", Filters(verdict="escalate")
    yield "nothing found", "nowhereatall", Filters()


def find(store: Store, user: UserRecord, query: str, filters: Filters) -> None:
    with store.read() as tx:
        search(tx, POLICY, user, query, filters=filters)


def seconds(work: Callable[[], Any], after: Callable[[Any], object]) -> float:
    """How long the work took, without what puts things back afterwards."""
    began = time.perf_counter()
    result = work()
    took = time.perf_counter() - began
    after(result)
    return took


def fill(store: Store, count: int) -> None:
    """Take in one document of each kind, then copy their rows with other words, moments and priorities."""
    generator = random.Random(7)
    kinds = [put_in(store, words).number for words in (PASSPORT, DEBT, OFFER, CALM)]
    texts = [PASSPORT, DEBT, OFFER, CALM]
    vocabulary = [make_word(generator) for _ in range(20_000)]
    with store.read() as tx:
        patterns = [pattern(tx, number) for number in kinds]
    for first in range(len(kinds) + 1, count + 1, BATCH):
        with store.write() as tx:
            rows = {table: [] for table in (documents, analyses, spans, document_indicators, items)}  # type: ignore[var-annotated]
            for number in range(first, min(first + BATCH, count + 1)):
                words = f"{' '.join(generator.choices(vocabulary, k=120))} {texts[number % 4]} needle{number}"
                for table, row in copies(tx, patterns[number % 4], number, words, generator):
                    rows[table].append(row)
            for table, made in rows.items():
                # RETURNING makes it one statement for many rows, where the driver has nothing faster.
                tx.execute(insert(table).returning(next(iter(table.c))), made)
            how = index_kind(tx, sealed=store.cipher.key_id is not None)
            for row in rows[documents]:
                add_to_index(tx, row["number"], row.pop("words"), how)
    with store.write() as tx:
        for table in ("documents", "analyses", "spans"):
            if not store.is_sqlite:
                tx.execute(text(f"SELECT setval(pg_get_serial_sequence('{table}', 'number'), 10000000)"))
    # A minute later PostgreSQL would have done this by itself; SQLite has to do without.
    outside_transactions(store, sqlite=(), postgresql=("ANALYZE",))


Row = dict[str, Any]


def pattern(tx: Transaction, number: int) -> dict[Any, list[Row]]:
    """The rows of one document by table."""
    found: dict[Any, list[Row]] = {}
    for table, column in (
        (documents, documents.c.number),
        (analyses, analyses.c.document),
        (spans, spans.c.document),
        (document_indicators, document_indicators.c.document),
        (items, items.c.document),
    ):
        found[table] = [dict(row) for row in tx.execute(select(table).where(column == number)).mappings()]
    return found


def copies(
    tx: Transaction, rows: dict[Any, list[Row]], number: int, words: str, generator: random.Random
) -> Iterator[tuple[Any, Row]]:
    """The rows of another document like the one of the pattern."""
    document_id = f"doc-{number}"
    sealed = tx.store.cipher.seal(words.encode(), f"{document_id}:text")
    change = {
        "number": number,
        "id": document_id,
        "text": sealed.data,
        "analysis": number,
        "words": words,
        "cluster": f"cl-{number % (tx.now.microsecond + 9_973)}",
        "language": generator.choice(LANGUAGES),
        "source": generator.choice(SOURCES),
        "review_probability": generator.random(),
    }
    yield documents, {**rows[documents][0], **change}
    yield analyses, {**rows[analyses][0], "number": number, "document": number}
    for place, row in enumerate(rows[spans]):
        yield spans, {**row, "number": 10 * number + place, "document": number, "analysis": number}
    for row in rows[document_indicators]:
        yield document_indicators, {**row, "document": number}
    priority = rows[items][0]["priority"] + generator.random() - generator.random() * DAYS * POLICY.weight_age_per_day
    yield items, {**rows[items][0], "document": number, "priority": priority}


if __name__ == "__main__":
    main()

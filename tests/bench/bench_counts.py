"""How fast the figures of the dashboard are, with many documents and decisions in the store, on SQLite and PostgreSQL.

    python tests/bench/bench_counts.py [DOCUMENTS] [--only sqlite|postgresql]

A third of the documents is decided, half of these by two people, with a decision on every span. Nothing of it is a
measurement of a model: who decided what is drawn at random.
"""

import argparse
import random
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from service.review import counts, figures
from service.store.document_tables import documents, spans
from service.store.erasure import outside_transactions
from service.store.review_tables import decisions, items
from service.store.settings import load_store_settings
from service.store.store import Store, open_store
from service.store.upgrade import upgrade_store
from service.store.users import UserRecord
from tests.bench.bench_store import BATCH, DAYS, database, fill
from tests.reviewing import person

KINDS = ("confirm", "confirm", "confirm", "confirm", "reject", "insufficient")


def main() -> None:
    """Measure and print one table a database."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("documents", nargs="?", type=int, default=20_000)
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    options = parser.parse_args()
    for kind in ("sqlite", "postgresql"):
        if options.only in {None, kind}:
            try:
                with database(kind) as url:
                    measure(kind, url, options.documents)
            except pytest.skip.Exception as missing:
                print(f"{kind}: not measured: {missing}")


def measure(kind: str, url: str, count: int) -> None:
    store = open_store(load_store_settings(database_url=url))
    upgrade_store(store)
    fill(store, count)
    lead = person(store, "lena", "lead")
    made = decide(store, [person(store, name) for name in ("anna", "bela")], count)
    print(f"\n{kind}, {count:,} documents, {made:,} decisions")
    for name, work in tasks(store, lead):
        taken = sorted(seconds(work) * 1_000 for _ in range(5))
        print(f"{name:42}{taken[2]:9.1f} ms (median of 5){taken[-1]:9.1f} ms at most")
    store.close()


def tasks(store: Store, lead: UserRecord) -> list[tuple[str, Callable[[], Any]]]:
    """What is measured, by name; a period of thirty days where there is one."""
    month = {"since": store.now() - timedelta(days=30)}

    def reading(step: Callable[..., Any], *args: Any, **given: Any) -> Callable[[], Any]:
        def work() -> Any:
            with store.read() as tx:
                return step(tx, *args, **given)

        return work

    return [
        ("queue by state and age", reading(counts.count_queue)),
        ("documents a day, thirty days", reading(counts.count_days, days=30)),
        ("decisions by indicator, thirty days", reading(counts.count_decisions, **month)),
        ("decisions by indicator, all", reading(counts.count_decisions)),
        ("flags upheld, thirty days", reading(counts.count_flags, **month)),
        ("flags upheld, all", reading(counts.count_flags)),
        ("models", reading(counts.count_models)),
        ("what retention would erase", reading(counts.count_erasures, days=30)),
        ("drift", reading(figures.drift_figures, lead)),
        ("agreement of readers", reading(figures.agreement, lead)),
    ]


def seconds(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def decide(store: Store, people: list[UserRecord], count: int) -> int:
    """Write decisions as reviewing would, over the last days; returns how many."""
    generator, made = random.Random(11), 0
    for first in range(1, count // 3, BATCH):
        with store.write() as tx:
            wanted = documents.c.number.between(first, min(first + BATCH, count // 3) - 1)
            found = tx.execute(select(documents.c.number, documents.c.analysis).where(wanted)).all()
            of: dict[int, list[Any]] = {}
            for span in tx.execute(select(spans).where(spans.c.document.in_([row.number for row in found]))):
                of.setdefault(span.document, []).append(span)
            rows: list[dict[str, Any]] = []
            second: list[int] = []
            single: list[int] = []
            for row in found:
                twice = generator.random() < 0.5
                (second if twice else single).append(row.number)
                at = tx.now - timedelta(days=generator.random() * DAYS)
                for name, user in zip(("first", "second")[: 1 + twice], people, strict=False):
                    base = {
                        "document": row.number,
                        "analysis": row.analysis,
                        "reviewer": user.id,
                        "round": name,
                        "at": at,
                    }
                    for span in of.get(row.number, ()):
                        said = {"kind": generator.choice(KINDS), "span": span.number, "verdict": None}
                        rows.append({**base, **said, "indicator": span.indicator, "assertion": span.assertion})
                    verdict = generator.choice(("escalate", "escalate", "no_concern"))
                    none = {"span": None, "indicator": None, "assertion": None}
                    rows.append({**base, **none, "kind": "verdict", "verdict": verdict})
            tx.execute(insert(decisions), [{**row, "id": tx.store.ids("dec")} for row in rows])
            done = {"state": "done", "readable": False, "verdict": "escalate", "decided": tx.now}
            for numbers, who in ((single, dict[str, str]()), (second, {"second_reviewer": people[1].id})):
                reviewed = {"first_reviewer": people[0].id, **who}
                tx.execute(update(items).where(items.c.document.in_(numbers)).values(**done, **reviewed))
            made += len(rows)
    outside_transactions(store, sqlite=(), postgresql=("ANALYZE",))
    return made


if __name__ == "__main__":
    main()

"""What a server does before it listens, and by the side: tables, a first admin, examples, upkeep."""

import asyncio
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from classifier.document import Document
from service.analysis_queue import AnalysisQueue
from service.app import create_app
from service.desk.desk import open_desk
from service.desk.examples import SOURCE, load_examples
from service.desk.first_start import greeting, make_ready
from service.desk.settings import DeskSettings
from service.desk.upkeep import keep_up, running, tidy
from service.review.queue import count_items
from service.review.similar import list_similar
from service.settings import Settings
from service.store.document_tables import documents
from service.store.errors import StoreError
from service.store.sessions import open_session
from service.store.settings import load_store_settings
from service.store.store import Store, open_store
from service.store.users import list_users
from tests.desk_app import ADDRESS, CHEAP, desk_over, somebody
from tests.fakes import FakeAnalyzer
from tests.reviewing import POLICY, Clock, MakeStore
from tests.serving import load_model


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Of a database that is not there yet."""
    return f"sqlite:///{tmp_path / 'new.db'}"


@pytest.fixture
def new_store(url: str) -> Iterator[Store]:
    opened = open_store(load_store_settings(database_url=url))
    yield opened
    opened.close()


def start(store: Store, **settings: Any) -> list[str]:
    """Start and stop a service over a store; returns what it said to whoever started it."""
    told: list[str] = []
    app = create_app(Settings(desk=True), analyzer=FakeAnalyzer(), desk=desk_over(store, **settings), tell=told.append)
    with TestClient(app, base_url=ADDRESS) as client:
        assert client.get("/readyz").status_code == 200
    return told


def examples_there(store: Store) -> int:
    with store.read() as tx:
        wanted = select(documents.c.id).where(documents.c.source == SOURCE, documents.c.erased_at.is_(None))
        return len(tx.execute(wanted).all())


def test_first_start_makes_an_admin_whose_password_is_said_once(new_store: Store) -> None:
    told = start(new_store)
    assert len(told) == 1
    name, password = told[0].split("sign in as ")[1].split(" ")[0], told[0].split("password ")[1].split(" ")[0]
    assert greeting(password) == told[0]
    assert start(new_store) == []
    app = create_app(Settings(desk=True), analyzer=FakeAnalyzer(), desk=desk_over(new_store))
    with TestClient(app, base_url=ADDRESS) as client:
        answer = client.post("/v1/session", json={"name": name, "password": password}).json()
    assert (answer["user"]["role"], answer["password_change_needed"]) == ("admin", True)


def test_store_with_people_gets_no_admin(sqlite_store: Store) -> None:
    somebody(desk_over(sqlite_store), "ana", "lead")
    assert start(sqlite_store) == []
    with sqlite_store.read() as tx:
        assert [user.name for user in list_users(tx)] == ["ana"]


def test_servers_that_start_at_once_make_one_admin(make_store: MakeStore) -> None:
    """On either kind of database, each server with connections of its own."""
    told: list[str] = []
    ready = threading.Barrier(4)

    def serve() -> None:
        desk = desk_over(make_store())
        ready.wait(30)
        asyncio.run(make_ready(desk, AnalysisQueue(capacity=1), tell=told.append))

    servers = [threading.Thread(target=serve) for _ in range(4)]
    for server in servers:
        server.start()
    for server in servers:
        server.join(60)
    assert len(told) == 1
    with make_store().read() as tx:
        assert [user.role for user in list_users(tx)] == ["admin"]


def test_examples_come_with_the_first_start_only(new_store: Store) -> None:
    start(new_store, examples=True)
    assert examples_there(new_store) == len(load_examples()) >= 12
    start(new_store, examples=True)
    assert examples_there(new_store) == len(load_examples())


def test_examples_are_gone_when_they_are_turned_off(new_store: Store) -> None:
    start(new_store, examples=True)
    start(new_store, examples=False)
    assert examples_there(new_store) == 0
    with new_store.read() as tx:
        assert count_items(tx)["waiting"] == 0


def test_examples_hold_what_they_are_for() -> None:
    """Read by the model that ships: some flagged, some not, several indicators, and something denied."""
    analyses = {
        example.name: analysis
        for example, analysis in zip(
            load_examples(),
            load_model().analyze_many([Document(example.text) for example in load_examples()]),
            strict=True,
        )
    }
    flagged = {name for name, analysis in analyses.items() if analysis.review.flagged}  # type: ignore[union-attr]  # no errors here
    assert {"hotline-laundry", "farm-letter", "offer", "domestic-work", "controlled-earnings"} <= flagged
    assert not flagged & {"visit-note", "kitchen-job", "own-terms", "hard-shift"}
    states = {score.state for analysis in analyses.values() for score in analysis.indicators}  # type: ignore[union-attr]  # the same
    assert {"asserted", "negated"} <= states
    reasons = {reason for analysis in analyses.values() for reason in analysis.review.reasons}  # type: ignore[union-attr]  # the same
    assert len(reasons) >= 6


def test_examples_that_are_alike_are_one_cluster(new_store: Store) -> None:
    start(new_store, examples=True)
    desk = desk_over(new_store)
    user = somebody(desk, "ana")
    with new_store.read() as tx:
        wanted = select(documents.c.id).where(documents.c.external_id == "example-offer")
        found = list_similar(tx, POLICY, user, tx.execute(wanted).scalar_one())
        rows = tx.execute(select(documents.c.external_id, documents.c.cluster)).all()
    assert len(found) == 2
    clusters = {row.external_id: row.cluster for row in rows}
    offers = {"example-offer", "example-offer-copy", "example-offer-other-number"}
    assert len({clusters[name] for name in offers}) == 1
    assert clusters["example-offer"] not in {clusters[name] for name in clusters.keys() - offers}


def test_database_that_cannot_be_used_is_said_before_anyone_is_answered(tmp_path: Path) -> None:
    (tmp_path / "new.db").write_bytes(b"no database at all" * 100)
    store = open_store(load_store_settings(database_url=f"sqlite:///{tmp_path / 'new.db'}"))
    with pytest.raises(StoreError, match="cannot be used"):
        start(store)
    store.close()


def test_upkeep_forgets_sessions_that_have_ended(sqlite_store: Store, clock: Clock) -> None:
    user = somebody(desk_over(sqlite_store), "ana")
    with sqlite_store.write() as tx:
        open_session(tx, user.id, lifetime=timedelta(hours=1))
        open_session(tx, user.id, lifetime=timedelta(hours=3))
    clock.advance(hours=2)
    assert [sqlite_store.run(tidy) for _ in range(2)] == [1, 0]


def test_upkeep_goes_on_after_the_database_was_away(sqlite_store: Store) -> None:
    calls: list[object] = []
    enough = threading.Event()

    class Failing(Store):
        """Away the first time."""

        def run(self, work: Any) -> Any:
            calls.append(work)
            if len(calls) == 1:
                raise StoreError("away")
            if len(calls) == 3:
                enough.set()
            return super().run(work)

    store = Failing(sqlite_store.engine, load_store_settings())
    desk = open_desk(DeskSettings(**CHEAP), store=store, policy=POLICY)

    async def run() -> bool:
        async with running(desk, (lambda over: keep_up(over, every=0.01),)):
            return await asyncio.to_thread(enough.wait, 30)

    assert asyncio.run(run())


def test_reading_and_writing_leave_the_event_loop_free(sqlite_store: Store) -> None:

    desk = desk_over(sqlite_store)

    async def run() -> tuple[int, int, int]:
        return (
            threading.get_ident(),
            await desk.read(lambda _: threading.get_ident()),
            await desk.write(lambda _: threading.get_ident()),
        )

    loop, reader, writer = asyncio.run(run())
    assert loop not in {reader, writer}


def test_step_that_reads_cannot_write_to_the_audit_log(sqlite_store: Store) -> None:
    desk = desk_over(sqlite_store)
    with pytest.raises(StoreError):
        asyncio.run(desk.read(lambda tx: tx.audit("a", "b", "c")))

"""A desk behind a socket with people and documents in it, and what the browser tests do there."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import select

from service.desk.csrf import COOKIE
from service.desk.desk import Desk, open_desk
from service.desk.settings import DeskSettings
from service.desk.sign_in import open_for
from service.review.policy import ReviewPolicy
from service.review.records import DecisionRecord, read_records
from service.review.wellness import WellnessSettings
from service.store.audit_tables import audit
from service.store.documents import DocumentRecord
from service.store.review_tables import decisions
from service.store.settings import load_store_settings
from service.store.store import open_store
from service.store.upgrade import upgrade_store
from service.store.users import UserRecord
from tests.desk_app import CHEAP, desk_app, somebody
from tests.reviewing import POLICY, put_in
from tests.serving import run_server

# A page is several modules, and a busy machine may take its time over them.
PATIENCE = 20_000
expect.set_options(timeout=PATIENCE)

LAUGH = "\N{FACE WITH TEARS OF JOY}"
FAMILY = "\N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}"


class Site:
    """One served desk, the people at it, and what its browsers complained about.

    Args:
        desk: What is served.
        address: Where.
        browser: Opens its pages.
    """

    def __init__(self, desk: Desk, address: str, browser: Browser) -> None:
        self.desk = desk
        self.address = address
        self.trouble: list[str] = []
        self._browser = browser
        self._contexts: list[BrowserContext] = []

    def put_in(self, *texts: str) -> list[DocumentRecord]:
        """Queue documents, each named by its place."""
        return [put_in(self.desk.store, text, policy=self.desk.policy) for text in texts]

    def person(self, name: str = "ana", role: str = "analyst") -> UserRecord:
        return somebody(self.desk, name, role)

    def open(
        self, path: str, *, name: str | None = "ana", role: str = "analyst", width: int = 1280, **options: Any
    ) -> Page:
        """A page in a browser of its own, signed in as somebody, or as nobody."""
        options = {"reduced_motion": "reduce", **options}
        context = self._browser.new_context(viewport={"width": width, "height": 900}, **options)
        context.set_default_timeout(PATIENCE)
        self._contexts.append(context)
        if name is not None:
            user = self.person(name, role)
            with self.desk.store.write() as tx:
                token = open_for(tx, self.desk, user.id)
            context.add_cookies([{"name": COOKIE, "value": token, "url": self.address}])
        page = context.new_page()
        page.on("pageerror", lambda error: self.trouble.append(f"error: {error}"))
        page.on("console", lambda said: self.trouble.append(said.text) if said.type in {"error", "warning"} else None)
        page.on("request", lambda sent: None if sent.url.startswith(self.address) else self.trouble.append(sent.url))
        page.goto(f"{self.address}{path}")
        return page

    def open_next(self, **options: Any) -> Page:
        """The desk with the first document for somebody, ready for keys."""
        page = self.open("/queue", **options)
        page.get_by_role("button", name="Next").click()
        is_ready(page)
        return page

    def decisions(self) -> list[DecisionRecord]:
        """Every decision, undone or not, oldest first."""
        with self.desk.store.read() as tx:
            return read_records(tx, decisions.c.number > 0)

    def audited(self, action: str) -> Sequence[Any]:
        """Actor, subject and detail of every entry of one kind."""
        with self.desk.store.read() as tx:
            wanted = select(audit.c.actor, audit.c.subject, audit.c.detail).where(audit.c.action == action)
            return tx.execute(wanted.order_by(audit.c.seq)).all()

    def close(self) -> None:
        for context in self._contexts:
            context.close()


def make_template(folder: Path) -> Path:
    """A database in the folder with tables and nothing in them."""
    store = open_store(load_store_settings(data_dir=folder))
    upgrade_store(store)
    store.close()
    return folder / "tellsign.db"


@contextmanager
def open_site(
    browser: Browser, template: Path, folder: Path, *, policy: ReviewPolicy = POLICY, **wellness: Any
) -> Iterator[Site]:
    """A desk over a copy of a database with tables; whatever its pages do, they must stay quiet."""
    shutil.copy(template, folder / "tellsign.db")
    store = open_store(load_store_settings(data_dir=folder))
    desk = open_desk(DeskSettings(**CHEAP), store=store, policy=policy, wellness=WellnessSettings(**wellness))
    with run_server(desk_app(desk)) as address:
        site = Site(desk, address, browser)
        yield site
        site.close()
    store.close()
    assert site.trouble == []


def is_ready(page: Page) -> None:
    """Waits until a desk answers to keys."""
    expect(page.locator("html.scripted #desk")).to_be_visible()


def is_at(page: Page, document: DocumentRecord) -> None:
    """Waits until a document is on the desk, and the desk answers to keys."""
    expect(page.locator("html.scripted #desk")).to_have_attribute("data-document", document.id)


def choose_word(page: Page, words: str) -> dict[str, float]:
    """The box of words that stand in one text node of the text."""
    box: dict[str, float] = page.evaluate(
        """words => {
            const walker = document.createTreeWalker(document.querySelector("#marked"), NodeFilter.SHOW_TEXT);
            while (walker.nextNode()) {
                const at = walker.currentNode.data.indexOf(words);
                if (at >= 0) {
                    const range = document.createRange();
                    range.setStart(walker.currentNode, at);
                    range.setEnd(walker.currentNode, at + words.length);
                    const box = range.getBoundingClientRect();
                    return {left: box.left, right: box.right, middle: box.top + box.height / 2};
                }
            }
        }""",
        words,
    )
    return box

"""Sign-in, search, dashboard and admin in a real browser, most of it with scripts turned off: none of it needs them."""

import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from service.desk.accounts import add_account
from service.review import checks, claims, decisions
from service.store.documents import list_spans
from service.store.webhooks import add_webhook, change_webhook, emit, list_deliveries, mark_failed
from tests.desk_app import PASSWORD
from tests.e2e.browsing import overflow
from tests.e2e.desk_browsing import Site
from tests.reviewing import CALM, DEBT, OFFER, PASSPORT

pytestmark = pytest.mark.e2e

AXE = Path(__file__).parents[2] / ".ci" / "node" / "node_modules" / "axe-core" / "axe.min.js"
NAMED = f"My name is Ramona Stoica, call 555-0134. {PASSPORT}"
OTHER = "another horse, same battery"
PAGES = (
    "/dashboard",
    "/dashboard/agreement?spans=on",
    "/search?q=passport&state=waiting",
    "/account",
    "/password",
    "/admin",
    "/admin/people",
    "/admin/keys",
    "/admin/webhooks",
    "/admin/retention",
    "/admin/checks",
    "/admin/audit",
)


def sign_in(page: Page, name: str = "ana", password: str = PASSWORD) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def fill(site: Site) -> None:
    """Something of everything that the pages show."""
    document = site.put_in(NAMED, DEBT, OFFER, CALM)[0].id
    ana, lead = site.person(), site.person("lena", "lead")
    with site.desk.store.write() as tx:
        claims.claim_item(tx, site.desk.policy, ana, document)
        for span in list_spans(tx, document):
            decisions.decide_span(tx, ana, document, decisions.SpanDecision("confirm", span=span.number))
        decisions.decide_document(tx, site.desk.policy, ana, document, "escalate")
        _, hook = add_webhook(tx, "https://example.org/hook", events=["document.created"], actor="system")
        emit(tx, "document.created", {"document": "doc-x"})
        # Off in the same step, so that the server sends nothing.
        change_webhook(tx, hook.id, actor="system", active=False)
        mark_failed(tx, list_deliveries(tx)[0].id, error="another status than 2xx", status=500)
    hidden = site.put_in(f"{PASSPORT} The gate is locked.")[0]
    with site.desk.store.write() as tx:
        checks.make_check(tx, lead, hidden.id, verdict="escalate", indicators=("document_retention",))


def test_lockout_is_said_and_the_right_way_in_leads_on(site: Site) -> None:
    site.person()
    page = site.open("/search", name=None, java_script_enabled=False)
    expect(page).to_have_url(f"{site.address}/sign-in?next=%2Fsearch")
    sign_in(page, password="not that one")  # noqa: S106 - a wrong one
    expect(page.get_by_role("alert")).to_contain_text("The name or the password is wrong.")
    expect(page.get_by_role("alert")).to_contain_text("5 failures in a row close an account for 15 minutes")
    expect(page.get_by_label("Name")).to_have_value("ana")
    expect(page.get_by_label("Password")).to_have_value("")
    sign_in(page)
    expect(page).to_have_url(f"{site.address}/search")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("status")).to_contain_text("You are signed out.")
    page.goto(f"{site.address}/dashboard")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    # The browser itself notes the refused sign-in on its console.
    assert [said for said in site.trouble if "status of 401" not in said] == []
    site.trouble.clear()


def test_newcomer_chooses_a_password_first(site: Site) -> None:
    _, once = add_account(site.desk, "new", role="analyst", actor="system")
    assert once is not None
    page = site.open("/queue", name=None)
    sign_in(page, "new", once)
    expect(page.get_by_role("heading", name="Choose a password of your own")).to_be_visible()
    page.get_by_label("Password until now").fill(once)
    page.get_by_label("New password", exact=True).fill(OTHER)
    page.get_by_label("New password, once more").fill(OTHER)
    page.get_by_role("button", name="Take this password").click()
    expect(page).to_have_url(f"{site.address}/queue")


def test_search_finds_narrows_and_pages(site: Site) -> None:
    site.put_in(NAMED, *(f"{PASSPORT} Note {number}." for number in range(11)), OFFER)
    page = site.open("/search", java_script_enabled=False)
    page.get_by_label("Words of the text").fill("passport")
    page.get_by_role("button", name="Search").click()
    expect(page.locator(".result-card")).to_have_count(10)
    page.get_by_role("link", name="Older").click()
    expect(page.locator(".result-card")).to_have_count(2)
    oldest = page.locator(".result-card").last
    expect(oldest.locator("mark")).to_have_text("passport")
    expect(oldest).to_contain_text("█")
    expect(oldest).not_to_contain_text("Stoica")
    page.get_by_role("link", name="Newest").click()
    page.get_by_text("Filters", exact=True).click()
    page.get_by_label("Kind of text").select_option("solicitation")
    page.get_by_label("Words of the text").fill("")
    page.get_by_role("button", name="Search").click()
    expect(page.locator(".result-card")).to_have_count(1)
    expect(page.get_by_text("Filters (1 set)")).to_be_visible()
    page.locator(".result-card a").first.click()
    expect(page).to_have_url(re.compile("/desk/doc-"))


def test_dashboard_counts_and_leads_see_more(site: Site) -> None:
    fill(site)
    page = site.open("/dashboard")
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="Waiting"))
    expect(row.get_by_role("cell").first).to_have_text("3")
    expect(page.get_by_role("img", name="In the last 30 days 5 documents came in and 1 were decided")).to_be_visible()
    expect(page.get_by_text("too few to say").first).to_be_visible()
    expect(page.get_by_role("link", name="Agreement and people")).to_have_count(0)
    page.get_by_role("link", name="7 days").click()
    expect(page).to_have_url(f"{site.address}/dashboard?days=7")
    lead = site.open("/dashboard", name="lena", role="lead")
    lead.get_by_role("link", name="Agreement and people").click()
    expect(lead.get_by_role("table").filter(has_text="Heaviest day")).to_contain_text("ana")
    lead.get_by_role("link", name="Admin").click()
    expect(lead.get_by_role("navigation", name="Admin").get_by_role("link")).to_have_text(["Retention", "Check items"])


def test_admin_makes_a_key_that_works_once_shown(site: Site) -> None:
    page = site.open("/admin/keys", name="ada", role="admin", java_script_enabled=False)
    page.get_by_label("What it is for").fill("intake")
    page.get_by_label("submit send documents").check()
    page.get_by_role("button", name="Make the key").click()
    token = page.locator("#token").inner_text()
    headers = {"Authorization": f"Bearer {token}"}

    def submit() -> int:
        sent = {"text": PASSPORT}
        return httpx.post(f"{site.address}/v1/documents", json=sent, headers=headers, trust_env=False).status_code

    assert submit() == 201
    page.get_by_role("link", name="It is noted").click()
    expect(page.get_by_text(token)).to_have_count(0)
    page.get_by_role("button", name="End intake").click()
    expect(page.get_by_role("status")).to_contain_text("The key is ended.")
    assert submit() == 401


def test_admin_verifies_the_audit_log_and_follows_a_subject(site: Site) -> None:
    fill(site)
    page = site.open("/admin/audit", name="ada", role="admin")
    page.get_by_role("button", name="Verify").click()
    expect(page.get_by_role("status")).to_contain_text("entries are as written.")
    page.get_by_label("By (name or id)").fill("ana")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("rowheader", name="decision.made")).to_have_count(2)
    page.get_by_role("row").filter(has_text="decision.made").first.get_by_role("link").click()
    expect(page.get_by_role("rowheader", name="document.created")).to_be_visible()


def test_pages_need_no_sideways_scrolling(site: Site) -> None:
    fill(site)
    page = site.open("/admin", name="ada", role="admin", width=360)
    wide = {}
    for path in PAGES:
        page.goto(f"{site.address}{path}")
        for width in (360, 768, 1920):
            page.set_viewport_size({"width": width, "height": 900})
            if overflow(page):
                wide[path, width] = overflow(page)
    assert wide == {}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("width", "scheme", "paths"),
    # In the dark, the pages that have colours of their own.
    [
        (1280, "light", tuple(path for path in PAGES if path != "/admin")),
        (360, "dark", ("/dashboard", "/search?q=passport", "/admin/webhooks")),
    ],
    ids=["wide and light", "narrow and dark"],
)
def test_no_accessibility_rule_is_broken(site: Site, width: int, scheme: str, paths: tuple[str, ...]) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed: npm ci --prefix .ci/node")
    fill(site)
    axe, broken = AXE.read_text(encoding="utf-8"), {}
    outside = site.open("/sign-in?done=out", name=None, width=width, color_scheme=scheme)
    inside = site.open("/admin", name="ada", role="admin", width=width, color_scheme=scheme)
    for page, path in ((outside, "/sign-in?done=out"), *((inside, path) for path in paths)):
        page.goto(f"{site.address}{path}")
        page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true; })")
        page.evaluate(axe)
        options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
        result = page.evaluate("options => axe.run(document, options)", options)
        found = [(rule["id"], node["html"][:160]) for rule in result["violations"] for node in rule["nodes"]]
        if found:
            broken[path] = found
    assert broken == {}

"""The desk for everyone: readers who need care, leads, narrow and wide windows, no script, a screen reader."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from service.review.policy import ReviewPolicy
from tests.e2e.browsing import overflow
from tests.e2e.desk_browsing import Site, is_at, is_ready, open_site
from tests.e2e.test_page_access import AXE
from tests.reviewing import CALM, DEBT, OFFER, PASSPORT, decide

pytestmark = pytest.mark.e2e

NOTICE = "Indicators for human review. Not a finding about any person."
NAMED = f"My name is Ana Example, call me on 555-0142. {PASSPORT}"


def test_lead_decides_between_two_readings(site: Site) -> None:
    (document,) = site.put_in(PASSPORT)
    twice = ReviewPolicy(second_share=1, check_share=0)
    first, second = site.person("bo"), site.person("cy")
    decide(site.desk.store, first, document.id, "escalate", policy=twice)
    decide(site.desk.store, second, document.id, "no_concern", policy=twice)
    page = site.open("/queue?state=adjudication", name="lee", role="lead")
    page.get_by_role("button", name="Next dispute").click()
    is_at(page, document)
    table = page.get_by_role("table")
    expect(table.locator(".verdicts td")).to_have_text(["EscalateAs read.", "No concernAs read."])
    expect(table).not_to_contain_text("bo")
    expect(page.get_by_label("Needs a second look")).to_have_count(0)
    page.keyboard.press("Shift+N")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Why?")).to_contain_text("adjudicating")
    page.keyboard.press("4")
    expect(page.get_by_text("Nothing waits for you here.")).to_be_visible()
    assert site.decisions()[-1].round == "adjudication"


def test_cluster_is_decided_at_once(site: Site) -> None:
    documents = site.put_in(OFFER, f"{OFFER} Soon.", f"{OFFER} Today.", CALM)
    page = site.open_next()
    is_at(page, documents[0])
    expect(page.get_by_text("2 nearly the same")).to_be_visible()
    page.keyboard.press("d")
    expect(page.get_by_label("Verdict for all")).to_be_focused()
    page.get_by_label("Verdict for all").select_option("Escalate")
    page.locator("#cluster-reason").fill("One message sent three times")
    page.keyboard.press("Enter")
    is_at(page, documents[3])
    made = site.decisions()
    assert {one.document for one in made} == {one.id for one in documents[:3]}
    assert len({one.batch for one in made}) == 1


def test_names_are_hidden_until_a_reason_is_given_and_audited(site: Site) -> None:
    (document,) = site.put_in(NAMED)
    page = site.open_next()
    text = page.locator("#marked")
    expect(text).to_contain_text("My name is")
    assert "Example" not in page.content()
    assert "0142" not in page.content()
    expect(page.get_by_role("img", name="hidden: name 1")).to_be_visible()
    page.keyboard.press("m")
    page.keyboard.press(" ")
    page.get_by_role("button", name="Show what is hidden").click()
    expect(text).to_contain_text("My name is Ana Example, call me on 555-0142")
    ana = site.person()
    assert [tuple(entry) for entry in site.audited("document.unmasked")] == [
        (ana.id, document.id, json.dumps({"reason": "Needed to decide on this document"}, separators=(",", ":")))
    ]
    page.keyboard.press("j")
    page.keyboard.press("y")
    expect(page.locator("#row-1 .badge")).to_have_text("confirmed")
    expect(text).to_contain_text("Ana Example")
    assert "Example" not in site.open("/queue").content()


def test_heavy_text_is_blurred_and_a_pause_is_offered(browser: Browser, desk_template: Path, tmp_path: Path) -> None:
    policy = ReviewPolicy(second_share=0, check_share=0, heavy_indicators=frozenset({"debt_bondage"}))
    with open_site(browser, desk_template, tmp_path, policy=policy, pause_after_heavy=1) as site:
        site.put_in(DEBT, f"{DEBT} The end.")
        page = site.open_next()
        text, reading = page.locator("#marked"), page.locator("#reading")
        expect(text).to_have_css("filter", re.compile("blur"))
        assert text.evaluate("element => element.inert") is True
        page.keyboard.press("v")
        expect(text).to_have_css("filter", "none")
        page.keyboard.press("g")
        expect(page.locator("#desk")).to_have_css("filter", re.compile("grayscale"))
        page.keyboard.press("j")
        page.keyboard.press("y")
        expect(page.locator("#row-1 .badge")).to_have_text("confirmed")
        expect(reading).not_to_have_class("blurred")
        expect(page.get_by_text("1 heavy since the last pause")).to_be_visible()
        page.locator(".pause").get_by_role("button", name="Take a pause").click()
        expect(page.get_by_role("heading", name="Take your time")).to_be_visible()
        page.get_by_role("link", name="Back to work").click()
        is_ready(page)
        expect(page.locator(".pause")).to_have_count(0)
        expect(page.locator("#desk")).to_have_class("review-desk grey")


def test_referrals_of_a_country_are_shown_in_place(site: Site) -> None:
    site.put_in(PASSPORT)
    page = site.open_next()
    page.get_by_text("Whom a person in need can be told of").click()
    page.get_by_label("Country").select_option("Argentina")
    expect(page.locator("#referrals")).to_contain_text("Línea 145")
    expect(page.locator("#referrals")).to_contain_text("Check before use")
    page.reload()
    page.get_by_text("Whom a person in need can be told of").click()
    expect(page.get_by_role("heading", name="Whom a person can be told of: Argentina")).to_be_visible()


def test_desk_works_without_script(site: Site) -> None:
    first, second = site.put_in(NAMED, CALM)
    page = site.open("/queue", java_script_enabled=False)
    page.get_by_role("button", name="Next document").click()
    page.get_by_role("button", name="Confirm span 1").click()
    expect(page.locator("#row-1 .badge")).to_have_text("confirmed")
    page.get_by_role("link", name="Change").click()
    page.get_by_label("One past the last").fill("60")
    page.get_by_label("Reason, needed for a change").fill("Too long")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#row-1 .badge")).to_have_text("changed")
    page.get_by_label("No concern").check()
    page.get_by_label("Reason for the verdict").fill("A matter of ordinary work")
    page.get_by_role("button", name="Decide, next").click()
    expect(page.locator("#desk")).to_have_attribute("data-document", second.id)
    assert [one.kind for one in site.decisions()] == ["confirm", "change", "verdict"]
    assert site.decisions()[1].end == 60
    assert site.decisions()[2].document == first.id


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1920, "dark")])
def test_desk_fits_every_window_and_breaks_no_accessibility_rule(site: Site, width: int, scheme: str) -> None:
    document, *_ = site.put_in(
        f"{NAMED} {'x' * 300} {DEBT} The gate is open at all hours.", f"{OFFER} A.", f"{OFFER} B.", OFFER
    )
    page = site.open_next(width=width, color_scheme=scheme)
    is_at(page, document)
    page.keyboard.press("j")
    examine(page)
    page.keyboard.press("e")
    examine(page)
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_in_viewport()
    page.keyboard.press("Escape")
    page.keyboard.press("Shift+E")
    page.keyboard.press("Enter")
    expect(page.get_by_text("2 nearly the same")).to_be_visible()
    for summary in page.locator("#desk summary").all():
        summary.click()
    examine(page)
    page.goto(f"{site.address}/queue?indicator=debt_bondage")
    examine(page)


def examine(page: Page) -> None:
    """No sideways scrolling, the notice in view, and nothing that axe finds."""
    assert overflow(page) == 0
    expect(page.get_by_text(NOTICE, exact=True)).to_be_in_viewport()
    if not AXE.exists():
        return
    if page.evaluate("typeof axe") == "undefined":
        # Not as a script element: the policy of the page would refuse it.
        page.evaluate(AXE.read_text(encoding="utf-8"))
    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    # Only what is wrong is asked for: the rest is long, and takes long.
    options = {"runOnly": rules, "resultTypes": ["violations"]}
    result = page.evaluate("options => axe.run(document, options)", options)
    assert [(rule["id"], node["html"][:160]) for rule in result["violations"] for node in rule["nodes"]] == []

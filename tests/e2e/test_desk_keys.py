"""The review desk by keys and by mouse: whole documents, spans and their ends, reasons, undo."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.desk_app import PASSWORD
from tests.e2e.desk_browsing import FAMILY, LAUGH, Site, choose_word, is_at, is_ready
from tests.reviewing import CALM, DEBT, OFFER, PASSPORT

pytestmark = pytest.mark.e2e

# Behind characters of two UTF-16 units, where offsets of the page and of the server would differ.
ODD = f"{LAUGH}{LAUGH} {FAMILY} {PASSPORT}"
RENT = "The room is with us. It goes up each week, whatever I pay back, and I ask each time."


def sign_in(page: Page, name: str) -> None:
    """By keyboard alone."""
    page.get_by_label("Name").focus()
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    # Shown by the script, so keys work from here on.
    expect(page.locator("#next-form kbd")).to_be_visible()


def test_ten_documents_are_worked_by_keyboard_alone(site: Site) -> None:
    texts = [PASSPORT, DEBT, OFFER, CALM, f"{PASSPORT} {DEBT}", f"{OFFER} {DEBT}", f"{OFFER} {CALM}", ODD, RENT]
    documents = site.put_in(*texts, "The gate is open at all hours. He keeps our passports.")
    site.person()
    page = site.open("/", name=None)
    sign_in(page, "ana")
    page.keyboard.press("Enter")
    desk = page.locator("#desk")
    for _ in documents:
        is_ready(page)
        document = desk.get_attribute("data-document")
        verdict = "Shift+E" if "Worth reading" in page.locator(".model-says").inner_text() else "Shift+N"
        # Faster than any answer comes: each key waits for its turn.
        for key in ("v", "j", "y", "j", "x", verdict, "Enter"):
            page.keyboard.press(key)
        expect(page.locator(f"#desk[data-document='{document}']")).to_have_count(0)
    expect(page.get_by_text("Nothing waits for you here.")).to_be_visible()
    made = site.decisions()
    assert {record.document for record in made if record.kind == "verdict"} == {one.id for one in documents}
    assert sum(record.kind == "confirm" for record in made) == len(documents)


def test_text_on_the_page_is_the_text_code_point_for_code_point(site: Site) -> None:
    site.put_in(f"{ODD}\r\n\x07 {RENT}")
    page = site.open_next()
    shown = page.locator("#marked")
    expect(shown).to_contain_text("whatever I pay back")
    assert shown.text_content() == f"{ODD}\n\n\N{SYMBOL FOR BELL} {RENT}"


def test_span_is_changed_by_keys(site: Site) -> None:
    (document,) = site.put_in(ODD)
    page = site.open_next()
    is_at(page, document)
    for keys in ("j e", "Control+ArrowLeft Control+ArrowLeft ArrowRight ArrowLeft", "Shift+Control+ArrowRight", "1 t"):
        for key in keys.split():
            page.keyboard.press(key)
    expect(page.locator(".draft")).to_have_text('manager took my passport "for registration" and it is still in')
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Why?")).to_contain_text("changing a span")
    page.keyboard.press("5")
    expect(page.locator("#row-1 .badge")).to_have_text("changed")
    (made,) = site.decisions()
    assert made.kind == "change"
    assert ODD[made.start : made.end] == 'manager took my passport "for registration" and it is still in'
    assert (made.indicator, made.assertion) == ("abuse_of_vulnerability", "negated")
    assert made.reason == "Too many or too few words marked"
    expect(page.locator(".counter .span-row")).to_have_count(1)


def test_span_is_changed_by_dragging_its_ends(site: Site) -> None:
    (document,) = site.put_in(ODD)
    page = site.open_next()
    is_at(page, document)
    page.keyboard.press("j")
    page.keyboard.press("e")
    for grip, words, side in (("end", "and", "right"), ("start", "took", "left")):
        box = choose_word(page, words)
        handle = page.locator(f".grip[data-grip={grip}]").bounding_box()
        assert handle is not None
        page.mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2)
        page.mouse.down()
        page.mouse.move(box[side] + 20, box["middle"])
        page.mouse.move(box[side], box["middle"], steps=3)
        page.mouse.up()
    expect(page.locator(".draft")).to_have_text('took my passport "for registration" and')
    page.get_by_role("button", name="Save").first.click()
    page.keyboard.press("5")
    expect(page.locator("#row-1 .words")).to_have_text('took my passport "for registration" and')
    (made,) = site.decisions()
    assert ODD[made.start : made.end] == 'took my passport "for registration" and'


def test_span_is_added_by_selecting_words(site: Site) -> None:
    (document,) = site.put_in(ODD)
    page = site.open_next()
    is_at(page, document)
    page.keyboard.press("a")
    box = choose_word(page, "I want to go home")
    page.mouse.move(box["left"], box["middle"])
    page.mouse.down()
    page.mouse.move(box["right"], box["middle"], steps=3)
    page.mouse.up()
    expect(page.locator(".draft")).to_have_text("I want to go home")
    page.keyboard.press("3")
    page.keyboard.press("Enter")
    expect(page.locator("#row-2 .badge")).to_have_text("added by you")
    (made,) = site.decisions()
    assert (made.kind, made.indicator, made.assertion) == ("add", "restriction_of_movement", "asserted")
    assert ODD[made.start : made.end] == "I want to go home"


def test_number_opens_the_change_to_another_indicator(site: Site) -> None:
    site.put_in(PASSPORT)
    page = site.open_next()
    page.keyboard.press("j")
    page.keyboard.press("Shift+Digit3")
    expect(page.get_by_label("Third-party control")).to_be_checked()
    page.keyboard.press("Escape")
    expect(page.locator("#edit")).to_be_hidden()
    assert site.decisions() == []


def test_rejecting_asks_for_a_reason_and_undo_takes_it_back(site: Site) -> None:
    site.put_in(PASSPORT)
    page = site.open_next()
    page.keyboard.press("j")
    page.keyboard.press("n")
    page.keyboard.press("Escape")
    assert site.decisions() == []
    page.keyboard.press("n")
    page.get_by_label(re.compile("own words")).fill("The safe is the worker's own.")
    page.keyboard.press("Enter")
    expect(page.locator("#row-1 .badge")).to_have_text("rejected")
    expect(page.locator("#row-1")).to_contain_text("The safe is the worker's own.")
    page.keyboard.press("u")
    expect(page.locator("#row-1 .badge")).to_have_count(0)
    assert [record.kind for record in site.decisions() if record.undone] == ["reject"]


def test_undo_after_the_verdict_brings_the_document_back(site: Site) -> None:
    first, second = site.put_in(PASSPORT, CALM)
    page = site.open_next()
    is_at(page, first)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Choose a verdict first")
    page.keyboard.press("Shift+E")
    page.keyboard.press("Enter")
    is_at(page, second)
    page.keyboard.press("u")
    is_at(page, first)
    expect(page.locator("#desk")).to_have_attribute("data-holds", "yes")
    page.keyboard.press("Shift+N")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Why?")).to_contain_text("no concern about a flagged document")
    page.keyboard.press("3")
    is_at(page, second)
    standing = [(one.document, one.verdict) for one in site.decisions() if one.kind == "verdict" and not one.undone]
    assert standing == [(first.id, "no_concern")]


def test_keys_can_be_turned_off(site: Site) -> None:
    site.put_in(PASSPORT)
    page = site.open_next()
    page.keyboard.press("?")
    page.get_by_label("Keys are on").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page.locator(".span-row.current")).to_have_count(0)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()

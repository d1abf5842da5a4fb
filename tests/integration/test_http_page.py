"""The analyze page as the server renders it: what it says, and that nothing submitted becomes markup."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from starlette.testclient import TestClient

from classifier.document import NOTICE, Document, Tier
from classifier.taxonomy import load_taxonomy
from service.web.examples import load_examples
from service.web.reading import build_reading
from tests.fakes import FakeAnalyzer
from tests.serving import open_client

EXAMPLES = {example.name: example.text for example in load_examples()}


class Page(HTMLParser):
    """The text inside the element of an id, and every tag of the page with its attributes."""

    def __init__(self, html: str, element: str = "marked") -> None:
        super().__init__()
        self.element, self.depth, self.text = element, 0, ""
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if self.depth or dict(attrs).get("id") == self.element:
            self.depth += 1

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - the name is the base class's
        self.depth -= bool(self.depth)

    def handle_data(self, data: str) -> None:
        if self.depth:
            self.text += data


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with open_client(FakeAnalyzer(max_characters=5_000)) as opened:
        yield opened


def submit(client: TestClient, text: str) -> str:
    response = client.post("/analyze", data={"text": text})
    assert response.status_code == 200
    return response.text


def test_empty_page_holds_form_examples_and_notice(client: TestClient) -> None:
    html = client.get("/analyze").text
    assert NOTICE in html
    assert 'for="text"' in html
    assert all(f"example={name}" in html for name in EXAMPLES)
    assert 'id="verdict"' not in html


def test_page_has_no_inline_script_style_or_foreign_address(client: TestClient) -> None:
    """The content security policy would break the page if it had."""
    for html in (client.get("/analyze").text, submit(client, EXAMPLES["disclosure"])):
        page = Page(html)
        assert [attributes for tag, attributes in page.tags if tag == "script" and not attributes.get("src")] == []
        assert [tag for tag, _ in page.tags if tag == "style"] == []
        named = [(tag, name) for tag, attributes in page.tags for name in attributes]
        assert [entry for entry in named if entry[1] == "style" or entry[1].startswith("on")] == []
        links = [attributes.get(name) or "" for _, attributes in page.tags for name in ("src", "href", "action")]
        assert [link for link in links if link and not link.startswith(("/", "#"))] == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_fills_the_box(client: TestClient, name: str) -> None:
    assert Page(client.get(f"/analyze?example={name}").text, "text").text.removeprefix("\n") == EXAMPLES[name]


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("disclosure", "Worth reading"),
        ("offer", "Worth reading"),
        ("guidance", "No indicators above threshold"),
        ("ordinary", "No indicators above threshold"),
        ("denial", "No indicators above threshold"),
    ],
)
def test_example_gets_its_verdict(client: TestClient, name: str, verdict: str) -> None:
    assert verdict in Page(submit(client, EXAMPLES[name]), "verdict").text


def test_marked_text_is_the_submitted_text(client: TestClient) -> None:
    for text in EXAMPLES.values():
        assert Page(submit(client, text)).text == text


def test_line_ends_of_the_form_are_those_of_the_box(client: TestClient) -> None:
    """A browser sends CR LF for each line end; counted as two, all offsets after it would be off."""
    html = submit(client, "One line.\r\nHe keeps our passports.\r\n")
    assert Page(html).text == "One line.\nHe keeps our passports.\n"
    assert 'data-start="13"' in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script> he keeps our passports <img src=x onerror=alert(1)>",
        "keeps our passports</textarea><script>alert(1)</script>",
        'keeps our passports" onfocus="alert(1)\' &lt;b&gt; {{ 7 * 7 }}',
        "\nkeeps our passports after a line feed",
    ],
)
def test_submitted_markup_stays_text(client: TestClient, text: str) -> None:
    html = submit(client, text)
    page = Page(html)
    assert page.text == text
    assert Page(html, "text").text.removeprefix("\n") == text
    assert [attributes for tag, attributes in page.tags if tag == "script"] == [
        {"type": "module", "src": "/static/page.js"}
    ]
    assert "img" not in [tag for tag, _ in page.tags]
    assert "49" not in page.text


def test_controls_are_shown_one_for_one(client: TestClient) -> None:
    text = Page(submit(client, "a\x00b\x1b[31m\x85 keeps our passports")).text
    assert text == "a\N{SYMBOL FOR NULL}b\N{SYMBOL FOR ESCAPE}[31m\N{REPLACEMENT CHARACTER} keeps our passports"


@pytest.mark.parametrize(("tier", "said"), [("fast", "fast (linear model alone)"), ("deep", "deep (with the encoder)")])
def test_page_says_how_the_text_was_read(tier: Tier, said: str) -> None:
    with open_client(FakeAnalyzer(tier=tier)) as opened:
        assert f"<dt>Tier</dt><dd>{said}</dd>" in submit(opened, EXAMPLES["ordinary"])


def test_why_shows_definition_sum_question_and_citation(client: TestClient) -> None:
    why = Page(submit(client, EXAMPLES["disclosure"]), "why-restriction_of_movement").text
    indicator = load_taxonomy().indicator("restriction_of_movement")
    assert indicator.definition in why
    assert indicator.question in why
    assert indicator.citation in why
    for amount in ("−3.00", "+5.20", "+0.25", "+2.45"):
        assert amount in why


def test_all_indicators_have_a_meter_with_a_name_and_a_text_value(client: TestClient) -> None:
    page = Page(submit(client, EXAMPLES["disclosure"]))
    meters = [attributes for _, attributes in page.tags if attributes.get("role") == "meter"]
    titles = {indicator.title for indicator in load_taxonomy().indicators}
    assert {meter["aria-label"] for meter in meters} == titles | {"Worth a person's time"}
    assert all(re.fullmatch(r"\S+ %, threshold \S+ %, .+", meter["aria-valuetext"] or "") for meter in meters)


def test_flagged_indicators_come_first_and_those_spoken_of_next(client: TestClient) -> None:
    html = submit(client, "He keeps our passports. The gate is open at all hours.")
    order = re.findall(r'id="why-(\w+)"', html)
    assert order[:2] == ["document_retention", "restriction_of_movement"]
    assert len(order) == 17


def test_references_between_elements_all_lead_somewhere(client: TestClient) -> None:
    page = Page(submit(client, EXAMPLES["disclosure"] + EXAMPLES["denial"]))
    ids = [attributes["id"] for _, attributes in page.tags if attributes.get("id")]
    assert len(ids) == len(set(ids))
    wanted = [(attributes.get("href") or "").removeprefix("#") for _, attributes in page.tags]
    wanted = [target for target in wanted if target and not target.startswith("/")]
    for name in ("aria-describedby", "aria-labelledby", "for"):
        wanted += [target for _, attributes in page.tags for target in (attributes.get(name) or "").split()]
    assert {target for target in wanted if target not in ids} == set()


@pytest.mark.parametrize(
    ("fields", "status", "title"),
    [
        ({"text": "  \n"}, 422, "The text is empty"),
        ({"other": "a"}, 422, "The text is empty"),
        ({"text": "a" * 5_001}, 413, "The text is too long"),
    ],
    ids=["blank", "no field", "too long"],
)
def test_problem_is_said_on_the_page(client: TestClient, fields: dict[str, str], status: int, title: str) -> None:
    response = client.post("/analyze", data=fields)
    assert response.status_code == status
    assert title in Page(response.text, "verdict").text
    assert response.headers["content-type"].startswith("text/html")


OTHER_BODIES = {
    "not UTF-8": (b"text=%ff%fe", "application/x-www-form-urlencoded"),
    "not ASCII": (b"text=\xe9", "application/x-www-form-urlencoded"),
    "many fields": (b"&".join([b"a=1"] * 50), "application/x-www-form-urlencoded"),
    "JSON": (b'{"text": "a"}', "application/json"),
}


@pytest.mark.parametrize(("body", "media_type"), OTHER_BODIES.values(), ids=OTHER_BODIES.keys())
def test_other_bodies_than_the_form_are_refused(client: TestClient, body: bytes, media_type: str) -> None:
    assert client.post("/analyze", content=body, headers={"Content-Type": media_type}).status_code == 422


def test_command_is_quoted_for_the_shell(client: TestClient) -> None:
    command = Page(submit(client, "He doesn't give $HOME `back`"), "command").text
    assert command.endswith("""--data '{"text":"He doesn'"'"'t give $HOME `back`"}'""")


def test_denied_and_general_words_are_named_as_not_counted(client: TestClient) -> None:
    html = submit(client, EXAMPLES["denial"])
    assert "speaks of retention of documents and debt bondage, but only to deny it" in html


def test_abstention_is_said_and_is_no_all_clear() -> None:
    analyzer = FakeAnalyzer()
    analysis = analyzer.analyze(Document("Suomeksi.", language="fi"))
    reading = build_reading(analysis, "Suomeksi.", analyzer.taxonomy, url="http://127.0.0.1/v1/analyze", keyed=False)
    assert reading.verdict.kind == "abstained"
    assert "not an all-clear" in reading.verdict.sentence
    assert reading.review is None
    assert reading.flagged == ()

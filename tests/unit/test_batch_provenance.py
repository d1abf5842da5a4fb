"""Where inside its source a document came from, in its line of the output."""

import orjson

from classifier.document import Document
from service.batch.items import Incoming, Part
from service.batch.provenance import add_provenance
from tests.cli_fakes import ASSERTED
from tests.fakes import FakeAnalyzer


def analysis(text: str) -> bytes:
    return orjson.dumps(FakeAnalyzer().analyze(Document(text, "a")))


def test_plain_line_keeps_its_bytes() -> None:
    line = analysis(ASSERTED)
    assert add_provenance(Incoming(Document(ASSERTED, "a"), "in.jsonl", 3), line) == line


def test_member_and_charset_are_named() -> None:
    item = Incoming(Document(ASSERTED, "a"), "in.zip", None, member="b.txt", charset="cp1252")
    found = orjson.loads(add_provenance(item, analysis(ASSERTED)))
    assert found["provenance"] == {"source": "in.zip", "line": None, "member": "b.txt", "charset": "cp1252"}


def test_span_names_the_page_that_it_begins_in() -> None:
    text = f"We met at noon.\n\n{ASSERTED}"
    item = Incoming(Document(text, "a"), "in.pdf", parts=(Part("page 1", 0), Part("page 2", 17)))
    found = orjson.loads(add_provenance(item, analysis(text)))
    spans = [span for indicator in found["indicators"] for span in indicator["spans"]]
    assert [span["part"] for span in spans] == ["page 2"]


def test_carried_fields_are_carried() -> None:
    item = Incoming(Document(ASSERTED, "a", metadata={"site": "north"}), "in.csv", 2, sheet="May")
    found = orjson.loads(add_provenance(item, analysis(ASSERTED)))
    assert (found["metadata"], found["provenance"]["sheet"]) == ({"site": "north"}, "May")

"""The report of a run: counts that agree with the output, words safe to show, nothing fetched from anywhere."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from selectolax.lexbor import LexborHTMLParser, LexborNode

from service.batch.clusters import ClusterRows
from service.batch.contacts import ContactHasher
from service.batch.duplicates import Duplicates
from service.batch.excerpts import build_excerpt, plain
from service.batch.extensions import Extensions
from service.batch.inputs import FileInputs
from service.batch.report import Report, build_histogram
from service.batch.report_figures import BINS, Figures, count_results
from tests.batch_runs import OPTIONS, Runs, read_plainly
from tests.cli_fakes import ASSERTED, HYPOTHETICAL, NEGATED, NOTHING

KEY = ContactHasher(b"a key of a test", "random")
LOCKED = "The door is locked at ten and only his brother has the key. " + ASSERTED
HOSTILE = f"<script>alert(1)</script> \u202e {ASSERTED} Call 202-555-0143, & write to a@example.org \x1b now."


def make(folder: Path, texts: dict[str, str], *, dedupe: bool = True, broken: int = 0) -> Runs:
    lines = [orjson.dumps({"id": name, "text": text}) + b"\n" for name, text in texts.items()]
    (folder / "in.jsonl").write_bytes(b"".join(lines) + b"broken\n" * broken)
    inputs = FileInputs([folder / "in.jsonl"], OPTIONS, read=read_plainly)
    finder = Duplicates(hasher=KEY) if dedupe else None
    finishers = [ClusterRows(finder, KEY)] if finder else []
    runs = Runs(folder, shard_size=4, extensions=Extensions(finder, [*finishers, Report(inputs)]))
    runs.run()
    return runs


def page(folder: Path) -> LexborHTMLParser:
    return LexborHTMLParser((folder / "out.run/report.html").read_text(encoding="utf-8"))


def one(tree: LexborHTMLParser | LexborNode, selector: str) -> LexborNode:
    found = tree.css_first(selector)
    assert found is not None, selector
    return found


def figures(runs: Runs) -> Figures:
    folder = runs.run_folder()
    folder.load()
    return count_results(folder.results())


def output(folder: Path) -> Iterator[dict[str, Any]]:
    yield from map(orjson.loads, (folder / "out.jsonl").read_bytes().splitlines())


def mixed() -> dict[str, str]:
    texts = {"a": ASSERTED, "b": NEGATED, "c": HYPOTHETICAL, "d": NOTHING, "e": LOCKED, "blank": " "}
    return texts | {f"a{number}": ASSERTED for number in range(7)} | {f"e{number}": LOCKED for number in range(2)}


@pytest.mark.parametrize("dedupe", [True, False], ids=["repeats carried", "all scored"])
def test_figures_agree_with_the_output(dedupe: bool, tmp_path: Path) -> None:
    runs = make(tmp_path, mixed(), dedupe=dedupe, broken=2)
    found, rows = figures(runs), list(output(tmp_path))
    assert (found.analysed, found.carried) == (len(rows), 9 if dedupe else 0) == (14, 9 if dedupe else 0)
    assert found.dead == {"not_json": 2, "empty_text": 1}
    assert found.flagged == sum(row["review"]["flagged"] for row in rows)
    assert sum(found.review_bins) == len(rows)
    assert found.languages == {"en": 14}
    for place, one in enumerate(found.indicators):
        scores = [row["indicators"][place] for row in rows]
        assert one.id == scores[0]["id"]
        assert one.flagged == sum(score["flagged"] for score in scores) == sum(one.contexts)
        assert one.spoken == sum(score["state"] in {"negated", "hypothetical"} for score in scores)
        expected = [0] * BINS
        for score in scores:
            expected[min(int(score["probability"] * BINS), BINS - 1)] += 1
        assert list(one.bins) == expected


def test_queue_has_the_most_probable_documents_once(tmp_path: Path) -> None:
    found = figures(make(tmp_path, mixed()))
    shown = [(entry.analysis["id"], entry.repeats) for entry in found.queue]
    assert sorted(shown) == [("a", 7), ("e", 2)]
    probabilities = [entry.analysis["review"]["probability"] for entry in found.queue]
    assert probabilities == sorted(probabilities, reverse=True)


def test_repeated_dead_letter_is_counted_as_one(tmp_path: Path) -> None:
    texts = {"long": "word " * 30_000, "long again": "word " * 30_000}
    assert figures(make(tmp_path, texts)).dead == {"text_too_long": 2}


def test_page_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    make(tmp_path, mixed(), broken=1)
    content = (tmp_path / "out.run/report.html").read_text(encoding="utf-8")
    tree = LexborHTMLParser(content)
    assert tree.css("script, link, img, iframe, object, embed, form, base") == []
    assert not re.search(r"https?://|url\((?!#)|@import|\son\w+=", content)
    assert all((node.attributes["href"] or "").startswith("#") for node in tree.css("[href]"))
    policy = one(tree, "meta[http-equiv='Content-Security-Policy']").attributes["content"] or ""
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert "style=" not in content


def test_page_is_made_of_known_parts(tmp_path: Path) -> None:
    make(tmp_path, mixed(), broken=1)
    tree = page(tmp_path)
    ids = {node.attributes["id"] for node in tree.css("[id]")}
    assert {(node.attributes["href"] or "")[1:] for node in tree.css("nav a, .skip")} <= ids
    assert [node.text() for node in tree.css("h2")] == [
        "Indicators",
        "Scores",
        "Top of the queue",
        "Clusters",
        "Dead letters",
        "Languages",
        "Warnings",
        "The run",
    ]
    assert all(node.attributes.get("aria-label") for node in tree.css("svg[role=img]"))
    assert len(tree.css("svg.histogram")) == 18
    assert one(tree, "html").attributes["lang"] == "en"


def test_words_of_a_document_are_escaped_and_contact_points_masked(tmp_path: Path) -> None:
    make(tmp_path, {"<img src=x onerror=1>": HOSTILE})
    content = (tmp_path / "out.run/report.html").read_text(encoding="utf-8")
    assert "<script" not in content
    assert "<img" not in content
    assert not any(letter in content for letter in "\u202e\x1b")
    assert not any(part in content for part in ("0143", "a@example"))
    excerpt = one(page(tmp_path), ".entry blockquote").text()
    assert "<script>alert(1)</script> \\u202e He" in excerpt
    assert "Call •••-•••-••••, & write to •@•••••••.•••" in excerpt


def test_highlight_is_marked_with_its_indicator(tmp_path: Path) -> None:
    make(tmp_path, {"one": f"Good morning. {ASSERTED}"})
    mark = one(page(tmp_path), "blockquote mark.asserted")
    assert mark.text() == "keeps our passports"
    assert one(page(tmp_path), "blockquote .tag").text() == "Retention of documents"


def test_changed_input_shows_the_highlights_alone(tmp_path: Path) -> None:
    runs = make(tmp_path, {"one": f"Good morning. {ASSERTED}"})
    (tmp_path / "in.jsonl").write_bytes(orjson.dumps({"id": "one", "text": "Something else was written here."}))
    folder = runs.run_folder()
    folder.load()
    Report(FileInputs([tmp_path / "in.jsonl"], OPTIONS, read=read_plainly)).finish(folder)
    assert one(page(tmp_path), "blockquote").text() == "keeps our passportsRetention of documents"


def test_input_that_comes_once_shows_the_highlights_alone(tmp_path: Path) -> None:
    runs = make(tmp_path, {"one": f"Good morning. {ASSERTED}"})
    folder = runs.run_folder()
    folder.load()
    Report(None).finish(folder)
    assert one(page(tmp_path), "blockquote").text() == "keeps our passportsRetention of documents"


def test_run_without_documents_has_a_report(tmp_path: Path) -> None:
    make(tmp_path, {})
    assert "That is not an all-clear" in one(page(tmp_path), "#queue").text()


def test_clusters_of_an_older_run_are_not_shown(tmp_path: Path) -> None:
    make(tmp_path, mixed())
    assert page(tmp_path).css(".cluster")
    make(tmp_path, mixed(), dedupe=False)
    assert not page(tmp_path).css(".cluster")
    assert not (tmp_path / "out.run/clusters.jsonl").exists()


def test_largest_clusters_are_shown_with_their_slots(tmp_path: Path) -> None:
    texts = {name: f"{ASSERTED} He runs the farm by the river and the bus stop, ask for {name}." for name in "xyz"}
    make(tmp_path, mixed() | texts)
    shown = page(tmp_path).css(".cluster")
    assert [one(node, "h3").text() for node in shown] == ["8 documents", "3 documents", "3 documents"]
    slots = [node.text() for node in shown[-1].css(".slots dt, .slots q")] or [
        node.text() for node in shown[-2].css(".slots dt, .slots q")
    ]
    assert slots[0].endswith("text, 3 different in the first 3")


def test_histogram_is_in_proportion_to_the_logarithm() -> None:
    shape = build_histogram([1000] + [0] * 8 + [3] + [0] * 9 + [10], 0.45)
    heights = [column.height for column in shape.columns]
    assert heights[0] == 100.0
    assert heights[1] == pytest.approx(100 * 1.3863 / 6.9088, abs=0.01)
    assert [column.flagged for column in shape.columns] == [False, True, True]
    assert shape.summary == "1,013 scored: 1,000 below 0.1, 10 from 0.9 on; threshold 0.45"


def span(text: str, words: str, assertion: str = "asserted") -> dict[str, Any]:
    start = text.index(words)
    return {"start": start, "end": start + len(words), "text": words, "assertion": assertion, "contribution": 1.0}


def analysis(*indicators: tuple[str, list[dict[str, Any]]]) -> dict[str, Any]:
    return {"indicators": [{"id": name, "flagged": True, "spans": spans} for name, spans in indicators]}


def test_excerpt_joins_highlights_that_overlap() -> None:
    text = "First he took the keys and the cards, and then he left."
    found = analysis(("a", [span(text, "took the keys and")]), ("b", [span(text, "keys and the cards", "negated")]))
    pieces = build_excerpt(found, text)
    assert [(piece.text, piece.indicators, piece.assertion) for piece in pieces if piece.indicators] == [
        ("took the keys and the cards", ("a", "b"), "asserted")
    ]
    assert "".join(piece.text for piece in pieces) == text


def test_excerpt_leaves_out_what_is_far_from_highlights() -> None:
    text = f"{'alpha ' * 60}one here. {'beta ' * 60}two here. {'gamma ' * 60}"
    pieces = build_excerpt(analysis(("a", [span(text, "one here"), span(text, "two here")])), text)
    shown = "".join(piece.text for piece in pieces)
    assert shown.startswith("… alpha")
    assert shown.endswith("gamma …")
    assert 200 < len(shown) < 450
    assert re.fullmatch(r"… (alpha )+one here\. (beta ?)+ … (beta )+two here\. (gamma ?)+ …", shown)


def test_excerpt_has_no_mark_where_nothing_is_left_out() -> None:
    text = "He took the keys. He kept the cards."
    pieces = build_excerpt(analysis(("a", [span(text, "He took the keys"), span(text, "He kept the cards")])), text)
    assert "".join(piece.text for piece in pieces) == text


def test_excerpt_of_many_highlights_is_short() -> None:
    text = "word and more words of the text here. " * 400
    places = range(0, 12_000, 40)
    spans = [{"start": at, "end": at + 20, "text": text[at : at + 20], "assertion": "asserted"} for at in places]
    assert sum(len(piece.text) for piece in build_excerpt(analysis(("a", spans)), text)) < 1_200


@pytest.mark.parametrize(
    ("text", "longest", "expected"),
    [
        pytest.param(" a\n\n b\t", None, " a b ", id="spaces"),
        pytest.param("a\x07b\u202e", None, "a\\x07b\\u202e", id="controls"),
        pytest.param("one two three four five six", 14, "one … six", id="middle left out"),
        pytest.param("", None, "", id="nothing"),
    ],
)
def test_plain_text_is_one_safe_line(text: str, longest: int | None, expected: str) -> None:
    assert plain(text, longest) == expected

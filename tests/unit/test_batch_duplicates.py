"""Repeated documents: found in order, carried only where nothing in which they differ can change what is said."""

import random
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import orjson
import pytest

from classifier.document import Document
from service.batch.chunks import Chunker
from service.batch.duplicates import Duplicates
from service.batch.extensions import Extensions, Link
from service.batch.key_table import KeyTable
from service.batch.minhash import BANDS, ROWS, Sketcher, band_keys, build_sketcher, shingle
from tests.batch_runs import Runs

needs_rensa = pytest.mark.skipif(find_spec("rensa") is None, reason="rensa is not installed")
SKETCHERS = [pytest.param("numpy", id="numpy"), pytest.param("rensa", id="rensa", marks=needs_rensa)]
BODY = (
    "Work in a hotel abroad for {name}, start on {day}. He keeps our passports in a box by the door of the office, and "
    "the bus from {place} brings new people in the morning. Ask for {name} at the gate."
)

SPOKEN = ("two oh two five five five zero one one seven", "two oh two five five five zero one four three")
SPANISH = (
    "Llegué a la ciudad con Asha y el jefe me dio un cuarto con otros nueve. Nos guardan los pasaportes en la oficina "
    "y los viernes me pagan lo que quieren, dice que es por el viaje."
)


def text(name: str = "Asha", day: str = "Monday", place: str = "Northport") -> str:
    return BODY.format(name=name, day=day, place=place)


def links(texts: list[str], finder: Duplicates | None = None) -> list[int | None]:
    """Which earlier text each one repeats, by its place in the list."""
    finder = finder or Duplicates()
    found = [finder.assign(Document(one, id=f"d{number}"), number) for number, one in enumerate(texts)]
    return [None if link is None else link.number for link in found]


def dump(count: int, seed: int = 3) -> Iterator[str]:
    """Texts of random words, of which most repeat an earlier one with another name."""
    chance = random.Random(seed)
    words = [f"w{number}" for number in range(400)]
    bodies: list[list[str]] = []
    for _ in range(count):
        if not bodies or chance.random() < 0.2:
            bodies.append(chance.choices(words, k=40))
        body = list(chance.choice(bodies))
        body[20] = f"name{chance.randrange(50)}"
        yield " ".join(body)


@pytest.mark.parametrize("name", SKETCHERS)
def test_repeated_texts_are_found(name: str) -> None:
    texts = list(dump(400))
    found = links(texts, Duplicates(sketcher=build_sketcher(name)))
    first: dict[str, int] = {}
    expected = []
    for number, one in enumerate(texts):
        body = " ".join(word for word in one.split() if not word.startswith("name"))
        known = first.setdefault(body, number)
        expected.append(None if known == number else known)
    assert found == expected


@needs_rensa
def test_both_sketchers_find_the_same_repetitions_here() -> None:
    texts = list(dump(300, seed=9))
    assert links(texts, Duplicates(sketcher=build_sketcher("numpy"))) == links(
        texts, Duplicates(sketcher=build_sketcher("rensa"))
    )


@pytest.mark.parametrize("name", SKETCHERS)
def test_same_documents_get_the_same_links_again(name: str) -> None:
    texts = list(dump(200))
    finders = [Duplicates(sketcher=build_sketcher(name)) for _ in range(2)]
    first, second = ([f.assign(Document(one), n) for n, one in enumerate(texts)] for f in finders)
    assert first == second
    assert finders[0].settings == finders[1].settings


def test_sketchers_have_different_settings() -> None:
    """A run that was begun with one is not resumed with the other."""

    class Other:
        name = "other"

        def sketch(self, shingles: np.ndarray) -> list[int]:
            return [int(shingles.min())] * (BANDS * ROWS)

    other: Sketcher = Other()
    assert Duplicates(sketcher=other).settings != Duplicates(sketcher=build_sketcher("numpy")).settings


SAME = [
    pytest.param(text(), text(), id="letter for letter"),
    pytest.param(text(), text(name="Bela"), id="name"),
    pytest.param(text(), text(day="Friday", place="Lakeside"), id="day and place"),
    pytest.param(text(), text(place="Ash Quay by the sea"), id="more words in a slot"),
    pytest.param(text(), text().replace(",", ";"), id="marks"),
    pytest.param(text(), text().replace("Work in", "WORK IN"), id="case"),
    pytest.param(text(), text().replace(" ", "  ").replace(". ", ".\n\n"), id="spaces"),
    pytest.param(text(), text(name="Asha 555-0143"), id="phone number"),
    pytest.param(text(), text(name="Bela").replace("Bela at the gate", "Bela (at the gate)"), id="brackets"),
    pytest.param(
        text(),
        text(place="Redhill").replace("door", "DOOR").replace("He keeps our", "He (keeps) our"),
        id="decisive word with other marks",
    ),
    pytest.param(text(day="the 25th for $400"), text(day="the 26th for $900"), id="price"),
    pytest.param(text(day="the 14th"), text(day="the 15th"), id="date"),
    pytest.param(SPANISH, SPANISH.replace("Asha", "Bela"), id="Spanish name"),
    pytest.param(text(name="Asha 555 01 17"), text(name="Asha 555 01 04"), id="phone number in groups of two"),
    pytest.param(text(name=f"Asha {SPOKEN[0]}"), text(name=f"Asha {SPOKEN[1]}"), id="phone number in words"),
    pytest.param(text(name="Asha"), text(name="Dara Sea"), id="English name that is a Spanish verb"),
]


@pytest.mark.parametrize(("first", "second"), SAME)
def test_repetition_is_carried(first: str, second: str) -> None:
    assert links([first, second]) == [None, 0]


DIFFERENT = [
    pytest.param(text(), text().replace("He keeps", "He never keeps"), id="negation put in"),
    pytest.param(text().replace("He keeps", "He never keeps"), text(), id="negation taken out"),
    pytest.param(text(), text().replace("He keeps", "Nobody keeps"), id="negation in place of a word"),
    pytest.param(text(), text().replace("He keeps", "He doesn't keep"), id="negation with an apostrophe"),
    pytest.param(text(), text().replace("He keeps", "If he keeps"), id="condition"),
    pytest.param(text(), text().replace("office,", "office?"), id="question"),
    pytest.param(text(), text().replace("passports", "letters"), id="word that an indicator turns on"),
    pytest.param(text(place="19 people"), text(place="15 people"), id="number that may be an age"),
    pytest.param(text(place="adult guests"), text(place="young guests"), id="word for an age"),
    pytest.param(text(name="Asha 555 0121 of 19"), text(name="Asha 555 0134 of 15"), id="age beside a phone number"),
    pytest.param(text(place="two guests"), text(place="six guests"), id="number in words"),
    pytest.param(text(place="guests of 19yo"), text(place="guests of 15yo"), id="age with letters"),
    pytest.param(text(place="f19 guests"), text(place="f16 guests"), id="age with a letter before"),
    pytest.param(SPANISH, SPANISH.replace("me pagan", "nunca me pagan"), id="Spanish negation"),
    pytest.param(SPANISH, SPANISH.replace("Nos guardan", "Tampoco guardan"), id="Spanish negation in place of a word"),
    pytest.param(SPANISH, SPANISH.replace("pasaportes", "abrigos"), id="Spanish word that an indicator turns on"),
    pytest.param(text(), text(place="Lakeside " + "and further on " * 4), id="long stretch"),
    pytest.param(text(), "The recipe wants two eggs and a cup of flour, stirred well and baked.", id="other text"),
    pytest.param("Ask for Asha.", "Ask for Bela.", id="short text"),
    pytest.param("?!", "!!", id="no words"),
]


@pytest.mark.parametrize(("first", "second"), DIFFERENT)
def test_what_may_say_something_else_is_scored_by_itself(first: str, second: str) -> None:
    assert links([first, second]) == [None, None]


def test_variant_that_says_something_else_is_found_again() -> None:
    """Its band keys are mostly those of the first, and it must not be lost behind it."""
    other = text().replace("He keeps", "He never keeps")
    texts = [text(), other, other.replace("Monday", "Friday"), text(day="Sunday"), other]
    assert links(texts) == [None, None, 1, 0, 1]


def test_links_point_to_documents_without_a_link() -> None:
    found = links(list(dump(300)))
    assert all(target is None or found[target] is None for target in found)


def test_analysis_never_passes_to_another_language_option() -> None:
    finder = Duplicates()
    given = [None, "en", "fr", "en", None]
    found = [finder.assign(Document(text(), language=code), number) for number, code in enumerate(given)]
    assert [link.number if link else None for link in found] == [None, None, None, 1, 0]
    near = finder.assign(Document(text(day="Friday"), language="fr"), 5)
    assert near is not None
    assert near.number == 2


UNSCORABLE = [
    pytest.param("", id="empty"),
    pytest.param(" \n", id="blank"),
    pytest.param(text() + "\ud800", id="lone surrogate"),
    pytest.param("word " * 30_000, id="too long"),
]


@pytest.mark.parametrize("content", UNSCORABLE)
def test_what_becomes_a_dead_letter_is_not_repeated(content: str) -> None:
    """Or a sound document that is like it would become one too."""
    assert links([content, content]) == [None, None]


def test_blocks_are_the_same_letters_in_both_texts() -> None:
    first, second = text(), text(name="Bela the 2nd", place="Lakeside")
    finder = Duplicates()
    finder.assign(Document(first), 0)
    link = finder.assign(Document(second), 1)
    assert link is not None
    assert link.blocks
    assert link.characters == len(second)
    assert all(first[old : old + size] == second[new : new + size] for old, new, size in link.blocks)
    assert 0.5 <= link.similarity < 1.0


def test_copy_has_no_blocks() -> None:
    finder = Duplicates()
    finder.assign(Document(text(), id="first"), 7)
    assert finder.assign(Document(text(), id="second"), 9) == Link(7, "first", 1.0)


def test_number_of_known_documents_is_bounded() -> None:
    finder = Duplicates(max_distinct=2)
    texts = [f"{text()} {' '.join(f'{letter}{n}' for n in range(40))}" for letter in "abc"]
    assert links([*texts, *texts], finder) == [None, None, None, 0, 1, None]


def test_memory_a_document_is_within_what_is_documented() -> None:
    chance = random.Random(1)
    finder = Duplicates()
    for number in range(600):
        finder.assign(Document(" ".join(f"w{chance.randrange(10**6)}" for _ in range(30))), number)
    assert len(finder.catalogue) == 600
    assert finder.memory / 600 < 700


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"threshold": 0.0}, "threshold is 0.0; allowed: above 0 and up to 1", id="threshold"),
        pytest.param({"max_distinct": 0}, "max_distinct is 0; allowed: 1 to", id="number"),
    ],
)
def test_option_out_of_range_is_refused(options: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Duplicates(**options)  # type: ignore[arg-type]  # the wrong value is the point


def test_unknown_sketcher_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no sketcher 'other'; allowed: numpy, rensa"):
        build_sketcher("other")


@pytest.mark.parametrize("name", SKETCHERS)
def test_shared_values_estimate_the_similarity(name: str) -> None:
    random = np.random.default_rng(5)
    sketcher = build_sketcher(name)
    shared = []
    for _ in range(40):
        common, one, other = (random.integers(1, 2**63, size, dtype=np.uint64) for size in (60, 20, 20))
        sketches = [sketcher.sketch(np.concatenate((common, own))) for own in (one, other)]
        shared.append(np.mean(np.array(sketches[0]) == np.array(sketches[1])))
    assert np.mean(shared) == pytest.approx(0.6, abs=0.03)


@pytest.mark.parametrize("name", SKETCHERS)
def test_sketch_of_a_long_text_is_the_least_of_its_parts(name: str) -> None:
    words = np.random.default_rng(6).integers(1, 2**63, 12_000, dtype=np.uint64)
    sketcher, shingles = build_sketcher(name), shingle(words)
    halves = [sketcher.sketch(part) for part in (shingles[:6_000], shingles[6_000:])]
    assert list(map(min, *halves)) == list(sketcher.sketch(shingles))
    assert len(set(band_keys(sketcher.sketch(shingles)))) == BANDS


def test_key_table_keeps_the_first_value_of_every_key() -> None:
    keys = np.random.default_rng(2).integers(0, 2**63, 20_000).tolist()
    table = KeyTable(bits=4)
    for value, key in enumerate(keys):
        table.add([key], value)
        table.add([key], value + 1)
    assert [table.find(key) for key in keys] == list(range(20_000))
    assert len(table) == 20_000
    assert table.size <= 8 * 2**15


@pytest.mark.parametrize(
    "content",
    [
        "",
        "a",
        "  lead",
        "x" * 1_000,
        "\n" * 200,
        "don't – stop…  now",
        "naïve ﬁancée 12,000.50",
        "日本語の文 text",
        "a\u0301 b",
    ],
    ids=["empty", "letter", "space first", "long word", "breaks", "marks", "accents", "no spaces", "combining"],
)
def test_chunks_are_the_whole_text(content: str) -> None:
    chunks = Chunker().read(content)
    assert chunks.starts[0] == 0
    assert chunks.starts[-1] == len(content)
    assert len(chunks.starts) == len(chunks.exact) + 1 == len(chunks.words) + 1


def test_forgotten_chunks_keep_their_hashes() -> None:
    chunker = Chunker(frozenset(), frozenset(), remembered=500)
    before = chunker.read("one two three")
    for start in range(0, 2_000, 100):
        chunker.read(" ".join(f"w{number}" for number in range(start, start + 100)))
    after = chunker.read("one two three")
    assert (after.exact, after.words) == (before.exact, before.words)


def rows(folder: Path) -> dict[str, dict[str, object]]:
    return {row["id"]: row for row in map(orjson.loads, (folder / "out.jsonl").read_bytes().splitlines())}


def write(folder: Path, texts: dict[str, str]) -> None:
    lines = (orjson.dumps({"id": name, "text": one}) + b"\n" for name, one in texts.items())
    (folder / "in.jsonl").write_bytes(b"".join(lines))


def test_spans_of_a_near_duplicate_are_in_its_own_text(tmp_path: Path) -> None:
    texts = {"first": text(), "near": "Hi! " + text(name="Bela Maria"), "copy": text()}
    write(tmp_path, texts)
    counts = Runs(tmp_path, extensions=Extensions(Duplicates())).run()
    assert (counts.analysed, counts.duplicates) == (3, 2)
    found = rows(tmp_path)
    for name, row in found.items():
        assert row["characters"] == len(texts[name])
        spans = [span for indicator in row["indicators"] for span in indicator["spans"]]  # type: ignore[attr-defined]
        assert spans
        assert all(span["text"] == texts[name][span["start"] : span["end"]] for span in spans)
    assert [warning["code"] for warning in found["near"]["warnings"]] == ["carried_from_near_duplicate"]  # type: ignore[attr-defined]
    assert found["copy"]["warnings"] == []


def test_span_whose_words_differ_is_left_out_and_the_sums_hold(tmp_path: Path) -> None:
    """`only` and `just` change nothing of what is said, but the first stands in a span."""
    first = text() + " The dormitory is locked at ten and only his brother has the key."
    second = first.replace("locked at ten and only", "locked at ten and just")
    write(tmp_path, {"first": first, "second": second})
    Runs(tmp_path, extensions=Extensions(Duplicates())).run()
    before, after = rows(tmp_path).values()
    pairs = list(zip(before["indicators"], after["indicators"], strict=True))  # type: ignore[call-overload]
    lost = [(old["id"], len(old["spans"]) - len(new["spans"])) for old, new in pairs if old["spans"] != new["spans"]]
    assert lost == [("restriction_of_movement", 1)]
    for _, new in pairs:
        counted = sum(span["contribution"] for span in new["spans"])
        assert new["intercept"] + counted + new["remainder"] == pytest.approx(new["log_odds"], abs=1e-6)
    assert "1 span left out" in after["warnings"][0]["detail"]  # type: ignore[index]


def test_run_with_and_without_finding_duplicates_has_the_same_ids(tmp_path: Path) -> None:
    write(tmp_path, {f"d{number}": one for number, one in enumerate(dump(200))})
    runs = Runs(tmp_path)
    runs.run()
    without = rows(tmp_path)
    runs.extensions = Extensions(Duplicates())
    counts = runs.run()
    found = rows(tmp_path)
    assert list(found) == list(without)
    assert counts.duplicates > 100
    assert all(found[name]["review"] == without[name]["review"] for name in found)

"""Every format that can be read keeps the same promises; a new reader is tested by adding its sample."""

import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from service.batch.extraction import extract_file
from service.batch.found import DeadLetter, Extract, Found, ReadOptions
from service.batch.limits import ReadLimits
from service.batch.readers import READERS
from service.batch.readers.source import Watch
from tests.batch_files import FIRST, SECOND, pdf, samples

SAMPLES = samples()
LIMITS = ReadLimits(memory_bytes=0)
DOCUMENTATION = Path(__file__).parents[2] / "docs" / "formats.md"

every_format = pytest.mark.parametrize("name", READERS)
Read = Callable[..., list[tuple[Found, int]]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Writes bytes into a file and returns what is read from it, with sizes."""

    def write_and_read(
        file: str, raw: bytes, options: ReadOptions | None = None, limits: ReadLimits = LIMITS
    ) -> list[tuple[Found, int]]:
        path = tmp_path / file
        path.write_bytes(raw)
        chosen = options or ReadOptions()
        return list(extract_file(str(path), file, options=chosen, watch=Watch(limits), readers=READERS))

    return write_and_read


def documents(found: list[tuple[Found, int]]) -> list[Extract]:
    return [item for item, _ in found if isinstance(item, Extract)]


def letters(found: list[tuple[Found, int]]) -> list[DeadLetter]:
    return [item for item, _ in found if isinstance(item, DeadLetter)]


def test_every_reader_has_a_sample() -> None:
    assert set(SAMPLES) == set(READERS)


@every_format
def test_sample_is_read_whole(name: str, read: Read) -> None:
    sample, label = SAMPLES[name], f"file{SAMPLES[name].suffix}"
    found = read(label, sample.raw)
    assert letters(found) == []
    wanted = [(key[1:] if key.startswith("=") else label + key, text) for key, text in sample.documents]
    assert [(document.id, document.text) for document in documents(found)] == wanted


@every_format
def test_sizes_add_up_to_the_file(name: str, read: Read) -> None:
    sample = SAMPLES[name]
    sizes = [size for _, size in read(f"file{sample.suffix}", sample.raw)]
    assert sum(sizes) == len(sample.raw)
    assert min(sizes) >= 0


@every_format
def test_places_are_inside_the_text_and_in_order(name: str, read: Read, tmp_path: Path) -> None:
    sample = SAMPLES[name]
    found = documents(read(f"file{sample.suffix}", sample.raw))
    for document in found:
        starts = [part.start for part in document.parts]
        assert starts == sorted(starts)
        assert all(0 <= start <= len(document.text) for start in starts)
        assert document.source == str(tmp_path / f"file{sample.suffix}")
    places = [(document.member, document.sheet, document.line) for document in found]
    assert len(set(places)) == len(places)


@every_format
def test_empty_file_is_a_reason_or_holds_nothing(name: str, read: Read) -> None:
    found = read(f"file{SAMPLES[name].suffix}", b"")
    if name in {"html", "md", "txt"}:
        assert [document.text for document in documents(found)] == [""]
    elif name == "jsonl":
        assert found == []
    else:
        assert [letter.code for letter in letters(found)] == ["empty_file" if name != "mbox" else "no_documents"]


@every_format
def test_file_that_is_cut_off_ends_as_documents_or_a_reason(name: str, read: Read) -> None:
    sample = SAMPLES[name]
    for tenths in range(1, 10):
        found = read(f"file{sample.suffix}", sample.raw[: len(sample.raw) * tenths // 10])
        # A header without rows is a table without documents.
        assert found or name in {"csv", "tsv"}, f"{tenths}/10 of the file gave nothing"
        assert not found or sum(size for _, size in found) == len(sample.raw) * tenths // 10


@every_format
def test_noise_is_never_a_document(name: str, read: Read) -> None:
    found = read(f"file{SAMPLES[name].suffix}", random.Random(name).randbytes(5000))
    assert documents(found) == []
    assert {letter.code for letter in letters(found)} <= {"damaged", "unsupported_format", "not_json", "not_utf8"}


@every_format
def test_file_with_the_wrong_suffix_is_read_as_what_it_is(name: str, read: Read) -> None:
    found = read(f"file{SAMPLES[name].suffix}", pdf([FIRST]))
    assert [document.text for document in documents(found)] == [FIRST]


@every_format
def test_text_over_the_limit_is_cut_or_a_dead_letter(name: str, read: Read) -> None:
    sample = SAMPLES[name]
    found = read(f"file{sample.suffix}", sample.raw, ReadOptions(max_characters=20))
    if name in {"docx", "odt", "pdf"}:
        pieces = documents(found)
        assert [piece.id for piece in pieces] == [f"file{sample.suffix}#part-{n}" for n in range(1, len(pieces) + 1)]
        assert max(len(piece.text) for piece in pieces) <= 20
        (whole,) = documents(read(f"file{sample.suffix}", sample.raw))
        assert "".join(piece.text for piece in pieces) == whole.text
        return
    assert documents(found) == []
    assert {letter.code for letter in letters(found)} == {"text_too_long"}


@every_format
def test_reason_never_carries_words_of_the_document(name: str, read: Read) -> None:
    sample = SAMPLES[name]
    for tenths in range(1, 10):
        for letter in letters(read(f"file{sample.suffix}", sample.raw[: len(sample.raw) * tenths // 10])):
            assert not re.search("passports|salary", letter.detail)


def test_every_code_and_suffix_is_in_the_documentation() -> None:
    package = Path(__file__).parents[2] / "service" / "batch"
    files = [*package.joinpath("readers").glob("*.py"), package / "extraction.py", package / "reader_process.py"]
    source = "\n".join(path.read_text(encoding="utf-8") for path in files)
    codes = set(re.findall(r'(?:Unreadable|_Ended)Error\(\s*"(\w+)"', source))
    codes |= set(re.findall(r'dead\(\s*"(\w+)"', source)) | set(re.findall(r'return "([a-z_]+)", f?"', source))
    listed = DOCUMENTATION.read_text(encoding="utf-8")
    assert len(codes) > 20
    assert [code for code in sorted(codes) if f"`{code}`" not in listed] == []
    suffixes = [suffix for format_ in READERS.values() for suffix in format_.suffixes]
    assert [suffix for suffix in suffixes if f"`{suffix}`" not in listed] == []


def test_long_file_is_cut_at_the_ends_of_its_pages(read: Read) -> None:
    pages = ["one two three", "four five", "six times", "seven eight nine ten eleven"]
    found = documents(read("a.pdf", pdf(pages), ReadOptions(max_characters=26)))
    assert [document.text for document in found] == [
        "one two three\n\nfour five\n\n",
        "six times\n\n",
        "seven eight nine ten ",
        "eleven",
    ]
    assert [[(part.name, part.start) for part in document.parts] for document in found] == [
        [("page 1", 0), ("page 2", 15)],
        [("page 3", 0)],
        [("page 4", 0)],
        [("page 4", 0)],
    ]


def test_second_words_are_on_the_second_page(read: Read) -> None:
    (document,) = documents(read("a.pdf", pdf([FIRST, SECOND, ""])))
    assert [(part.name, part.start) for part in document.parts] == [
        ("page 1", 0),
        ("page 2", document.text.index(SECOND)),
        ("page 3", document.text.index(SECOND) + len(SECOND) + 2),
    ]

"""Reading documents: every file gives documents or dead letters, and nothing is lost."""

import io
import os
import subprocess
from pathlib import Path

import pytest

from service.batch.items import DeadLetter, Incoming, Item, ReadOptions
from service.batch.limits import MAX_LINE_BYTES
from service.batch.sources import InputFile, find_files, input_bytes, read_files, read_stdin

SMALL = ReadOptions(max_characters=10)


def read_lines(content: bytes, options: ReadOptions = ReadOptions()) -> list[Item]:  # noqa: B008 - frozen
    return list(read_stdin(io.BytesIO(content), options, jsonl=True))


def only(items: list[Item]) -> Item:
    (item,) = items
    return item


def ids(items: list[Item]) -> list[str | None]:
    return [item.document.id for item in items if isinstance(item, Incoming)]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        pytest.param(b'{"id": "a b", "text": "x"}', "a b", id="string"),
        pytest.param(b'{"id": "", "text": "x"}', "", id="empty string"),
        pytest.param(b'{"id": 7, "text": "x"}', "7", id="number"),
        pytest.param(b'{"id": 18446744073709551615, "text": "x"}', "18446744073709551615", id="64-bit number"),
        pytest.param(b'{"id": null, "text": "x"}', "stdin:1", id="null"),
        pytest.param(b'{"text": "x", "more": [1]}', "stdin:1", id="none"),
        pytest.param(b'\xef\xbb\xbf{"id": "a", "text": "x"}', "a", id="byte order mark"),
    ],
)
def test_id_is_kept_as_given(line: bytes, name: str) -> None:
    assert ids(read_lines(line)) == [name]


@pytest.mark.parametrize(
    ("line", "code", "name"),
    [
        pytest.param(b"secret words", "not_json", None, id="not JSON"),
        pytest.param(b'{"id": "a", "text": "secret', "not_json", None, id="cut off"),
        pytest.param(b'{"id": "a", "text": "\\ud800"}', "not_json", None, id="lone surrogate"),
        pytest.param(b'{"text": "secret \xff"}', "not_utf8", None, id="not UTF-8"),
        pytest.param(b'["secret"]', "not_object", None, id="a list"),
        pytest.param(b'{"id": "a"}', "no_text", "a", id="no text"),
        pytest.param(b'{"id": "a", "text": ["secret"]}', "no_text", "a", id="text is a list"),
        pytest.param(b'{"id": 1.5, "text": "secret"}', "bad_id", None, id="fractional id"),
        pytest.param(b'{"id": 123456789012345678901, "text": "secret"}', "bad_id", None, id="id over 64 bits"),
        pytest.param(b'{"id": true, "text": "secret"}', "bad_id", None, id="boolean id"),
        pytest.param(b'{"id": "a", "text": "x", "language": "secret"}', "bad_language", "a", id="language name"),
        pytest.param(b"[" * 100_000, "not_json", None, id="deep nesting"),
    ],
)
def test_bad_line_is_a_dead_letter_without_its_words(line: bytes, code: str, name: str | None) -> None:
    letter = only(read_lines(line))
    assert isinstance(letter, DeadLetter)
    assert (letter.source, letter.line, letter.code, letter.id) == ("stdin", 1, code, name)
    assert b"secret" not in letter.to_json()


def test_order_and_line_numbers_survive_bad_lines() -> None:
    items = read_lines(b'{"text": "a"}\n\nbad\n{"text": "b"}\n\n\n')
    assert ids(items) == ["stdin:1", "stdin:4"]
    assert [(i.line, i.code) for i in items if isinstance(i, DeadLetter)] == [(2, "blank_line"), (3, "not_json")]


def test_line_over_the_limit_is_skipped_and_reading_goes_on() -> None:
    content = b'{"text": "' + b"a" * (2 * MAX_LINE_BYTES) + b'"}\n{"text": "b"}'
    letter, document = read_lines(content)
    assert isinstance(letter, DeadLetter)
    assert (letter.code, letter.size) == ("line_too_long", content.index(b"\n") + 1)
    assert ids([document]) == ["stdin:2"]


def test_language_of_the_line_wins_over_the_option() -> None:
    items = read_lines(b'{"text": "a", "language": "ES"}\n{"text": "b"}', ReadOptions(language="en"))
    assert [i.document.language for i in items if isinstance(i, Incoming)] == ["es", "en"]


def test_fields_can_have_other_names() -> None:
    item = only(read_lines(b'{"key": "a", "body": "b"}', ReadOptions(text_field="body", id_field="key")))
    assert isinstance(item, Incoming)
    assert (item.document.id, item.document.text) == ("a", "b")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        pytest.param(b"plain\r\nwords\n", "plain\r\nwords\n", id="kept as it is"),
        pytest.param(b"\xef\xbb\xbfplain", "plain", id="byte order mark"),
        pytest.param(b"[1, 2]\nmore", "[1, 2]\nmore", id="JSON that is no object"),
        pytest.param(b"", "", id="empty"),
        pytest.param("señor, mañana no pagó".encode("cp1252"), "señor, mañana no pagó", id="not UTF-8"),
    ],
)
def test_stdin_is_one_document_unless_it_starts_with_an_object(content: bytes, text: str) -> None:
    item = only(list(read_stdin(io.BytesIO(content), ReadOptions(), jsonl=False)))
    assert isinstance(item, Incoming)
    assert (item.document.text, item.document.id) == (text, None)


def test_stdin_that_starts_with_an_object_is_json_lines() -> None:
    content = io.BytesIO(b'{"id": 1, "text": "a"}\n{"id": 2, "text": "b"}\n')
    assert ids(list(read_stdin(content, ReadOptions(), jsonl=False))) == ["1", "2"]


def test_text_that_cannot_fit_is_refused_unread() -> None:
    stream = io.BytesIO(b"a" * 1000)
    letter = only(list(read_stdin(stream, SMALL, jsonl=False)))
    assert isinstance(letter, DeadLetter)
    assert letter.code == "text_too_long"


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """A folder with every kind of entry."""
    folder = tmp_path / "case"
    (folder / "sub").mkdir(parents=True)
    (folder / "b.TXT").write_bytes(b"text b")
    (folder / "a.jsonl").write_bytes(b'{"id": "x", "text": "1"}\n{"text": "2"}\n')
    (folder / "sub" / "c.md").write_bytes(b"# text c")
    (folder / "z.txt").write_bytes(bytes(range(32)) * 9)
    (folder / "scan.pdf").write_bytes(b"%PDF-1.7\n")
    (folder / "more.xyz").write_bytes(b"text")
    (folder / ".hidden.txt").write_bytes(b"hidden")
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    (folder / "broken.txt").symlink_to(folder / "nowhere")
    return folder


def test_folder_is_walked_in_sorted_order(case: Path) -> None:
    assert ids(list(read_files(find_files([case]), ReadOptions()))) == ["x", "a.jsonl:2", "b.TXT", "sub/c.md"]


def test_what_cannot_be_read_in_a_folder_is_a_dead_letter(case: Path) -> None:
    items = read_files(find_files([case]), ReadOptions())
    letters = {i.source.removeprefix(f"{case}/"): i.code for i in items if isinstance(i, DeadLetter)}
    assert letters == {
        "broken.txt": "unreadable",
        "more.xyz": "unsupported_format",
        "scan.pdf": "damaged",
        "z.txt": "unsupported_format",
    }


def test_several_arguments_keep_ids_apart(case: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "b.TXT").write_bytes(b"text")
    names = ids(list(read_files(find_files([case, other]), ReadOptions())))
    assert {"case/b.TXT", "other/b.TXT"} <= set(names)


def test_file_is_called_by_its_relative_path(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(case)
    assert ids(list(read_files(find_files([Path("sub/c.md"), case / "b.TXT"]), ReadOptions()))) == ["sub/c.md", "b.TXT"]


def test_file_name_that_is_not_utf8_still_gives_an_id(tmp_path: Path) -> None:
    (tmp_path / "caf\udce9.txt").write_bytes(b"text")
    assert ids(list(read_files(find_files([tmp_path]), ReadOptions()))) == ["caf\ufffd.txt"]


def test_own_output_is_not_read(case: Path) -> None:
    skip = frozenset({(case / "b.TXT").resolve()})
    assert "b.TXT" not in ids(list(read_files(find_files([case], skip=skip), ReadOptions())))


def test_folders_nested_deeper_than_calls_can_be_are_walked(tmp_path: Path) -> None:
    folder = tmp_path
    descriptor = os.open(folder, os.O_RDONLY)
    for _ in range(1200):
        os.mkdir("d", dir_fd=descriptor)
        inner = os.open("d", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = inner
    os.close(descriptor)
    (tmp_path / "e.txt").write_bytes(b"text")
    try:
        assert [file.label for file in find_files([tmp_path]) if isinstance(file, InputFile)] == ["e.txt"]
    finally:
        # No library function gets to the bottom of it, pytest's own clearing away among them.
        subprocess.run(["rm", "-rf", str(tmp_path / "d")], check=True)  # noqa: S607


def test_files_are_listed_with_their_sizes(case: Path) -> None:
    sizes = {file.label: file.size for file in find_files([case]) if isinstance(file, InputFile)}
    assert (sizes["b.TXT"], sizes["sub/c.md"], sizes["broken.txt"]) == (6, 8, 0)


def test_dead_letters_among_the_files_keep_their_place(case: Path) -> None:
    letter = DeadLetter("x", None, None, "unreadable", "why")
    files: list[InputFile | DeadLetter] = [InputFile(case / "b.TXT", "b"), letter, InputFile(case / "b.TXT", "c")]
    items = list(read_files(files, ReadOptions()))
    assert items[1] == letter
    assert ids(items) == ["b", "c"]


def test_sizes_of_stdin_add_up() -> None:
    content = b'{"text": "1"}\n\nbad\n{"text": "2"}\n'
    assert sum(item.size for item in read_lines(content)) == len(content)


def test_sizes_add_up_to_the_input(tmp_path: Path) -> None:
    """Progress reaches its end."""
    (tmp_path / "a.jsonl").write_bytes(b'{"text": "1"}\n\nbad\n{"text": "2"}')
    (tmp_path / "b.txt").write_bytes(b"text")
    read = sum(item.size for item in read_files(find_files([tmp_path]), ReadOptions()))
    assert read == input_bytes(find_files([tmp_path]))

"""What single readers make of their formats, beyond what all of them promise."""

import os
from pathlib import Path

import orjson
import pyarrow as pa
import pytest

from service.batch.extraction import extract_file
from service.batch.found import DeadLetter, Extract, Found, ReadOptions
from service.batch.limits import ReadLimits
from service.batch.readers import READERS
from service.batch.readers.charset import decode
from service.batch.readers.html import text_of_html
from service.batch.readers.source import Watch
from service.batch.readers.squeezed import unsqueeze
from tests.batch_files import (
    CSV,
    FIRST,
    SECOND,
    cells,
    compound,
    docx,
    mail,
    odt,
    paragraphs,
    parquet_bytes,
    tarred,
    xlsx,
    zipped,
)


def read(path: Path, raw: bytes, options: ReadOptions | None = None) -> list[Found]:
    path.write_bytes(raw)
    watch = Watch(ReadLimits(memory_bytes=0))
    found = extract_file(str(path), path.name, options=options or ReadOptions(), watch=watch, readers=READERS)
    return [item for item, _ in found]


def only(found: list[Found]) -> Extract:
    (item,) = found
    assert isinstance(item, Extract), item
    return item


def ids(found: list[Found]) -> list[str | None]:
    return [item.id for item in found if isinstance(item, Extract)]


def codes(found: list[Found]) -> list[str]:
    return [item.code for item in found if isinstance(item, DeadLetter)]


@pytest.mark.parametrize(
    ("charset", "text", "told"),
    [
        pytest.param("utf-8", "não pagaram", None, id="UTF-8"),
        pytest.param("utf-8-sig", "não pagaram", None, id="UTF-8 with a mark"),
        pytest.param("utf-16", "não pagaram", "utf-16-le", id="UTF-16 with a mark"),
        pytest.param("utf-16-be", "não pagaram", "utf-16-be", id="UTF-16 without a mark"),
        pytest.param("utf-32", "não pagaram", "utf-32-le", id="UTF-32 with a mark"),
        pytest.param("cp1252", "El señor no pagó. Mañana, señora, tampoco. ", "cp1252", id="Western"),
        pytest.param("cp1250", "Vzali mi pas a nezaplatili žádnou mzdu. Příliš těžká práce. ", "cp1250", id="Czech"),
        pytest.param("cp1251", "Паспорт забрали, зарплату не платят. ", "cp1251", id="Russian"),
        pytest.param("koi8-r", "Паспорт забрали, зарплату не платят. ", "koi8_r", id="Russian of old mails"),
        pytest.param("cp932", "パスポートを取られた。給料はない。", "cp932", id="Japanese"),
        pytest.param("gb18030", "他们拿走了我的护照，没有付工资。", "gb18030", id="Chinese"),
    ],
)
def test_character_set_is_detected(charset: str, text: str, told: str | None) -> None:
    assert decode((text * 3).encode(charset)) == (text * 3, told)


def test_declared_character_set_wins_over_a_guess() -> None:
    assert decode("żółć".encode("iso8859-2"), "ISO-8859-2") == ("żółć", "iso8859-2")


def test_later_bytes_that_are_not_utf8_do_not_lose_the_document() -> None:
    text, charset = decode(b"plain words " * 4000 + "no pagó nada mañana".encode("cp1252"))
    assert text.endswith("no pagó nada mañana")
    assert charset == "cp1252"


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        pytest.param("<p>one<p>two", "one\ntwo", id="paragraphs"),
        pytest.param("<div>one</div>two", "one\ntwo", id="text after a block"),
        pytest.param("pass<b>port</b>s", "passports", id="inline elements do not cut words"),
        pytest.param("one<br>two", "one\ntwo", id="line break"),
        pytest.param("<ul><li>one<li>two</ul>", "one\ntwo", id="list"),
        pytest.param("<table><tr><td>a<td>b<tr><td>c</table>", "a b\nc", id="table"),
        pytest.param("one\n   two", "one two", id="blanks are folded"),
        pytest.param("<script>x</script><style>y</style>z", "z", id="scripts are left out"),
        pytest.param("<title>Work</title><p>abroad", "Work\nabroad", id="title"),
        pytest.param("a &amp; b&nbsp;&lt;c&gt;", "a & b\xa0<c>", id="entities"),
        pytest.param("a<!-- hidden -->b", "ab", id="comment"),
    ],
)
def test_html_is_read_as_it_looks(markup: str, text: str) -> None:
    assert text_of_html(markup) == text


def test_word_file_keeps_notes_and_leaves_deleted_text_out(tmp_path: Path) -> None:
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    run = "<w:p><w:del><w:r><w:t>gone</w:t></w:r></w:del><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t></w:r></w:p>"
    body = paragraphs(FIRST) + run
    document = only(read(tmp_path / "a.docx", docx(body, footnotes=f"<w:f {space}>{paragraphs(SECOND)}</w:f>")))
    assert document.text == f"{FIRST}\na\tb\n{SECOND}\n"
    assert [(part.name, part.start) for part in document.parts] == [("document", 0), ("footnotes", len(FIRST) + 5)]


def test_open_document_keeps_blanks_and_order(tmp_path: Path) -> None:
    body = '<text:h>Work</text:h><text:p>a<text:s text:c="3"/>b<text:span>c</text:span>d<text:line-break/>e</text:p>'
    assert only(read(tmp_path / "a.odt", odt(body))).text == "Work\na   bcd\ne\n"


def test_plain_part_of_a_mail_is_chosen_over_its_html(tmp_path: Path) -> None:
    raw = (
        b"Subject: =?utf-8?q?Trabajo_ma=C3=B1ana?=\nMIME-Version: 1.0\n"
        b'Content-Type: multipart/alternative; boundary="b"\n\n--b\nContent-Type: text/plain\n\nplain\n'
        b"--b\nContent-Type: text/html\n\n<p>rich\n--b--\n"
    )
    assert only(read(tmp_path / "a.eml", raw)).text == "Trabajo mañana\n\nplain"


def test_mail_without_plain_part_gives_the_words_of_its_html(tmp_path: Path) -> None:
    raw = b"Subject: Work\nContent-Type: text/html; charset=iso-8859-1\n\n<p>se\xf1or<p>two"
    assert only(read(tmp_path / "a.eml", raw)).text == "Work\n\nseñor\ntwo"


def test_attachments_are_documents_with_the_way_to_them(tmp_path: Path) -> None:
    inner = mail("Inner", SECOND, {"rows.csv": CSV})
    found = read(tmp_path / "a.eml", mail("Outer", FIRST, {"fwd.eml": inner, "b.zip": zipped({"c/d.txt": b"x"})}))
    assert [item.member for item in found] == [
        None, "fwd.eml", "fwd.eml!rows.csv", "fwd.eml!rows.csv", "b.zip!c/d.txt",
    ]  # fmt: skip
    assert ids(found) == ["a.eml", "a.eml!fwd.eml", "a", "b", "a.eml!b.zip!c/d.txt"]


def test_mailbox_line_that_begins_with_from_is_part_of_its_mail(tmp_path: Path) -> None:
    raw = b"From a\nSubject: x\n\nHe said:\n\n>From now on no pay.\nFrom here too.\n\nFrom b\nSubject: y\n\nz\n"
    found = read(tmp_path / "a.mbox", raw)
    assert [item.text for item in found if isinstance(item, Extract)] == [
        "x\n\nHe said:\n\nFrom now on no pay.\nFrom here too.\n\n",
        "y\n\nz\n",
    ]


def test_outlook_message_with_old_encoding_and_html_body(tmp_path: Path) -> None:
    table = bytes(32) + (0x3FFD0003).to_bytes(4, "little") + bytes(4) + (1251).to_bytes(4, "little") + bytes(4)
    streams = {
        "__properties_version1.0": table,
        "__substg1.0_0037001E": "Работа".encode("cp1251"),
        "__substg1.0_10130102": b"<p>one<p>two",
    }
    assert only(read(tmp_path / "a.msg", compound(streams))).text == "Работа\n\none\ntwo"


def test_message_inside_an_outlook_message_is_a_member(tmp_path: Path) -> None:
    inner = "__attach_version1.0_#00000000/__substg1.0_3701000D"
    streams = {
        "__properties_version1.0": b"",
        "__substg1.0_1000001F": FIRST.encode("utf-16-le"),
        f"{inner}/__properties_version1.0": b"",
        f"{inner}/__substg1.0_1000001F": SECOND.encode("utf-16-le"),
    }
    assert ids(read(tmp_path / "a.msg", compound(streams))) == ["a.msg", "a.msg!attachment-1"]


def test_squeezed_text_is_the_example_of_its_specification() -> None:
    """Section 4.1.1 of MS-OXRTFCP."""
    raw = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a00726370673132354232 0af32068656c090020627705b06c647d0a800fa0"
    )
    assert unsqueeze(raw, 1000) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"


def test_squeezed_text_that_copies_what_it_writes() -> None:
    """Section 4.1.2 of MS-OXRTFCP."""
    raw = bytes.fromhex("1a0000001c0000004c5a4675e2d44b5141000420575859 5a0d6e7d010eb0")
    assert unsqueeze(raw, 1000) == b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        pytest.param(b"id;text\na;one\n", "a.csv", id="semicolon"),
        pytest.param(b"id\ttext\na\tone\n", "a.csv", id="tab"),
        pytest.param(b"sep=|\nid|text\na|one\n", "a.csv", id="separator line"),
        pytest.param(b"\xef\xbb\xbfid,text\r\na,one\r\n", "a.csv", id="byte order mark"),
        pytest.param("id,text\na,one\n".encode("utf-16"), "a.csv", id="UTF-16"),
        pytest.param(b" id , text \na,one\n", "a.csv", id="blanks around names"),
        pytest.param(b"id\ttext\na\tone\n", "a.tsv", id="TSV"),
    ],
)
def test_table_of_any_spreadsheet_program_is_read(raw: bytes, name: str, tmp_path: Path) -> None:
    document = only(read(tmp_path / name, raw))
    assert (document.id, document.text, document.line) == ("a", "one", 2)


def test_rows_without_id_are_called_by_their_number(tmp_path: Path) -> None:
    found = read(tmp_path / "a.csv", b'text\none\n\n"two\nlines"\n')
    assert ids(found) == ["a.csv#2", "a.csv#4"]


def test_row_without_text_is_a_dead_letter(tmp_path: Path) -> None:
    found = read(tmp_path / "a.csv", b"id,text\na,\nb,one\n")
    assert [(item.line, item.id) for item in found] == [(2, "a"), (3, "b")]
    assert codes(found) == ["no_text"]


def test_table_without_the_column_names_those_it_has(tmp_path: Path) -> None:
    (letter,) = read(tmp_path / "a.csv", b"id,body\na,x\n")
    assert isinstance(letter, DeadLetter)
    assert letter.detail == "no column 'text'; columns: 'id', 'body'; see --text-field"


def test_first_row_that_is_no_header_is_not_quoted(tmp_path: Path) -> None:
    (letter,) = read(tmp_path / "a.csv", b"They took our passports and we owe 4000 now,x\n")
    assert isinstance(letter, DeadLetter)
    assert "passports" not in letter.detail


def test_columns_are_chosen_and_carried_by_name(tmp_path: Path) -> None:
    options = ReadOptions(text_field="body", id_field="key", metadata_fields=("site", "none"))
    document = only(read(tmp_path / "a.csv", b"key,site,body,language\nk,farm,one,ES\n", options))
    assert (document.id, document.text, document.language) == ("k", "one", "es")
    assert dict(document.metadata) == {"site": "farm"}


def test_sheets_are_told_apart_and_rows_counted_as_shown(tmp_path: Path) -> None:
    book = xlsx({"Notes": cells(["about"]), "One": cells(["text"], ["a"]), "Two": cells(["id", "text"], ["7", "b"])})
    found = read(tmp_path / "a.xlsx", book)
    assert ids(found) == ["a.xlsx!One#2", "7"]
    assert [(item.sheet, item.line) for item in found if isinstance(item, Extract)] == [("One", 2), ("Two", 2)]


def test_parquet_rows_are_numbered_across_batches(tmp_path: Path) -> None:
    found = read(tmp_path / "a.parquet", parquet_bytes(pa.table({"text": [f"t{n}" for n in range(1500)]})))
    assert [item.line for item in found] == list(range(1, 1501))


@pytest.mark.parametrize(
    ("raw", "texts"),
    [
        pytest.param(b'[{"text": "a"}, {"text": "b"}]', ["a", "b"], id="array"),
        pytest.param(b'{\n "text": "a]}",\n "more": {"x": [1]}\n}', ["a]}"], id="one object"),
        pytest.param(b'{"text": "a"}\n{"text": "b\\""}\n', ["a", 'b"'], id="lines"),
        pytest.param(b'\xef\xbb\xbf [ {"text": "a"} ]', ["a"], id="mark and blanks"),
    ],
)
def test_json_of_any_layout_is_read(raw: bytes, texts: list[str], tmp_path: Path) -> None:
    found = read(tmp_path / "a.json", raw)
    assert [item.text for item in found if isinstance(item, Extract)] == texts


def test_json_array_larger_than_a_piece_is_cut_right(tmp_path: Path) -> None:
    rows = [{"id": n, "text": f"{n} " * 3000} for n in range(100)]
    assert ids(read(tmp_path / "a.json", orjson.dumps(rows))) == [str(n) for n in range(100)]


def test_ids_in_archives_are_unique_whatever_members_are_called(tmp_path: Path) -> None:
    members = [
        ("a!b.txt", b"1"),
        ("a.zip", zipped({"b.txt": b"2"})),
        ("a.txt", b"3"),
        ("a.txt", b"4"),
        ("a.txt~2", b"5"),
    ]
    found = read(tmp_path / "x.zip", zipped(members))
    names = [item.id for item in found]
    assert len(set(names)) == len(names) == 5
    assert names[:4] == ["x.zip!a%21b.txt", "x.zip!a.zip!b.txt", "x.zip!a.txt", "x.zip!a.txt~2"]


def test_lines_in_an_archive_are_called_by_member_and_number(tmp_path: Path) -> None:
    found = read(tmp_path / "x.tar", tarred({"a.jsonl": b'{"text": "1"}\n{"text": "2"}\n', "b.csv": b"text\n3\n"}))
    assert ids(found) == ["x.tar!a.jsonl:1", "x.tar!a.jsonl:2", "x.tar!b.csv#2"]


def test_named_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.txt")
    watch = Watch(ReadLimits())
    found = extract_file(str(tmp_path / "a.txt"), "a.txt", options=ReadOptions(), watch=watch, readers=READERS)
    assert [item.code for item, _ in found if isinstance(item, DeadLetter)] == ["unreadable"]


@pytest.mark.parametrize(
    ("name", "head", "suffix"),
    [
        pytest.param("1.", b"", "", id="mail of a folder"),
        pytest.param("1700000000.M1P2.host:2,S", b"", "", id="mail of a maildir"),
        pytest.param("Inbox", b"From a@example.org Mon Jan  1\n", "#1", id="mailbox"),
    ],
)
def test_stored_mail_without_a_known_suffix_is_read(name: str, head: bytes, suffix: str, tmp_path: Path) -> None:
    raw = head + b"Date: Mon, 1 Jan 2024 10:00:00 +0000\nFrom: a@example.org\nSubject: Work\n\nNo pay.\n"
    document = only(read(tmp_path / name, raw))
    assert (document.text, document.id) == ("Work\n\nNo pay.\n", name + suffix)


def test_text_without_a_suffix_is_read_and_with_an_unknown_one_refused(tmp_path: Path) -> None:
    assert only(read(tmp_path / "README", FIRST.encode())).text == FIRST
    assert codes(read(tmp_path / "a.xyz", FIRST.encode())) == ["unsupported_format"]

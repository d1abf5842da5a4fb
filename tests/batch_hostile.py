"""The files of the hostile corpus that are made by hand: bombs, loops, nests, lies, locks and strange letters."""

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pyarrow as pa
import zstandard

from tests.batch_files import (
    CSV,
    FIRST,
    MIB,
    SECOND,
    arrow_bytes,
    cells,
    compound,
    damaged,
    docx,
    mail,
    msg,
    odt,
    paragraphs,
    parquet_bytes,
    pdf,
    tarred,
    xlsx,
    zipped,
)

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(200)
PROGRAM = b"\x7fELF\x02\x01\x01" + bytes(200)
SEVEN_ZIP = b"7z\xbc\xaf\x27\x1c\x00\x04" + bytes(100)
# What must become of each file: a dead letter with this code, None for documents alone, ANY where either will do.
ANY = "any"
FATES: dict[str, str | None] = {}


def write_hostile(folder: Path) -> list[Path]:
    """Write the corpus of hostile and broken files, and return their paths in order."""
    written = []
    for name, raw in (*damaged(), *by_hand()):
        written.append(folder / name)
        written[-1].write_bytes(raw)
    return sorted(written)


def by_hand() -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of every file that is made by hand."""
    for maker in (_archives, _compressed, _office, _pages, _mails, _tables, _texts, _lies):
        yield from maker()


def _named(name: str, fate: str | None, raw: bytes) -> tuple[str, bytes]:
    FATES[name] = fate
    return name, raw


def _archives() -> Iterator[tuple[str, bytes]]:
    letters = b"a" * (12 * MIB)
    yield _named("bomb.zip", "expands_too_far", zipped({"a.jsonl": letters}))
    nested = zipped({"a.txt": FIRST.encode()})
    for level in range(8):
        nested = zipped({f"{level}.zip": nested})
    yield _named("nested.zip", "nested_too_deep", nested)
    yield _named("crowd.zip", "too_many_members", zipped({f"{n}.txt": b"x" for n in range(300)}))
    yield _named("nothing.zip", "no_documents", zipped({}))
    yield _named("locked.zip", "encrypted", _locked(zipped({"a.txt": FIRST.encode()})))
    yield _named("unknown-method.zip", "unsupported_format", _method(zipped({"a.txt": FIRST.encode()}), 77))
    yield _named("wrong-sum.zip", "damaged", _wrong_sum(zipped({"a.txt": FIRST.encode()}, zipfile.ZIP_STORED)))
    yield _named("climbing.zip", None, zipped({"../../etc/a.txt": FIRST.encode(), "/b.txt": SECOND.encode()}))
    yield _named("twins.zip", None, zipped([("a.txt", FIRST.encode()), ("a.txt", SECOND.encode())]))
    yield _named("hidden.zip", "no_documents", zipped({"__MACOSX/._a.txt": b"x", ".b/c.txt": b"x", "d/": b""}))
    yield _named("pictures.zip", "unsupported_format", zipped({"a.jpg": JPEG, "b.exe": PROGRAM}))
    yield _named("links.tar", "no_documents", _links())
    yield _named("huge-member.tar", "truncated", _huge_member())
    yield _named("crowd.tar", "too_many_members", tarred({f"{n}.txt": b"x" for n in range(300)}))
    yield _named("nothing.tar", "no_documents", tarred({}))
    yield _named("long-names.tar", None, tarred({"n" * 3000 + ".txt": FIRST.encode()}))
    inner = gzip.compress(tarred({"a.eml": mail("Work", FIRST, {"b.zip": zipped({"c.txt": SECOND.encode()})})}))
    yield _named("mail-in-archive.tgz", None, inner)


def _compressed() -> Iterator[tuple[str, bytes]]:
    letters = b"a" * (12 * MIB)
    packers: dict[str, Callable[[bytes], bytes]] = {
        "bz2": bz2.compress,
        "gz": gzip.compress,
        "xz": lzma.compress,
        "zst": zstandard.compress,
    }
    for suffix, pack in packers.items():
        yield _named(f"bomb.jsonl.{suffix}", "expands_too_far", pack(letters))
        yield _named(f"two-streams.txt.{suffix}", None, pack(FIRST.encode()) + pack(SECOND.encode()))
        yield _named(f"cut.jsonl.{suffix}", "truncated", pack(CSV * 2000)[:60])
        yield _named(f"lied.txt.{suffix}", None, FIRST.encode())
    onion = FIRST.encode()
    for _ in range(12):
        onion = gzip.compress(onion)
    yield _named("onion.txt.gz", "nested_too_deep", onion)
    greedy = lzma.compress(FIRST.encode(), filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1024 * MIB}])
    yield _named("greedy.txt.xz", "damaged", greedy)
    yield _named("tail.txt.gz", ANY, gzip.compress(FIRST.encode()) + b"not gzip")


def _office() -> Iterator[tuple[str, bytes]]:
    laughs = '<!DOCTYPE w [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'
    outside = '<!DOCTYPE w [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    words = f"<w:document {space}><w:body><w:p><w:r><w:t>safe &c; &a;</w:t></w:r></w:p></w:body></w:document>"
    yield _named("laughs.docx", ANY, docx("", document=laughs + words))
    yield _named("outside.docx", ANY, docx("", document=outside + words.replace("&c; ", "")))
    yield _named("bomb.docx", "expands_too_far", docx(paragraphs("no pay " * 2_000_000)))
    yield _named("deep.docx", "too_deep", docx("<w:p>" * 5000 + "</w:p>" * 5000))
    yield _named("no-body.docx", "unsupported_format", zipped({"word/styles.xml": b"<a/>", "word/document.xm": b""}))
    yield _named("bad-xml.docx", "damaged", docx("<w:p><w:r><w:t>a</w:t></w:p>"))
    yield _named("blanks.odt", None, odt('<text:p>a<text:s text:c="2000000000"/>b</text:p>'))
    yield _named("locked.odt", "encrypted", odt("", **{"META-INF/manifest.xml": b"<m><encryption-data/></m>"}))
    yield _named("deep.odt", "too_deep", odt("<text:span>" * 5000 + "</text:span>" * 5000))
    yield _named("locked.docx", "encrypted", compound({"EncryptedPackage": b"x", "EncryptionInfo": b"x"}))
    yield _named("old.doc", "unsupported_format", compound({"WordDocument": b"x"}))
    yield _named("other.msg", "unsupported_format", compound({"Something": b"x"}))
    yield _named("far-cell.xlsx", ANY, xlsx({"S": cells(["id", "text"]) + _far()}))
    yield _named("no-column.xlsx", "no_text_column", xlsx({"S": cells(["name", "body"], ["a", FIRST])}))
    yield _named("bomb.xlsx", "expands_too_far", xlsx({"S": cells(["text"]) + " " * (40 * MIB)}))
    yield _named("pairs.rtf", None, rb"{\rtf1\ansi \u-10179?\u-8704? \u55357? end}")
    yield _named("deep.rtf", None, rb"{\rtf1 " + b"{" * 50_000 + b"x" + b"}" * 50_000 + b"}")
    yield _named("bad-number.rtf", "damaged", rb"{\rtf1 \u-99999999? x}")


def _pages() -> Iterator[tuple[str, bytes]]:
    yield _named("deep.html", None, b"<html>" + b"<div>" * 20_000 + FIRST.encode() + b"</div>" * 20_000)
    yield _named("deep-inline.html", None, b"<html>" + b"<b><i>" * 10_000 + FIRST.encode())
    yield _named("attributes.html", None, b"<html><p " + b"a=1 " * 20_000 + b">" + FIRST.encode())
    yield _named("unclosed.html", None, b"<html><p>" + FIRST.encode() + b"<script>" + b"x" * 1000)
    yield _named("wrong-charset.html", None, b'<html><meta charset="no-such"><p>' + "caf\xe9".encode("cp1252"))
    yield _named("escape-charset.html", None, b'<html><meta charset="unicode_escape"><p>\\x41 ' + FIRST.encode())
    yield _named("locked.pdf", "encrypted", _locked_pdf())
    yield _named("scan.pdf", "no_text_layer", pdf(["", ""]))
    yield _named("many-pages.pdf", "too_many_pages", pdf([FIRST] * 60))
    yield _named("loop.pdf", ANY, pdf([FIRST]).replace(b"/Kids [4 0 R]", b"/Kids [2 0 R]"))
    yield _named("no-table.pdf", "damaged", pdf([FIRST]).split(b"xref")[0])
    yield _named("late-head.pdf", ANY, b"\x00\x01\x02\x03" * 20 + pdf([FIRST]))


def _mails() -> Iterator[tuple[str, bytes]]:
    head = b"Subject: Work\nMIME-Version: 1.0\n"
    deep = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (number, number) for number in range(3000)
    )
    yield _named("deep.eml", ANY, head + deep + b"Content-Type: text/plain\n\nx\n")
    plain = head + b"Content-Type: text/plain; charset=%s\nContent-Transfer-Encoding: %s\n\n%s\n"
    yield _named("bad-base64.eml", ANY, plain % (b"utf-8", b"base64", b"!!!not base64!!!"))
    yield _named("unknown-charset.eml", None, plain % (b"klingon", b"8bit", "caf\xe9".encode("cp1252")))
    yield _named("rot13-charset.eml", None, plain % (b"rot13", b"8bit", FIRST.encode()))
    yield _named("many-parts.eml", "too_many_members", _many_parts())
    yield _named("long-header.eml", "text_too_long", b"Subject: " + b"a " * 300_000 + b"\n\n" + FIRST.encode())
    yield _named("odd-header.eml", ANY, b"Subject: =?utf-8?b?/////w==?= =?x?q?=\n\n" + FIRST.encode())
    yield _named("no-header.eml", "damaged", b"\n\nonly words")
    forwarded = mail("Outer", FIRST) + b""
    yield _named("itself.eml", ANY, mail("Outer", SECOND, {"inner.eml": forwarded, "x.jpg": JPEG}))
    yield _named("onion.eml", "nested_too_deep", _mail_onion())
    yield _named("no-mail.mbox", "no_documents", b"\n\n")
    yield _named("empty-mails.mbox", "empty_file", b"From a\n\nFrom b\n\n")
    yield _named("large-mail.mbox", "file_too_large", b"From a\nSubject: a\n\n" + (b"x" * 70 + b"\n") * 150_000)
    yield _named("odd.msg", None, msg("", "", {"../../a.txt": SECOND.encode() * 200}))


def _tables() -> Iterator[tuple[str, bytes]]:
    yield _named("no-column.csv", "no_text_column", b"name,body\na,b\n")
    yield _named("no-header.csv", "no_text_column", f"{FIRST},{SECOND} They said we owe 4,000 now\n".encode())
    yield _named("open-quote.csv", "damaged", b'id,text\na,"never ends\n' + b"b,c\n" * (5 * MIB))
    yield _named("zeros.csv", ANY, b"id,text\na,one\x00two\n" + CSV * 100)
    yield _named("wide.csv", None, CSV.decode().encode("utf-16"))
    yield _named("many-columns.csv", "too_many_cells", b"text\n" + b"," * 150_000 + b"\n")
    yield _named("one-line.csv", "line_too_long", b"text\n" + b"x" * (17 * MIB))
    yield _named("mixed-bytes.csv", ANY, CSV * 4000 + b"c,caf\xe9\n")
    yield _named("deep.jsonl", "not_json", b'{"text": ' + b"[" * 100_000 + b"\n" + b'{"text": "x"}\n')
    yield _named("bad-bytes.jsonl", "not_utf8", b'{"text": "\xff"}\n')
    yield _named("wide.jsonl", None, orjson.dumps({"text": FIRST}).decode().encode("utf-16"))
    yield _named("one-line.jsonl", "line_too_long", b'{"text": "' + b"a" * (17 * MIB) + b'"}\n{"text": "b"}\n')
    yield _named("open.json", "truncated", b'[{"text": "a"}, {"text": "b"')
    yield _named("deep.json", "truncated", b"[" * 200_000)
    yield _named("large-value.json", "file_too_large", b'[{"text": "' + b"a" * (18 * MIB) + b'"}]')
    yield _named("words.json", "not_json", FIRST.encode())
    yield _named("numbers.json", "no_documents", b"[1, 2, 3]")
    yield _named("no-column.parquet", "no_text_column", parquet_bytes(pa.table({"body": [FIRST]})))
    yield _named("no-rows.parquet", ANY, parquet_bytes(pa.table({"text": pa.array([], pa.string())})))
    yield _named("lists.parquet", "no_text", parquet_bytes(pa.table({"text": [[FIRST]]})))
    yield _named("no-column.feather", "no_text_column", arrow_bytes(pa.table({"body": [FIRST]})))
    yield _named("bad-stream.arrows", ANY, b"\xff\xff\xff\xff" + struct.pack("<i", 2**31 - 1) + bytes(64))


def _texts() -> Iterator[tuple[str, bytes]]:
    words = "Le garçon a été forcé de travailler sans salaire, même le dimanche. " * 3
    for charset in ("utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "cp1252", "mac_roman"):
        yield _named(f"french-{charset}.txt", None, words.encode(charset))
    yield _named("russian-cp1251.txt", None, ("Паспорт забрали, зарплату не платят. " * 3).encode("cp1251"))
    yield _named("japanese-sjis.txt", None, ("パスポートを取られた。給料はない。" * 3).encode("cp932"))
    yield _named("one-zero.txt", None, FIRST.encode() + b"\x00" + SECOND.encode())
    yield _named("long.txt", "text_too_long", b"word " * 200_000)
    yield _named("no-space.txt", None, b"a" * 99_000)
    yield _named("binary.txt", "unsupported_format", bytes(range(256)) * 20)


def _lies() -> Iterator[tuple[str, bytes]]:
    yield _named("picture.txt", "unsupported_format", JPEG)
    yield _named("program.pdf", "unsupported_format", PROGRAM)
    yield _named("seven.zip", "unsupported_format", SEVEN_ZIP)
    yield _named("really-pdf.docx", None, pdf([FIRST]))
    yield _named("really-docx.pdf", None, docx(paragraphs(FIRST)))
    yield _named("really-zip.txt", None, zipped({"a.txt": FIRST.encode()}))
    yield _named("really-html.xls", None, f"<html><p>{FIRST}".encode())
    yield _named("really-rtf.doc", None, rb"{\rtf1 " + FIRST.encode() + b"}")
    yield _named("really-text.pdf", None, FIRST.encode())
    yield _named("really-xlsx.csv", None, xlsx({"S": cells(["text"], [FIRST])}))
    yield _named("really-parquet.jsonl", None, parquet_bytes(pa.table({"text": [FIRST]})))
    yield _named("unknown.xyz", "unsupported_format", FIRST.encode())


def _locked(raw: bytes) -> bytes:
    # Bit 0 of the flags, in the local header and in the directory.
    out = bytearray(raw)
    out[6] |= 1
    out[raw.index(b"PK\x01\x02") + 8] |= 1
    return bytes(out)


def _method(raw: bytes, method: int) -> bytes:
    out = bytearray(raw)
    out[8] = method
    out[raw.index(b"PK\x01\x02") + 10] = method
    return bytes(out)


def _wrong_sum(raw: bytes) -> bytes:
    return raw.replace(FIRST.encode(), FIRST.upper().encode())


def _links() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for kind, target in ((tarfile.SYMTYPE, "/etc/passwd"), (tarfile.LNKTYPE, "a"), (tarfile.FIFOTYPE, "")):
            info = tarfile.TarInfo("a.txt")
            info.type, info.linkname = kind, target
            archive.addfile(info)
    return out.getvalue()


def _huge_member() -> bytes:
    info = tarfile.TarInfo("a.jsonl")
    info.size = 2**40
    return info.tobuf(tarfile.GNU_FORMAT) + b'{"text": "a"}\n'


def _far() -> str:
    return '<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row>'


def _locked_pdf() -> bytes:
    lock = f"/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <{'41' * 32}> /U <{'42' * 32}> >> /ID [<00><00>] "
    return pdf([FIRST], trailer=lock)


def _many_parts() -> bytes:
    head = b'Subject: a\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"\n\n'
    return head + b"--b\nContent-Type: text/plain\n\nx\n" * 2000 + b"--b--\n"


def _mail_onion() -> bytes:
    inner = mail("Core", FIRST)
    for level in range(10):
        inner = mail(f"Level {level}", SECOND, {"inner.eml": inner})
    return inner

"""Makes a good file of every format that can be read, and breaks these in many ways."""

import bz2
import gzip
import io
import lzma
import random
import struct
import tarfile
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from itertools import pairwise

import orjson
import pyarrow as pa
import zstandard
from pyarrow import feather, parquet

FIRST, SECOND = "They kept our passports.", "No salary for five months."
ROWS = [{"id": "a", "text": FIRST, "site": "farm"}, {"id": "b", "text": SECOND, "site": "kitchen"}]
MIB = 2**20
_WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_OPEN = (
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
)


@dataclass(frozen=True, slots=True)
class Sample:
    """A good file: its suffix, its bytes, and what must be read from it: the id behind the file's label, and words."""

    suffix: str
    raw: bytes
    documents: Sequence[tuple[str, str]]


def zipped(members: Mapping[str, bytes] | Sequence[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip archive."""
    out = io.BytesIO()
    pairs = members.items() if isinstance(members, Mapping) else members
    with zipfile.ZipFile(out, "w", method) as archive, warnings.catch_warnings():
        # Two members of one name are what some tests are about.
        warnings.simplefilter("ignore")
        for name, raw in pairs:
            # A fixed date: the same bytes every time.
            archive.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), raw, method)
    return out.getvalue()


def tarred(members: Mapping[str, bytes]) -> bytes:
    """Return a tar archive."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, raw in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(raw)
            archive.addfile(info, io.BytesIO(raw))
    return out.getvalue()


def pdf(pages: Sequence[str], *, trailer: str = "") -> bytes:
    """Return a PDF file with a line of text on each page."""
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    bodies = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    fonts = "/Resources << /Font << /F1 3 0 R >> >>"
    for number, words in enumerate(pages):
        content = f"BT /F1 12 Tf 20 100 Td ({words}) Tj ET" if words else ""
        bodies += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 200] /Contents {5 + 2 * number} 0 R {fonts} >>",
            f"<< /Length {len(content)} >>\nstream\n{content}\nendstream",
        ]
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(bodies, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(bodies) + 1
    end = f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R {trailer}>>\n"
    return out + f"{end}startxref\n{len(out)}\n%%EOF\n".encode()


def docx(body: str, **parts: str) -> bytes:
    """Return a Word file whose parts hold the given XML."""
    named = {"document": f"<w:document {_WORD}><w:body>{body}</w:body></w:document>", **parts}
    return zipped(
        {"[Content_Types].xml": b"<Types/>"} | {f"word/{key}.xml": xml.encode() for key, xml in named.items()}
    )


def paragraphs(*texts: str) -> str:
    """Return paragraphs of a Word file."""
    return "".join(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>" for text in texts)


def odt(body: str, **others: bytes) -> bytes:
    """Return an OpenDocument text."""
    content = f"<office:document-content {_OPEN}><office:body><office:text>{body}</office:text></office:body>"
    named = {"mimetype": b"application/vnd.oasis.opendocument.text", **others}
    return zipped(named | {"content.xml": f"{content}</office:document-content>".encode()})


def xlsx(sheets: Mapping[str, str]) -> bytes:
    """Return a workbook whose sheets hold the given rows as XML."""
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    numbered = list(enumerate(sheets.items(), 1))
    listed = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"/>' for n, (name, _) in numbered)
    links = "".join(
        f'<Relationship Id="r{n}" Type="{office}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n, _ in numbered
    )
    root = f'<Relationship Id="r1" Type="{office}/officeDocument" Target="xl/workbook.xml"/>'
    members = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships">{root}</Relationships>',
        "xl/workbook.xml": f'<workbook {main} xmlns:r="{office}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">{links}</Relationships>',
    }
    for n, (_, rows) in numbered:
        members[f"xl/worksheets/sheet{n}.xml"] = f"<worksheet {main}><sheetData>{rows}</sheetData></worksheet>"
    return zipped({name: xml.encode() for name, xml in members.items()})


def cells(*rows: Sequence[str]) -> str:
    """Return rows of a sheet."""
    lines = (
        "".join(f'<c r="{chr(65 + at)}{n}" t="inlineStr"><is><t>{cell}</t></is></c>' for at, cell in enumerate(row))
        for n, row in enumerate(rows, 1)
    )
    return "".join(f'<row r="{n}">{line}</row>' for n, line in enumerate(lines, 1))


def mail(subject: str, body: str, attachments: Mapping[str, bytes] | None = None) -> bytes:
    """Return a mail with attachments."""
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, "a@example.org", "b@example.org"
    message.set_content(body)
    for name, raw in (attachments or {}).items():
        message.add_attachment(raw, maintype="application", subtype="octet-stream", filename=name)
    if message.is_multipart():
        message.set_boundary("=-boundary-=")
    return message.as_bytes()


def compound(streams: Mapping[str, bytes]) -> bytes:
    """Return an OLE compound file; streams are filled up with zeros to 4,096 bytes: shorter ones lie elsewhere."""
    entries, folders = [("Root Entry", 5, b"")], dict[str, int]({"": 0})
    children: dict[int, list[int]] = {0: []}
    for path, raw in streams.items():
        above = ""
        *names, name = path.split("/")
        for folder in names:
            here = f"{above}/{folder}"
            if here not in folders:
                folders[here] = len(entries)
                children[len(entries)] = []
                children[folders[above]].append(len(entries))
                entries.append((folder, 1, b""))
            above = here
        children[folders[above]].append(len(entries))
        entries.append((name, 2, raw.ljust(4096, b"\x00")))
    return _compound_bytes(entries, children)


def _compound_bytes(entries: Sequence[tuple[str, int, bytes]], children: Mapping[int, Sequence[int]]) -> bytes:
    none, end = 0xFFFFFFFF, 0xFFFFFFFE
    right = {a: b for siblings in children.values() for a, b in pairwise(siblings)}
    directory_sectors = -(-len(entries) // 4)
    table, starts, data = [0xFFFFFFFD], [], b""
    table += [number + 2 for number in range(directory_sectors)]
    table[-1] = end
    for _, kind, raw in entries:
        if kind != 2:
            starts.append(end)
            continue
        count = -(-len(raw) // 512)
        starts.append(len(table))
        table += [len(table) + number + 1 for number in range(count)]
        table[-1] = end
        data += raw.ljust(512 * count, b"\x00")
    assert len(table) <= 128, "one sector of the table is enough for tests"
    directory = b""
    for number, (name, kind, raw) in enumerate(entries):
        encoded = (name + "\x00").encode("utf-16-le")
        child = children.get(number) or [none]
        directory += encoded.ljust(64, b"\x00") + struct.pack("<HBB", len(encoded), kind, 1)
        directory += struct.pack("<III", none, right.get(number, none), child[0]) + bytes(36)
        directory += struct.pack("<IQ", starts[number], len(raw))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, end, 0, end, 0) + struct.pack("<I", 0)
    fat = b"".join(struct.pack("<I", cell) for cell in table).ljust(512, b"\xff")
    return header.ljust(512, b"\xff") + fat + directory.ljust(512 * directory_sectors, b"\x00") + data


def msg(subject: str, body: str, attachments: Mapping[str, bytes] | None = None) -> bytes:
    """Return an Outlook message."""
    streams = {
        "__properties_version1.0": b"",
        "__substg1.0_0037001F": subject.encode("utf-16-le"),
        "__substg1.0_1000001F": body.encode("utf-16-le"),
    }
    for number, (name, raw) in enumerate((attachments or {}).items()):
        folder = f"__attach_version1.0_#{number:08X}"
        streams[f"{folder}/__substg1.0_3707001F"] = name.encode("utf-16-le")
        streams[f"{folder}/__substg1.0_37010102"] = raw
    return compound(streams)


def table() -> pa.Table:
    """Return the rows as an Arrow table."""
    return pa.Table.from_pylist(ROWS)


def parquet_bytes(rows: pa.Table) -> bytes:
    """Return a Parquet file."""
    out = io.BytesIO()
    parquet.write_table(rows, out)
    return out.getvalue()


def arrow_bytes(rows: pa.Table) -> bytes:
    """Return a Feather file."""
    out = io.BytesIO()
    feather.write_feather(rows, out, compression="uncompressed")
    return out.getvalue()


JSONL = b"".join(orjson.dumps(row) + b"\n" for row in ROWS)
CSV = f"id,text,site\na,{FIRST},farm\nb,{SECOND},kitchen\n".encode()
LONG = (SECOND + " ") * 200


def samples() -> dict[str, Sample]:
    """Return a good file of each format, by the format's name."""
    text = f"{FIRST}\n{SECOND}\n".encode()
    plain = [("", f"{FIRST}\n{SECOND}\n")]
    mails = mail("Work", FIRST, {"more.txt": SECOND.encode()})
    header = ["id", "text", "site"]
    by_id = [("=a", FIRST), ("=b", SECOND)]
    packed = [("", f"{FIRST}\n{SECOND}\n")]
    return {
        "arrow": Sample(".feather", arrow_bytes(table()), by_id),
        "bz2": Sample(".txt.bz2", bz2.compress(text), packed),
        "csv": Sample(".csv", CSV, by_id),
        "docx": Sample(".docx", docx(paragraphs(FIRST, SECOND)), plain),
        "eml": Sample(".eml", mails, [("", f"Work\n\n{FIRST}\n"), ("!more.txt", SECOND)]),
        "gz": Sample(".txt.gz", gzip.compress(text, mtime=0), packed),
        "html": Sample(".html", f"<html><body><p>{FIRST}<p>{SECOND}</html>".encode(), [("", f"{FIRST}\n{SECOND}")]),
        "json": Sample(".json", orjson.dumps(ROWS), by_id),
        "jsonl": Sample(".jsonl", JSONL, by_id),
        "mbox": Sample(
            ".mbox",
            b"From a@example.org Mon Jan  1\n" + mails + b"\nFrom b@example.org Mon Jan  1\n" + mail("Pay", SECOND),
            [("#1", f"Work\n\n{FIRST}\n"), ("#1!more.txt", SECOND), ("#2", f"Pay\n\n{SECOND}\n")],
        ),
        "md": Sample(".md", text, plain),
        "msg": Sample(
            ".msg", msg("Work", FIRST, {"l.txt": LONG.encode()}), [("", f"Work\n\n{FIRST}"), ("!l.txt", LONG)]
        ),
        "odt": Sample(".odt", odt(f"<text:p>{FIRST}</text:p><text:p>{SECOND}</text:p>"), plain),
        "parquet": Sample(".parquet", parquet_bytes(table()), by_id),
        "pdf": Sample(".pdf", pdf([FIRST, SECOND]), [("", f"{FIRST}\n\n{SECOND}")]),
        "rtf": Sample(".rtf", rf"{{\rtf1\ansi {FIRST}\par {SECOND}}}".encode(), [("", f"{FIRST}\n{SECOND}")]),
        "tar": Sample(".tar", tarred({"a/b.txt": text, "c.csv": CSV}), [("!a/b.txt", plain[0][1]), *by_id]),
        "tsv": Sample(".tsv", CSV.replace(b",", b"\t"), by_id),
        "txt": Sample(".txt", text, plain),
        "xlsx": Sample(".xlsx", xlsx({"One": cells(header, *(list(row.values()) for row in ROWS))}), by_id),
        "xz": Sample(".txt.xz", lzma.compress(text), packed),
        "zip": Sample(".zip", zipped({"a/b.txt": text, "c.csv": CSV}), [("!a/b.txt", plain[0][1]), *by_id]),
        "zst": Sample(".txt.zst", zstandard.compress(text), packed),
    }


Broken = Callable[[bytes], bytes]


def flipped(raw: bytes, seed: int, count: int = 12) -> bytes:
    """Return the bytes with some of them changed, the first sixteen left alone so that the format is still known."""
    dice, out = random.Random(seed), bytearray(raw)
    for _ in range(count):
        if len(out) > 17:
            out[dice.randrange(16, len(out))] = dice.randrange(256)
    return bytes(out)


def damaged() -> Iterator[tuple[str, bytes]]:
    """Yield every good file broken in the same six ways."""
    noise = random.Random(7).randbytes(3000)
    for number, (name, sample) in enumerate(samples().items()):
        raw, suffix = sample.raw, sample.suffix
        yield f"empty-{name}{suffix}", b""
        yield f"cut-third-{name}{suffix}", raw[: len(raw) // 3]
        yield f"cut-tail-{name}{suffix}", raw[:-9]
        yield f"noise-{name}{suffix}", noise
        yield f"flipped-{name}{suffix}", flipped(raw, number)
        yield f"head-then-noise-{name}{suffix}", raw[:64] + noise

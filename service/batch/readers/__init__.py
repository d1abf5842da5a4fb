"""The formats that can be read: a reader is one function from a file to its documents, and one line in `READERS`."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from service.batch.found import Found
from service.batch.readers.archives import read_tar, read_zip
from service.batch.readers.columnar import read_arrow, read_parquet
from service.batch.readers.compressed import read_bzip2, read_gzip, read_xz, read_zstandard
from service.batch.readers.delimited import read_csv, read_tsv
from service.batch.readers.html import read_html
from service.batch.readers.json_lines import read_json, read_json_lines
from service.batch.readers.mail import read_mail, read_mailbox
from service.batch.readers.msg import read_msg
from service.batch.readers.office import read_docx, read_odt
from service.batch.readers.pdf import read_pdf
from service.batch.readers.rtf import read_rtf
from service.batch.readers.sheets import read_workbook
from service.batch.readers.source import Source
from service.batch.readers.text import read_text


class Format(NamedTuple):
    """How a format is read, and the suffixes that claim it."""

    read: Callable[[Source], Iterator[Found | Source] | Iterator[Found] | Iterator[Source]]
    suffixes: tuple[str, ...]


# A reader yields documents, dead letters, and members, which are then read by whatever format they are in.
READERS: Mapping[str, Format] = {
    "arrow": Format(read_arrow, (".arrow", ".arrows", ".feather", ".ipc")),
    "bz2": Format(read_bzip2, (".bz2", ".tbz", ".tbz2")),
    "csv": Format(read_csv, (".csv",)),
    "docx": Format(read_docx, (".docx", ".docm", ".dotx")),
    "eml": Format(read_mail, (".eml",)),
    "gz": Format(read_gzip, (".gz", ".tgz")),
    "html": Format(read_html, (".html", ".htm", ".xhtml")),
    "json": Format(read_json, (".json",)),
    "jsonl": Format(read_json_lines, (".jsonl", ".ndjson")),
    "mbox": Format(read_mailbox, (".mbox", ".mbx")),
    "md": Format(read_text, (".md", ".markdown")),
    "msg": Format(read_msg, (".msg",)),
    "odt": Format(read_odt, (".odt", ".ott")),
    "parquet": Format(read_parquet, (".parquet", ".pq")),
    "pdf": Format(read_pdf, (".pdf",)),
    "rtf": Format(read_rtf, (".rtf",)),
    "tar": Format(read_tar, (".tar",)),
    "tsv": Format(read_tsv, (".tsv", ".tab")),
    "txt": Format(read_text, (".txt", ".text", ".log")),
    "xlsx": Format(read_workbook, (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")),
    "xz": Format(read_xz, (".xz", ".txz")),
    "zip": Format(read_zip, (".zip",)),
    "zst": Format(read_zstandard, (".zst", ".tzst")),
}


def suffixes_of(readers: Mapping[str, Format]) -> Mapping[str, str]:
    """Return the format that each suffix claims."""
    return {suffix: name for name, format_ in readers.items() for suffix in format_.suffixes}


SUFFIXES = suffixes_of(READERS)

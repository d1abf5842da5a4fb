"""Workbooks (.xlsx, .xlsm, .xlsb, .xls, .ods): a document a row of every sheet that has the text column."""

from collections.abc import Iterator
from typing import Any, BinaryIO
from zipfile import BadZipFile, ZipFile

from service.batch.found import Found
from service.batch.readers.source import Source, UnreadableError
from service.batch.readers.tables import Table


def read_workbook(source: Source) -> Iterator[Found]:
    """Yield the documents of a workbook; sheets without the text column are passed over if another has it.

    Raises:
        UnreadableError: It is damaged, encrypted, too large, or no sheet has the text column.
    """
    import python_calamine  # noqa: PLC0415

    try:
        with source.seekable_stream() as stream:
            _check_expansion(source, stream)
            yield from _sheets(source, python_calamine.CalamineWorkbook.from_filelike(stream))
    except python_calamine.PasswordError as error:
        raise UnreadableError("encrypted", "the workbook wants a password") from error
    except python_calamine.CalamineError as error:
        raise UnreadableError("damaged", f"the workbook is damaged: {type(error).__name__}") from error


def _sheets(source: Source, book: Any) -> Iterator[Found]:
    passed_over, found = None, False
    for name in book.sheet_names:
        source.watch.tick()
        try:
            table, rows, first = _open(source, book, name)
        except UnreadableError as error:
            if error.code == "no_text_column":
                passed_over = passed_over or error
            else:
                found = True
                yield source.dead(error.code, error.detail)
            continue
        found = True
        yield from table.rows(rows, first=first)
    if not found:
        raise passed_over or UnreadableError("no_documents", "the workbook has no sheets")


def _open(source: Source, book: Any, name: str) -> tuple[Table, Iterator[list[Any]], int]:
    sheet = book.get_sheet_by_name(name)
    if sheet.height * sheet.width > source.limits.cells:
        detail = f"sheet {name!r} has {sheet.height * sheet.width} cells; allowed: {source.limits.cells}"
        raise UnreadableError("too_many_cells", detail)
    rows = iter(sheet.iter_rows())
    table = Table(source, [str(cell).strip() for cell in next(rows, [])], name)
    table.check()
    # Rows are counted as the program that made them counts, blank ones at the top included.
    first = (sheet.start[0] if sheet.start else 0) + 2
    return table, ([_whole(cell) for cell in row] for row in rows), first


def _whole(cell: object) -> object:
    # Workbooks have one kind of number: an id of 7 comes as 7.0.
    return int(cell) if isinstance(cell, float) and cell.is_integer() else cell


def _check_expansion(source: Source, stream: BinaryIO) -> None:
    """Refuse a workbook that would expand too far, before it is held in memory."""
    try:
        with ZipFile(stream) as archive:
            total = sum(info.file_size for info in archive.infolist())
    except BadZipFile:
        total = 0
    stream.seek(0)
    if total > source.limits.whole_bytes * 8:
        raise UnreadableError("expands_too_far", f"{total} bytes come out; allowed: {source.limits.whole_bytes * 8}")
    source.meter.charge(total)

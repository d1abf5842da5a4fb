"""HTML: the words that a reader sees, a line for each block; scripts and styles left out."""

import re
from collections.abc import Iterator

from service.batch.found import Found
from service.batch.readers.charset import declared_in_markup, decode
from service.batch.readers.source import Source, UnreadableError

MAX_BYTES = 32 * 2**20
_UNSEEN = ["script", "style", "template"]
_BLOCKS = (
    "address,article,aside,blockquote,body,br,caption,dd,details,div,dl,dt,fieldset,figcaption,figure,footer,form,"
    "h1,h2,h3,h4,h5,h6,header,hr,li,main,nav,ol,option,p,pre,section,summary,table,textarea,title,tr,ul"
)
_CELLS = "td,th"
# A control character that stands for a line break while runs of blanks are folded.
_BREAK = "\x1e"
_SPACES = re.compile(r"[ \t\n\f\r]+")
_BREAKS = re.compile(rf" ?{_BREAK}[ {_BREAK}]*")


def read_html(source: Source) -> Iterator[Found]:
    """Yield the one document that a page is."""
    raw = source.whole(min(MAX_BYTES, source.limits.whole_bytes))
    markup, charset = decode(raw, declared_in_markup(raw))
    source.watch.tick()
    yield source.document(text_of_html(markup), charset=charset)


def text_of_html(markup: str) -> str:
    """Return the visible text of an HTML page, blanks folded as a browser folds them.

    Raises:
        UnreadableError: The parser gives up.
    """
    from selectolax.lexbor import LexborHTMLParser, SelectolaxError  # noqa: PLC0415

    try:
        tree = LexborHTMLParser(markup.replace(_BREAK, " "))
        tree.strip_tags(_UNSEEN)
        for block in tree.css(_BLOCKS):
            block.insert_before(_BREAK)
            block.insert_after(_BREAK)
        for cell in tree.css(_CELLS):
            cell.insert_after(" ")
        root = tree.root
        text = root.text() if root is not None else ""
    except SelectolaxError as error:
        raise UnreadableError("damaged", "the HTML parser gave up") from error
    return _BREAKS.sub("\n", _SPACES.sub(" ", text)).strip()

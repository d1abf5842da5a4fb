"""The search index of each kind of database: FTS5 on SQLite, tsvector on PostgreSQL, with the same words in both."""

from collections import defaultdict
from typing import Any, Literal

from sqlalchemy import ColumnElement, FromClause, cast, column, delete, insert, literal_column, select, table, text
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR

from service.store import words
from service.store.store import Transaction
from service.store.words import Term

Indexed = Literal["words", "hashes"]
# PostgreSQL keeps no more: positions up to 16,383, and 255 of one word.
_LAST_POSITION, _MOST_POSITIONS = 16_383, 255
# No more than these are listed before they are put in order; a page is far smaller.
_RARE = 400

_sqlite = table("document_search", column("rowid"), column("words"))
_postgres = table("document_search", column("document"), column("words", TSVECTOR))


def index_kind(tx: Transaction, *, sealed: bool) -> Indexed | None:
    """How a new document is indexed; None when no index is kept."""
    if not tx.store.searchable:
        return None
    return "hashes" if sealed else "words"


def add_to_index(tx: Transaction, number: int, document_text: str, how: Indexed | None) -> None:
    """Index a document as `index_kind` says."""
    if how is None:
        return
    found = _tokens(tx, document_text, how)
    if tx.store.is_sqlite:
        tx.execute(insert(_sqlite).values(rowid=number, words=" ".join(found)))
    else:
        vector = _vector(found, positions=how == "words")
        tx.execute(insert(_postgres).values(document=number, words=cast(vector, TSVECTOR)))


def remove_from_index(tx: Transaction, number: int, document_text: str, how: str | None) -> None:
    """Take a document out of the index; the text must be the one it was indexed with."""
    if how is None:
        return
    if not tx.store.is_sqlite:
        tx.execute(delete(_postgres).where(_postgres.c.document == number))
        return
    # An index without content is told what to forget.
    found = _tokens(tx, document_text, "hashes" if how == "hashes" else "words")
    tx.execute(
        text("INSERT INTO document_search (document_search, rowid, words) VALUES ('delete', :number, :words)"),
        {"number": number, "words": " ".join(found)},
    )


def squeeze_index(tx: Transaction) -> None:
    """Rewrite FTS5's index without what was removed: until then the words of erased texts stay in its old parts."""
    if tx.store.is_sqlite:
        tx.execute(text("INSERT INTO document_search (document_search) VALUES ('optimize')"))


def search_source(tx: Transaction) -> tuple[FromClause, ColumnElement[Any]]:
    """The index as something to select from, and its column of document numbers."""
    return (_sqlite, _sqlite.c.rowid) if tx.store.is_sqlite else (_postgres, _postgres.c.document)


def rare_matches(tx: Transaction, query: str) -> list[int] | None:
    """Numbers of all documents that have what was searched for, in no order; None where they may be many.

    FTS5 walks its matches from the newest on, so it never lists them. PostgreSQL's index knows no order: asked for the
    newest of a rare word it would look through all documents.

    Raises:
        service.store.errors.RefusedError: The query cannot be answered.
    """
    if tx.store.is_sqlite:
        return None
    # Planned for all rows, as is what must be kept, but read no further than it is asked for.
    found = select(_postgres.c.document).where(matches(tx, query)).cte().prefix_with("MATERIALIZED")
    numbers = list(tx.execute(select(found.c.document).limit(_RARE + 1)).scalars())
    return numbers if len(numbers) <= _RARE else None


def matches(tx: Transaction, query: str) -> ColumnElement[bool]:
    """The condition on `search_source` that a document has what was searched for.

    Raises:
        service.store.errors.RefusedError: The query cannot be answered.
    """
    hashed = tx.store.cipher.key_id is not None
    terms = words.read_query(query, hashed=hashed)
    key = tx.store.secret(tx.connection, "search") if hashed else None
    if tx.store.is_sqlite:
        return literal_column("document_search").op("MATCH")(_fts_query(terms, key))
    return _postgres.c.words.op("@@")(cast(_ts_query(terms, key), TSQUERY))


def _tokens(tx: Transaction, document_text: str, how: Indexed) -> list[str]:
    found = words.split_words(document_text)
    return words.hash_words(found, tx.store.secret(tx.connection, "search")) if how == "hashes" else found


def _vector(found: list[str], *, positions: bool) -> str:
    if not positions:
        return " ".join(f"'{word}'" for word in found)
    places: dict[str, list[int]] = defaultdict(list)
    for position, word in enumerate(found, start=1):
        if len(places[word]) < _MOST_POSITIONS:
            places[word].append(min(position, _LAST_POSITION))
    return " ".join(f"'{word}':{','.join(map(str, sorted(set(at))))}" for word, at in places.items())


def _fts_query(terms: list[Term], key: bytes | None) -> str:
    wanted = " AND ".join(_fts_term(term, key) for term in terms if not term.excluded)
    unwanted = [_fts_term(term, key) for term in terms if term.excluded]
    return f"({wanted}) NOT ({' OR '.join(unwanted)})" if unwanted else wanted


def _fts_term(term: Term, key: bytes | None) -> str:
    phrase = f'"{" ".join(term.words)}"{"*" if term.prefix else ""}'
    # Documents from before there was a key are indexed by their words.
    return f'({phrase} OR "{words.hash_word(term.words[0], key)}")' if key else phrase


def _ts_query(terms: list[Term], key: bytes | None) -> str:
    return " & ".join(f"!({_ts_term(term, key)})" if term.excluded else f"({_ts_term(term, key)})" for term in terms)


def _ts_term(term: Term, key: bytes | None) -> str:
    phrase = " <-> ".join(f"'{word}'" for word in term.words) + (":*" if term.prefix else "")
    return f"{phrase} | '{words.hash_word(term.words[0], key)}'" if key else phrase

"""Search: documents by their words and by what is known of them, newest first."""

from sqlalchemy import ColumnElement

from service.review.filters import EVERYTHING, Filters, conditions
from service.review.items import require_reviewer
from service.review.policy import ReviewPolicy
from service.review.queue import check_limit
from service.review.views import ItemView, item_rows, show_items
from service.store.document_tables import documents
from service.store.errors import RefusedError
from service.store.rows import Page, read_cursor, write_cursor
from service.store.search_index import matches, rare_matches, search_source
from service.store.store import Transaction
from service.store.users import UserRecord


def search(
    tx: Transaction,
    policy: ReviewPolicy,
    viewer: UserRecord,
    query: str = "",
    *,
    filters: Filters = EVERYTHING,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[ItemView]:
    """Documents that have the words and fit the filters, newest first; the query `""` lists by filters alone.

    A query is words that must all be there; "phrases", begin* and -without where texts are not sealed (see
    `service.store.words`).

    Raises:
        NotAllowedError: The viewer may not review.
        RefusedError: The query, a filter, the cursor or the limit is not allowed, or no search index is kept.
    """
    require_reviewer(viewer)
    narrowed = conditions(tx, filters)
    before = None if cursor is None else read_cursor(cursor, int)[0]
    wanted = item_rows().limit(check_limit(limit) + 1)
    number: ColumnElement[int] = documents.c.number
    if query.strip():
        if not tx.store.searchable:
            raise RefusedError("query", "no search index is kept (TELLSIGN_SEARCH=off); allowed: filters alone")
        rare = rare_matches(tx, query)
        if rare is None:
            index, number = search_source(tx)
            # Walked from its newest end by the index itself, so that common words need no sorting of all they are in.
            wanted = wanted.join(index, number == documents.c.number).where(matches(tx, query))
        else:
            wanted = wanted.where(number.in_(rare))
    if before is not None:
        wanted = wanted.where(number < before)
    rows = tx.execute(wanted.where(*narrowed).order_by(number.desc())).all()
    more = write_cursor([rows[limit - 1].number]) if len(rows) > limit else None
    return Page(tuple(show_items(tx, policy, viewer, rows[:limit])), more)

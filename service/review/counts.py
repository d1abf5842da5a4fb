"""Counts of the dashboard, read from the store in a few statements: the queue, days, decisions, flags, exposure.

Check items are left out everywhere: their answers were chosen. What compares two people, or people with the model, is
in `figures.py`. Days are days in UTC.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Row, Select, case, exists, func, select, type_coerce

from service.review.agreement import Estimate, share
from service.store.document_tables import analyses, documents, spans
from service.store.review_tables import checks, decisions, exposures, items
from service.store.rows import as_record
from service.store.schema import ROUNDS, SPAN_DECISIONS
from service.store.store import Transaction
from service.store.users import list_users

WAITING = ("waiting", "second", "adjudication")
# Upper ends of how long something has waited; the last stretch has none.
AGES = (timedelta(hours=4), timedelta(days=1), timedelta(days=3), timedelta(days=7))
_DAY_MS = 86_400_000
_later = decisions.alias("later")


@dataclass(frozen=True, slots=True)
class QueueCount:
    """What waits in one state: how many, since when the oldest, and how many of each age (`AGES`, then older)."""

    state: str
    number: int
    oldest: datetime | None
    ages: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class DayCount:
    """Documents that came and documents that were decided on one day."""

    day: date
    came: int
    decided: int


@dataclass(frozen=True, slots=True)
class DecisionCount:
    """Decisions on spans of an indicator, the last word of each reviewer on each span: how many of each kind."""

    indicator: str
    kinds: dict[str, int]

    @property
    def number(self) -> int:
        """Decisions of all kinds."""
        return sum(self.kinds.values())


@dataclass(frozen=True, slots=True)
class FlagCount:
    """How flags of an indicator fared: documents whose flag somebody judged, and the share in which it was upheld."""

    indicator: str
    judged: int
    upheld: Estimate


@dataclass(frozen=True, slots=True)
class ExposureCount:
    """What a person was given to read: in all, the heavy ones of these, on the heaviest day, and today."""

    reviewer: str
    items: int
    heavy: int
    most_heavy: int
    items_today: int
    heavy_today: int


@dataclass(frozen=True, slots=True)
class ErasureCount:
    """Texts older than a moment that are still kept: how many, and since when the oldest."""

    before: datetime
    number: int
    oldest: datetime | None


def count_queue(tx: Transaction) -> list[QueueCount]:
    """What waits, by state."""
    edges = [tx.now - age for age in AGES]
    younger = [func.sum(case((items.c.queued > edge, 1), else_=0)).label(f"age{at}") for at, edge in enumerate(edges)]
    wanted = (
        select(items.c.state, func.count().label("number"), func.min(items.c.queued).label("oldest"), *younger)
        .where(items.c.state.in_(WAITING), ~items.c.is_check)
        .group_by(items.c.state)
    )
    found = {row.state: row for row in tx.execute(wanted)}
    return [_queue_count(state, found.get(state)) for state in WAITING]


def _queue_count(state: str, row: Row[Any] | None) -> QueueCount:
    if row is None:
        return QueueCount(state, 0, None, (0,) * (len(AGES) + 1))
    # Each sum counts everything younger than its edge; the stretches are what lies between two.
    sums = [0, *(int(getattr(row, f"age{at}")) for at in range(len(AGES))), row.number]
    return QueueCount(state, row.number, row.oldest, tuple(more - less for less, more in pairwise(sums)))


def count_days(tx: Transaction, *, days: int) -> list[DayCount]:
    """The last days, today last; a day on which nothing happened is there with noughts.

    Args:
        tx: A transaction.
        days: How many, at least 1.
    """
    first = tx.now.date() - timedelta(days=days - 1)
    since = datetime.combine(first, datetime.min.time(), UTC)
    came = _by_day(tx, documents.c.created, select(documents), since)
    decided = _by_day(tx, items.c.decided, select(items).where(items.c.document.not_in(_checked())), since)
    return [
        DayCount(day, came.get(day, 0), decided.get(day, 0))
        for day in (first + timedelta(days=number) for number in range(days))
    ]


def _by_day(tx: Transaction, column: ColumnElement[Any], source: Select[Any], since: datetime) -> dict[date, int]:
    day = (type_coerce(column, BigInteger) // _DAY_MS).label("day")
    counted = source.with_only_columns(day, func.count().label("number")).where(column >= since).group_by("day")
    return {datetime.fromtimestamp(int(row.day) * 86_400, UTC).date(): row.number for row in tx.execute(counted)}


def count_decisions(tx: Transaction, *, since: datetime | None = None) -> list[DecisionCount]:
    """Decisions on spans by indicator, most first; a span that was changed counts for what the model said it shows.

    Args:
        tx: A transaction.
        since: From this moment on; None for all.
    """
    words = _last_words(since).subquery()
    wanted = select(words.c.about, words.c.kind, func.count().label("number")).group_by(words.c.about, words.c.kind)
    found: dict[str, dict[str, int]] = {}
    for row in tx.execute(wanted):
        found.setdefault(row.about, dict.fromkeys(SPAN_DECISIONS, 0))[row.kind] = row.number
    counts = [DecisionCount(indicator, kinds) for indicator, kinds in found.items()]
    return sorted(counts, key=lambda count: (-count.number, count.indicator))


def count_flags(tx: Transaction, *, since: datetime | None = None) -> list[FlagCount]:
    """How many of the flags that people judged they upheld, by indicator.

    A flag is an indicator with asserted spans in a document that is done. On each span the last word of the last
    round counts; the flag is upheld when any span of the indicator is held to be asserted, one that was added
    included. A flag of whose spans all were called "not enough information" is not judged.

    Args:
        tx: A transaction.
        since: Decisions from this moment on; None for all.
    """
    of = _last_words(since, across_readers=True).subquery().c
    holds = of.kind.in_(("confirm", "change", "add")) & (of.indicator == of.about) & (of.assertion == "asserted")
    by_document = (
        select(of.about, func.max(case((holds, 1), else_=0)).label("upheld"))
        .join(items, items.c.document == of.document)
        .where(items.c.state == "done")
        .group_by(of.document, of.about)
        .having(func.max(case((of.given == "asserted", 1), else_=0)) == 1)
        .having(func.max(case((of.kind != "insufficient", 1), else_=0)) == 1)
        .subquery()
    )
    sums = (func.count().label("judged"), func.sum(by_document.c.upheld).label("upheld"))
    rows = tx.execute(select(by_document.c.about, *sums).group_by(by_document.c.about))
    counts = [FlagCount(row.about, row.judged, share(int(row.upheld), row.judged)) for row in rows]
    return sorted(counts, key=lambda count: (-count.judged, count.indicator))


def _last_words(since: datetime | None, *, across_readers: bool = False) -> Select[Any]:
    """The word that counts on each span: of each reader, or across the readers the one of the last round.

    `about` is the indicator that the model gave the span (of an added one its own), `given` how the model said that the
    text holds it.
    """
    of = decisions.c
    whose = [] if across_readers else [of.reviewer]
    rank = case({name: at for at, name in enumerate(ROUNDS)}, value=of.round, else_=0)
    # An added span is its own: nothing that another decision says can be about it.
    place = func.row_number().over(
        partition_by=[of.document, *whose, func.coalesce(of.span, -of.number)], order_by=[rank.desc(), of.number.desc()]
    )
    undone = exists(select(_later.c.number).where(_later.c.undoes == of.number))
    columns = (of.document, of.kind, of.span, of.indicator, of.assertion)
    ranked = select(*columns, place.label("place")).where(
        of.kind.in_(SPAN_DECISIONS), ~undone, of.document.not_in(_checked())
    )
    words = (ranked if since is None else ranked.where(of.at >= since)).subquery("words")
    about = func.coalesce(spans.c.indicator, words.c.indicator).label("about")
    return (
        select(*(words.c[column.name] for column in columns), about, spans.c.assertion.label("given"))
        .select_from(words)
        .outerjoin(spans, spans.c.number == words.c.span)
        .where(words.c.place == 1)
    )


def _checked() -> Select[Any]:
    """Documents that are, or were, check items."""
    return select(checks.c.document)


def count_exposure(tx: Transaction, *, days: int, reviewer: str | None = None) -> list[ExposureCount]:
    """What people were given to read in the last days, most heavy items first.

    Args:
        tx: A transaction.
        days: How many, today included.
        reviewer: Only this one.
    """
    of, today = exposures.c, tx.now.date()
    now = of.day == today
    wanted = (
        select(
            of.reviewer,
            func.sum(of["items"]).label("items"),
            func.sum(of.heavy).label("heavy"),
            func.max(of.heavy).label("most_heavy"),
            func.sum(case((now, of["items"]), else_=0)).label("items_today"),
            func.sum(case((now, of.heavy), else_=0)).label("heavy_today"),
        )
        .where(of.day > today - timedelta(days=days))
        .group_by(of.reviewer)
    )
    if reviewer is not None:
        wanted = wanted.where(of.reviewer == reviewer)
    counts = [as_record(ExposureCount, row) for row in tx.execute(wanted)]
    return sorted(counts, key=lambda count: (-count.heavy, -count.items, count.reviewer))


def count_models(tx: Transaction, *, since: datetime | None = None) -> list[tuple[str, int]]:
    """The models whose analyses people decided on, as `name version`, with how many verdicts; most first."""
    of, model = decisions.c, (analyses.c.model_name, analyses.c.model_version)
    counted = select(*model, func.count().label("number")).select_from(decisions)
    wanted = counted.join(analyses, analyses.c.number == of.analysis).where(of.kind == "verdict").group_by(*model)
    if since is not None:
        wanted = wanted.where(of.at >= since)
    rows = tx.execute(wanted).all()
    return sorted(
        ((f"{row.model_name} {row.model_version}", row.number) for row in rows), key=lambda pair: (-pair[1], pair[0])
    )


def count_erasures(tx: Transaction, *, days: int) -> ErasureCount:
    """What a run of retention would erase now.

    Args:
        tx: A transaction.
        days: Age from which a text is erased.
    """
    before = tx.now - timedelta(days=days)
    of = documents.c
    wanted = select(func.count().label("number"), func.min(of.created).label("oldest"))
    row = tx.execute(wanted.where(of.created < before, of.erased_at.is_(None))).one()
    return ErasureCount(before, row.number, row.oldest)


def name_people(tx: Transaction, ids: Iterable[str]) -> dict[str, str]:
    """The display names of users, by id; an id that no user has stands for itself."""
    known = {user.id: user.display_name for user in list_users(tx)}
    return {user_id: known.get(user_id, user_id) for user_id in ids}

"""`/dashboard`: what waits and what was decided; `/dashboard/agreement`, for leads: how far readers agree."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from service.answering import loaded
from service.desk.desk import desk_of
from service.desk.people import PageAnalyst, PageLead, Person
from service.review.agreement import Estimate
from service.review.counts import (
    DayCount,
    DecisionCount,
    ExposureCount,
    FlagCount,
    QueueCount,
    count_days,
    count_decisions,
    count_exposure,
    count_flags,
    count_models,
    count_queue,
    name_people,
)
from service.review.figures import Agreement, agreement, check_figures, drift_figures, verdict_counts
from service.review.reliability import CheckScore, Window, newcombe
from service.store.schema import VERDICTS
from service.store.store import Transaction
from service.store.users import LEADS
from service.web.desk import charts
from service.web.desk.context import render_page
from service.web.desk.queue_view import STATE_TITLES, VERDICT_TITLES, say_age

router = APIRouter(include_in_schema=False)

PERIODS = (7, 30, 90)
KINDS = {
    "confirm": "confirmed",
    "change": "changed",
    "add": "added",
    "reject": "rejected",
    "insufficient": "not enough information",
}
AGE_TITLES = ("under 4 h", "4 to 24 h", "1 to 3 days", "3 to 7 days", "over 7 days")


@dataclass(frozen=True, slots=True)
class Counted:
    """What the dashboard needs of the store."""

    queue: Sequence[QueueCount]
    days: Sequence[DayCount]
    decisions: Sequence[DecisionCount]
    flags: Sequence[FlagCount]
    models: Sequence[tuple[str, int]]
    exposure: Sequence[ExposureCount]
    now: datetime


@dataclass(frozen=True, slots=True)
class Compared:
    """What the page on agreement needs of the store; `names` has everybody in it."""

    agreement: Agreement
    checks: Sequence[CheckScore]
    drift: Sequence[Window]
    verdicts: dict[str, dict[str, int]]
    exposure: Sequence[ExposureCount]
    names: dict[str, str]


@router.api_route("/dashboard", methods=["GET", "HEAD"])
async def show_dashboard(request: Request, person: PageAnalyst, days: int = 30) -> Response:
    """Queue, days, decisions and flags; the reader's own exposure."""
    desk, period = desk_of(request), days if days in PERIODS else 30
    counted = await desk.read(lambda tx: _count(tx, person, period))
    titles = {indicator.id: indicator.title for indicator in loaded(request).taxonomy.indicators}
    values = {
        **_frame(person, period, "figures"),
        "waits": [_waits(count, counted.now) for count in counted.queue],
        "waiting": sum(count.number for count in counted.queue),
        "age_titles": AGE_TITLES,
        "chart": charts.draw_days(counted.days),
        "day_counts": counted.days,
        "decisions": _decisions(counted.decisions, titles),
        "kinds": KINDS,
        "flags": [(titles.get(flag.indicator, flag.indicator), flag, _share(flag)) for flag in counted.flags],
        "few": charts.FEW_CASES,
        "models": counted.models,
        "own": counted.exposure[0] if counted.exposure else None,
    }
    return render_page(request, person, "desk/dashboard.html", values, here="dashboard")


@router.api_route("/dashboard/agreement", methods=["GET", "HEAD"])
async def show_agreement(request: Request, person: PageLead, days: int = 90, spans: str = "") -> Response:
    """Readers against each other, against check items, and the model against them; who has read how much."""
    desk, period, with_spans = desk_of(request), days if days in PERIODS else 90, spans == "on"

    def step(tx: Transaction) -> Compared:
        return _compare(tx, person, period, with_spans=with_spans)

    # Comparing spans reads texts, which has to be written to the audit log.
    compared = await (desk.write if with_spans else desk.read)(step)
    titles = {indicator.id: indicator.title for indicator in loaded(request).taxonomy.indicators}
    found = compared.agreement
    values = {
        **_frame(person, period, "agreement"),
        "found": found,
        "verdict_scale": _alpha(found.verdicts, found.documents),
        "indicators": [
            (titles.get(one.indicator, one.indicator), one, _alpha(one.alpha, one.documents))
            for one in found.indicators
        ],
        "with_spans": with_spans,
        "few": charts.FEW_PAIRS,
        "checks": [_check(score, compared.names) for score in compared.checks],
        "few_checks": charts.FEW_CASES,
        "windows": _windows(compared.drift),
        "people": _people(compared),
        "verdict_titles": {verdict: VERDICT_TITLES[verdict] for verdict in VERDICTS},
        "heavy_cap": desk.policy.heavy_cap_per_day,
        "figure": charts.figure,
    }
    return render_page(request, person, "desk/agreement.html", values, here="dashboard")


def _frame(person: Person, period: int, tab: str) -> dict[str, Any]:
    return {"period": period, "periods": PERIODS, "tab": tab, "leads": person.user.may(LEADS)}


def _count(tx: Transaction, person: Person, period: int) -> Counted:
    since = tx.now - timedelta(days=period)
    return Counted(
        queue=count_queue(tx),
        days=count_days(tx, days=period),
        decisions=count_decisions(tx, since=since),
        flags=count_flags(tx, since=since),
        models=count_models(tx, since=since),
        exposure=count_exposure(tx, days=period, reviewer=person.user.id),
        now=tx.now,
    )


def _compare(tx: Transaction, person: Person, period: int, *, with_spans: bool) -> Compared:
    since = tx.now - timedelta(days=period)
    checks = check_figures(tx, person.user, since=since)
    verdicts = verdict_counts(tx, person.user, since=since)
    exposure = count_exposure(tx, days=period)
    people = {score.reviewer for score in checks} | verdicts.keys() | {count.reviewer for count in exposure}
    return Compared(
        agreement=agreement(tx, person.user, since=since, with_spans=with_spans),
        checks=checks,
        drift=drift_figures(tx, person.user, since=since),
        verdicts=verdicts,
        exposure=exposure,
        names=name_people(tx, people),
    )


def _waits(count: QueueCount, now: datetime) -> dict[str, Any]:
    """One state of the queue: how many, how old the oldest is, and the ages as a stacked bar."""
    return {
        "title": STATE_TITLES[count.state],
        "state": count.state,
        "number": count.number,
        "oldest": "" if count.oldest is None else say_age(now - count.oldest),
        "ages": charts.stack([(str(place), number) for place, number in enumerate(count.ages)]),
        "numbers": count.ages,
    }


def _decisions(counts: Sequence[DecisionCount], titles: dict[str, str]) -> list[tuple[str, DecisionCount, Any]]:
    """Each indicator with its decisions on one scale, so that bars can be held against each other."""
    most = max((count.number for count in counts), default=0)
    return [
        (
            titles.get(count.indicator, count.indicator),
            count,
            charts.stack([(kind, count.kinds[kind]) for kind in KINDS], full=most),
        )
        for count in counts
    ]


def _share(flag: FlagCount) -> charts.Scale | None:
    return charts.draw_share(flag.upheld) if flag.judged >= charts.FEW_CASES else None


def _alpha(estimate: Estimate, documents: int) -> charts.Scale | None:
    return charts.draw_alpha(estimate) if documents >= charts.FEW_PAIRS else None


def _check(score: CheckScore, names: dict[str, str]) -> dict[str, Any]:
    enough = score.items >= charts.FEW_CASES
    shares = {name: charts.draw_share(getattr(score, name)) for name in ("accuracy", "missed", "unfounded")}
    return {"name": names[score.reviewer], "done": score.items, "enough": enough, **shares}


def _windows(windows: Sequence[Window]) -> list[dict[str, Any]]:
    """Each week; held against the first one that has enough verdicts to be held against."""
    base = next((window for window in windows if window.judgements >= charts.FEW_CASES), None)
    return [_window(window, base) for window in windows]


def _window(window: Window, base: Window | None) -> dict[str, Any]:
    enough = window.judgements >= charts.FEW_CASES
    shown: dict[str, Any] = {"start": f"{window.start:%Y-%m-%d}", "judgements": window.judgements, "enough": enough}
    if not enough or base is None:
        return shown
    change = newcombe(base.agreement, window.agreement)
    apart = change.low is not None and change.high is not None and not change.low <= 0 <= change.high
    return {
        **shown,
        "agreement": charts.draw_share(window.agreement),
        "upheld": charts.draw_share(window.upheld),
        "gap": "" if window.calibration_gap is None else charts.figure(window.calibration_gap),
        "change": "the first" if window is base else charts.points(change.value or 0.0),
        "drifted": apart and window is not base,
    }


def _people(compared: Compared) -> list[dict[str, Any]]:
    """Everybody who read or decided, by name: verdicts, and what they were given."""
    exposure = {count.reviewer: count for count in compared.exposure}
    nobody = dict.fromkeys(VERDICTS, 0)
    rows = [
        {
            "name": name,
            "verdicts": compared.verdicts.get(user_id, nobody),
            "exposure": exposure.get(user_id, ExposureCount(user_id, 0, 0, 0, 0, 0)),
        }
        for user_id, name in compared.names.items()
    ]
    return sorted(rows, key=lambda row: str(row["name"]))

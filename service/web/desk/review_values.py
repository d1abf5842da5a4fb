"""The values of the review page: views of everything that was loaded, and what the address asked for besides."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from classifier.taxonomy import Taxonomy
from service.desk.desk import Desk
from service.review.opening import mask_opened
from service.review.records import DecisionRecord
from service.review.referrals import load_referrals
from service.review.wellness import is_pause_due, load_support
from service.store.errors import ConflictError, StoreError
from service.store.users import UserRecord
from service.web.desk.care_page import choose_panel
from service.web.desk.dispute_view import view_dispute
from service.web.desk.narrowing import Narrowing
from service.web.desk.queue_view import STATE_TITLES, VERDICT_TITLES, name_of, say_ago
from service.web.desk.review_steps import Loaded
from service.web.desk.review_text import SAID
from service.web.desk.review_view import (
    SpanRow,
    build_text,
    indicator_choices,
    verdict_choices,
    view_model,
    view_text,
)
from service.web.wording import ASSERTIONS

ROUNDS = {"first": "First reading", "second": "Second reading", "adjudication": "Adjudication"}
# Reasons that are often the right ones, so that a hand at the keys need not type them.
REASONS = (
    "Not about this indicator",
    "Denied, or said in general only",
    "Ordinary conditions of work",
    "Quoted from guidance, law or news",
    "Too many or too few words marked",
    "Meaning needs somebody who knows the language",
)
UNMASK_REASONS = (
    "Needed to decide on this document",
    "Needed to refer a person who asked for help",
    "Needed to see whether documents belong together",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address or a refused form asks of the page.

    Attributes:
        narrowing: What the queue is narrowed to; carried on to the next document.
        revealed: Whether the reader has revealed the text.
        edit: The span to change, by its number in the text.
        add: Whether to add one.
        country: Whose referrals to show.
        together: What became of documents that were decided at once.
        refusal: Why the form was refused.
        form: The form that was refused.
    """

    narrowing: Narrowing
    revealed: bool = False
    edit: int | None = None
    add: bool = False
    country: str = ""
    together: str = ""
    refusal: StoreError | None = None
    form: dict[str, str] = field(default_factory=dict)


def build_values(found: Loaded, desk: Desk, taxonomy: Taxonomy, user: UserRecord, asked: Asked) -> dict[str, Any]:
    """What `desk/review.html` needs.

    Args:
        found: From the store.
        desk: The rules.
        taxonomy: What the indicators mean.
        user: Who looks.
        asked: By the address or a refused form.
    """
    item = found.item
    values: dict[str, Any] = {
        "item": item,
        "name": name_of(item),
        "age": say_ago(found.now - item.created),
        "state_title": STATE_TITLES[item.state],
        "claim": found.claim,
        "round": ROUNDS[found.claim.round] if found.claim else "",
        "lease_seconds": int((found.claim.expires - found.now).total_seconds()) if found.claim else 0,
        "asked": asked,
        "trouble": say_refusal(asked.refusal),
        "choices": indicator_choices(taxonomy),
        "verdict_choices": verdict_choices(item),
        "assertions": ASSERTIONS,
        "verdict_titles": VERDICT_TITLES,
        "states": STATE_TITLES,
        "reasons": REASONS,
        "unmask_reasons": UNMASK_REASONS,
        "similar": [alike for alike in found.similar if alike.item.cluster != item.cluster],
        "cluster": [other for other in found.cluster if other.erased_at is None],
        "name_of": name_of,
        "analyses": found.analyses,
        "said": SAID,
        "history": _history(found.decisions),
        "text": None,
        "model": None,
        "dispute": None,
        "edited": None,
        **_care(found, desk, asked),
    }
    shown = found.unmasked
    if shown is None and found.opened is not None:
        shown = mask_opened(found.opened)
    if shown is None:
        return values
    reader = _reader(found, user)
    spans, rows = build_text(shown, found.spans, found.decisions, taxonomy, reader=reader)
    values["text"] = view_text(shown, spans, rows, desk.policy, desk.wellness)
    values["model"] = view_model(shown.analysis, taxonomy)
    values["edited"] = _edited(rows, asked)
    if found.dispute is not None:
        values["dispute"] = view_dispute(found.dispute, found.spans, shown.text or "", taxonomy)
    return values


def say_refusal(error: StoreError | None) -> str:
    """What was refused, as a sentence for the person who asked; empty for None."""
    if error is None:
        return ""
    if isinstance(error, ConflictError):
        return f"{error}. Nothing was changed."
    return f"The {error}"


def _reader(found: Loaded, user: UserRecord) -> str:
    """Whose word stands on the spans: the holder's own while it is theirs, else the last reviewer's."""
    if found.claim is not None or not found.item.reviewers:
        return user.id
    return found.item.reviewers[-1]


def _edited(rows: Sequence[SpanRow], asked: Asked) -> SpanRow | None:
    """The span that the address asks to change; one that the reader added is taken back instead."""
    found = (row for row in rows if row.span.mark == asked.edit and row.span.span is not None)
    return next(found, None)


def _history(decisions: Sequence[DecisionRecord]) -> list[DecisionRecord]:
    """Verdicts that stand, with the round they were given in."""
    return [record for record in decisions if record.kind == "verdict" and not record.undone]


def _care(found: Loaded, desk: Desk, asked: Asked) -> dict[str, Any]:
    """What is there for the reader: counts, the offer of a pause, the note on support, whom to refer to."""
    referrals = load_referrals()
    return {
        "day": found.day,
        "heavy_cap": desk.policy.heavy_cap_per_day,
        "pause_due": found.claim is not None and is_pause_due(found.day, found.now, desk.wellness),
        "support": load_support(),
        "referrals": referrals,
        "panel": choose_panel(asked.country),
    }

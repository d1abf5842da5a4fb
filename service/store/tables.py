"""Every table of the store in one metadata; `docs/store.md` says what each is for.

Numbers are keys inside the database, ids are what people and programs see.
"""

from service.store.access_tables import api_keys, deliveries, idempotency_keys, sessions, users, webhooks
from service.store.audit_tables import audit, audit_head
from service.store.document_tables import (
    analyses,
    document_indicators,
    documents,
    likeness_bands,
    likenesses,
    secrets,
    spans,
)
from service.store.review_tables import check_results, checks, claims, decision_reasons, decisions, exposures, items
from service.store.schema import metadata

__all__ = [
    "analyses",
    "api_keys",
    "audit",
    "audit_head",
    "check_results",
    "checks",
    "claims",
    "decision_reasons",
    "decisions",
    "deliveries",
    "document_indicators",
    "documents",
    "exposures",
    "idempotency_keys",
    "items",
    "likeness_bands",
    "likenesses",
    "metadata",
    "secrets",
    "sessions",
    "spans",
    "users",
    "webhooks",
]

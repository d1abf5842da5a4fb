"""Stores documents with what was read in them, and gives them back; every look at a text is in the audit log."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update

from classifier.document import Analysis
from service.store.analyses import insert_analysis, read_analysis
from service.store.checked import check_label
from service.store.cipher import Sealed
from service.store.document_tables import documents, spans
from service.store.errors import NotFoundError, RefusedError
from service.store.likeness import CLUSTER_SHARE, Signature, find_alike, remember, sign_text
from service.store.rows import as_record
from service.store.search_index import add_to_index, index_kind
from service.store.store import Transaction

MAX_METADATA_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document to store with its analysis.

    Attributes:
        text: As submitted.
        analysis: What was read in it.
        external_id: The submitter's own name for it; need not be unique.
        metadata: The submitter's own fields; sealed and erased with the text.
        source: Where it came from, such as `api` or the name of an upload.
        cluster: Name of its group of near-duplicates; None to find it (see `service.store.likeness`).
    """

    text: str = field(repr=False)
    analysis: Analysis
    external_id: str | None = None
    metadata: Mapping[str, object] = field(default_factory=dict)
    source: str = "api"
    cluster: str | None = None


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """What is known of a document without opening it; `number` is its key inside the database."""

    number: int
    id: str
    external_id: str | None
    cluster: str
    characters: int
    language: str
    source: str
    submitted_by: str
    created: datetime
    erased_at: datetime | None
    context: str | None
    review_probability: float | None
    flagged: bool


@dataclass(frozen=True, slots=True)
class OpenedDocument:
    """A document with its words: `text` and `metadata` are None once they are erased."""

    record: DocumentRecord
    text: str | None = field(repr=False)
    metadata: dict[str, Any] | None
    analysis: Analysis


@dataclass(frozen=True, slots=True)
class SpanRecord:
    """A span of the current analysis; decisions name it by its number."""

    number: int
    indicator: str
    start: int
    end: int
    assertion: str
    source: str
    contribution: float
    sentence: int


def add_document(tx: Transaction, new: NewDocument, *, submitted_by: str) -> DocumentRecord:
    """Store a document and its analysis; `service.review.intake.take_in` also queues it.

    Raises:
        RefusedError: A label or the metadata is too long, or has characters that are not allowed.
    """
    document_id, data = tx.store.ids("doc"), new.text.encode("utf-8", "surrogatepass")
    sealed = tx.store.cipher.seal(data, f"{document_id}:text")
    how, signature = index_kind(tx, sealed=sealed.key_id is not None), sign_text(tx, new.text)
    values = {
        "id": document_id,
        "external_id": check_label("external_id", new.external_id),
        "text": sealed.data,
        "metadata": tx.store.cipher.seal(_metadata_bytes(new.metadata), f"{document_id}:metadata").data,
        "key_id": sealed.key_id,
        "indexed": how,
        "text_hash": hash_text(tx, data),
        "cluster": check_label("cluster", new.cluster, limit=40) or _cluster_of(tx, signature),
        "characters": len(new.text),
        "language": new.analysis.language.code,
        "source": check_label("source", new.source) or "api",
        "submitted_by": submitted_by,
        "created": tx.now,
        "flagged": False,
    }
    number = tx.add(documents, values)
    insert_analysis(tx, number, new.analysis)
    add_to_index(tx, number, new.text, how)
    remember(tx, number, signature)
    tx.audit(submitted_by, "document.created", document_id, source=values["source"], characters=len(new.text))
    return read_document(tx, document_id)


def read_document(tx: Transaction, document_id: str) -> DocumentRecord:
    """What is known of a document without opening it.

    Raises:
        NotFoundError: There is no such document.
    """
    return as_record(DocumentRecord, row_of(tx, document_id))


def find_documents(tx: Transaction, external_id: str) -> list[DocumentRecord]:
    """The documents that their submitter calls so, newest first, at most 100."""
    found = select(documents).where(documents.c.external_id == external_id)
    return [as_record(DocumentRecord, row) for row in tx.execute(found.order_by(documents.c.number.desc()).limit(100))]


def open_document(tx: Transaction, document_id: str, *, actor: str, purpose: str) -> OpenedDocument:
    """Open a document to read its words; the audit log says who did and what for.

    Raises:
        NotFoundError: There is no such document.
        StoreError: The key that sealed it is missing.
    """
    row = row_of(tx, document_id)
    text = open_text(tx, row)
    metadata = None
    if row.metadata is not None:
        opened = tx.store.cipher.open(Sealed(row.metadata, row.key_id), f"{document_id}:metadata")
        metadata = json.loads(opened)
    tx.audit(actor, "document.read", document_id, purpose=purpose)
    return OpenedDocument(as_record(DocumentRecord, row), text, metadata, read_analysis(tx, document_id, text))


def set_cluster(tx: Transaction, document_id: str, cluster: str, *, actor: str) -> None:
    """Put a document into a cluster of near-duplicates that somebody else has found.

    Raises:
        NotFoundError: There is no such document.
        RefusedError: The name is not allowed.
    """
    number = row_of(tx, document_id).number
    name = check_label("cluster", cluster, limit=40)
    tx.execute(update(documents).where(documents.c.number == number).values(cluster=name))
    tx.audit(actor, "document.clustered", document_id, cluster=name)


def list_spans(tx: Transaction, document_id: str) -> list[SpanRecord]:
    """The spans of the current analysis, in reading order.

    Raises:
        NotFoundError: There is no such document.
    """
    found = select(spans).where(spans.c.analysis == row_of(tx, document_id).analysis)
    rows = tx.execute(found.order_by(spans.c.start, spans.c.end, spans.c.number))
    return [as_record(SpanRecord, row) for row in rows]


def row_of(tx: Transaction, document_id: str) -> Row[Any]:
    """The row of a document.

    Raises:
        NotFoundError: There is no such document.
    """
    row = tx.execute(select(documents).where(documents.c.id == document_id)).one_or_none()
    if row is None:
        raise NotFoundError("document", document_id)
    return row


def open_text(tx: Transaction, row: Row[Any]) -> str | None:
    """The text of a row of `documents`, None once erased; who calls this says so to the audit log."""
    if row.text is None:
        return None
    opened = tx.store.cipher.open(Sealed(row.text, row.key_id), f"{row.id}:text")
    return opened.decode("utf-8", "surrogatepass")


def hash_text(tx: Transaction, data: bytes) -> bytes:
    """What is left of a text once it is erased: HMAC-SHA-256 keyed, so that it cannot be guessed at."""
    return hmac.new(tx.store.secret(tx.connection, "text_hash"), data, hashlib.sha256).digest()


def _cluster_of(tx: Transaction, signature: Signature) -> str:
    """The cluster of the document that is most alike, or a new one."""
    alike = find_alike(tx, signature, share=CLUSTER_SHARE)
    return alike[0].cluster if alike else tx.store.ids("cl")


def _metadata_bytes(metadata: Mapping[str, object]) -> bytes:
    try:
        data = json.dumps(metadata, separators=(",", ":")).encode()
    except (TypeError, ValueError):
        raise RefusedError(
            "metadata", "not JSON; allowed: texts, numbers, true, false, null, lists and mappings"
        ) from None
    if len(data) > MAX_METADATA_BYTES:
        raise RefusedError("metadata", f"{len(data)} bytes as JSON; allowed: at most {MAX_METADATA_BYTES}")
    return data

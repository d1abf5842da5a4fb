"""The tables of documents and of what was read in them.

Whatever may hold words of a document is bytes, so that it can be sealed, may hold NUL and lone surrogates, and can
be erased.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
)

from service.store.columns import Moment, Number
from service.store.schema import document_column, id_column, metadata, number_column

# One row each: secrets the store made for itself (sealed when there is a key), by name.
secrets = Table(
    "secrets",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", LargeBinary, nullable=False),
    Column("key_id", String(40)),
)

documents = Table(
    "documents",
    metadata,
    number_column(),
    id_column(),
    Column("external_id", String(200)),
    Column("text", LargeBinary),  # NULL once erased
    Column("metadata", LargeBinary),  # JSON, NULL once erased
    Column("key_id", String(40)),  # of the key that sealed text, metadata and reasons; NULL when they are plain
    Column("indexed", String(10)),  # how the search index holds it: as words, as hashes, or not at all
    Column("text_hash", LargeBinary(32), nullable=False),
    Column("cluster", String(40), nullable=False),
    Column("characters", Integer, nullable=False),
    Column("language", String(8), nullable=False),
    Column("source", String(200), nullable=False),
    Column("submitted_by", String(40), nullable=False),
    Column("created", Moment, nullable=False),
    Column("erased_at", Moment),
    # What the current analysis says, beside the text, so that filters need no join.
    Column("analysis", Number),  # set in the step that adds it
    Column("context", String(40)),
    Column("review_probability", Float),
    Column("flagged", Boolean, nullable=False),
    Index(None, "external_id"),
    Index(None, "text_hash"),
    Index(None, "cluster", "number"),
    Index(None, "created", "number"),
    Index(None, "context", "number"),
    Index(None, "language", "number"),
    Index(None, "source", "number"),
    Index(None, "review_probability", "number"),
)

# MinHash signatures, keyed, and the bands by which near-duplicates find each other; gone when erased.
likenesses = Table(
    "likenesses",
    metadata,
    document_column(primary_key=True),
    Column("signature", LargeBinary(256), nullable=False),
)

likeness_bands = Table(
    "likeness_bands",
    metadata,
    Column("band", BigInteger, primary_key=True, autoincrement=False),
    document_column(primary_key=True),
    Index(None, "document"),
)

analyses = Table(
    "analyses",
    metadata,
    number_column(),
    document_column(),
    Column("model_name", String(100), nullable=False),
    Column("model_version", String(100), nullable=False),
    Column("model_sha256", String(64), nullable=False),
    Column("tier", String(20), nullable=False),
    Column("review_probability", Float),
    Column("created", Moment, nullable=False),
    Column("data", LargeBinary, nullable=False),  # zstd of the Analysis as JSON, without the texts of its spans
    UniqueConstraint("document", "model_sha256", "tier"),
)

# The spans of every analysis; what a decision points at.
spans = Table(
    "spans",
    metadata,
    number_column(),
    document_column(),
    Column("analysis", Number, ForeignKey("analyses.number"), nullable=False),
    Column("indicator", String(60), nullable=False),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("assertion", String(20), nullable=False),
    Column("source", String(20), nullable=False),
    Column("contribution", Float, nullable=False),
    Column("sentence", Integer, nullable=False),
    Index(None, "analysis"),
    Index(None, "document"),
)

# The indicators that the current analysis speaks of; absent ones have no row.
document_indicators = Table(
    "document_indicators",
    metadata,
    Column("indicator", String(60), primary_key=True),
    document_column(primary_key=True),
    Column("state", String(20), nullable=False),
    Column("probability", Float),
    Column("flagged", Boolean, nullable=False),
    Index(None, "document"),
)

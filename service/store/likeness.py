"""Near-duplicates: MinHash signatures of documents (Broder 1997), found again by bands of them.

A signature is 64 smallest hashes over the runs of three words; the share of equal places in two signatures estimates
how many of their runs two texts have in common (Jaccard; standard error at most 0.06). Words are folded and a number is
one sign, so a copied offer with another number stays one. The hashes are keyed: they say who is alike, and not what was
written.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, insert, select

from service.store import words
from service.store.document_tables import documents, likeness_bands, likenesses
from service.store.store import Transaction

Signature = NDArray[np.uint32]
PLACES, ROWS = 64, 4
RUN = 3
# From here on documents are one cluster; two texts of a hundred words may differ in about five of them.
CLUSTER_SHARE = 0.75
# The newest are enough: what many are like, the next one is like too.
_MOST_CANDIDATES = 256


@dataclass(frozen=True, slots=True)
class Alike:
    """A document that is like another; `share` estimates what they have in common, 0..1."""

    number: int
    cluster: str
    share: float


def sign_text(tx: Transaction, text: str) -> Signature:
    """The signature of a text, 64 numbers."""
    key = tx.store.secret(tx.connection, "search")
    folded = [re.sub(r"\d+", "0", word) for word in words.split_words(text)]
    runs = {" ".join(folded[start : start + RUN]) for start in range(max(1, len(folded) - RUN + 1))}
    if runs == {""}:
        # Nothing that is a word: alike is what is the same.
        runs = {text}
    hashes = np.array([_hash(run.encode("utf-8", "surrogatepass"), key) for run in runs], dtype=np.uint64)
    multipliers, additions = _permutations(key)
    # Multiply-shift hashing: the upper half of a product that is let run over.
    permuted = (multipliers[:, None] * hashes[None, :] + additions[:, None]) >> np.uint64(32)
    signature: Signature = permuted.min(axis=1).astype(np.uint32)
    return signature


def find_alike(tx: Transaction, signature: Signature, *, share: float, leave_out: int | None = None) -> list[Alike]:
    """Documents that have at least this share in common with a signature, most alike first, then newest.

    Args:
        tx: A transaction.
        signature: Of the text in question.
        share: Smallest share; what is below about one half is only found by chance.
        leave_out: Number of a document not to find, such as the one in question.
    """
    found = select(likeness_bands.c.document).where(likeness_bands.c.band.in_(_bands(signature))).distinct()
    newest = found.order_by(likeness_bands.c.document.desc()).limit(_MOST_CANDIDATES).subquery()
    wanted = (
        select(likenesses, documents.c.cluster)
        .join(newest, newest.c.document == likenesses.c.document)
        .join(documents, documents.c.number == likenesses.c.document)
    )
    alike = [
        Alike(row.document, row.cluster, float(np.mean(np.frombuffer(row.signature, dtype="<u4") == signature)))
        for row in tx.execute(wanted)
        if row.document != leave_out
    ]
    return sorted((one for one in alike if one.share >= share), key=lambda one: (-one.share, -one.number))


def remember(tx: Transaction, number: int, signature: Signature) -> None:
    """Let a document be found by its signature."""
    tx.execute(insert(likenesses).values(document=number, signature=signature.astype("<u4").tobytes()))
    tx.execute(insert(likeness_bands), [{"band": band, "document": number} for band in _bands(signature)])


def forget(tx: Transaction, number: int) -> None:
    """Let a document no longer be found: a guess at its text could be compared with its signature."""
    tx.execute(delete(likeness_bands).where(likeness_bands.c.document == number))
    tx.execute(delete(likenesses).where(likenesses.c.document == number))


def signature_of(tx: Transaction, number: int) -> Signature | None:
    """The signature of a stored document, None once it was erased."""
    kept = tx.execute(select(likenesses.c.signature).where(likenesses.c.document == number)).scalar_one_or_none()
    return None if kept is None else np.frombuffer(kept, dtype="<u4")


def _bands(signature: Signature) -> Sequence[int]:
    """Sixteen numbers of four places each: of texts that share three quarters, 99.7 in 100 share one of them."""
    pieces = signature.astype("<u4").reshape(-1, ROWS)
    return [
        int.from_bytes(hashlib.blake2b(bytes([place]) + piece.tobytes(), digest_size=8).digest(), "big", signed=True)
        for place, piece in enumerate(pieces)
    ]


def _hash(data: bytes, key: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(data, digest_size=4, key=key).digest(), "big")


def _permutations(key: bytes) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """The same 64 functions in every run of this store."""
    stream = hashlib.shake_256(b"likeness:" + key).digest(PLACES * 16)
    drawn = np.frombuffer(stream, dtype="<u8").reshape(2, PLACES)
    return drawn[0] | np.uint64(1), drawn[1].copy()

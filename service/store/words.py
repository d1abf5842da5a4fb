"""Which words a text and a search have: folded the same way for every database, so that both find the same.

Plain texts are indexed by their words with positions. Sealed texts are indexed by keyed hashes of
their words, each once and sorted: the index says which documents share a word, and neither the words nor their order.
"""

import hashlib
import hmac
import re
import unicodedata
from dataclasses import dataclass

from service.store.errors import RefusedError

# Beyond this a text is found by its beginning; PostgreSQL holds at most 1 MB of words for one document.
INDEXED_CHARACTERS = 120_000
MAX_QUERY, MAX_TERMS = 400, 16
_LONGEST = 64
_WORD = re.compile(r"[^\W_]+")
_TERM = re.compile(r'(-?)(?:"([^"]*)"|(\S+))')


@dataclass(frozen=True, slots=True)
class Term:
    """Words that follow each other in the text; `prefix` lets the last one go on, `excluded` forbids them."""

    words: tuple[str, ...]
    prefix: bool
    excluded: bool


def split_words(text: str) -> list[str]:
    """The words of a text in order: compatibility forms, accents and case folded away."""
    folded = unicodedata.normalize("NFKD", text[:INDEXED_CHARACTERS]).casefold()
    plain = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return [word[:_LONGEST] for word in _WORD.findall(plain)]


def hash_word(word: str, key: bytes) -> str:
    """Sixteen hex digits that stand for a word in the index of sealed texts."""
    return hmac.new(key, word.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:16]


def hash_words(words: list[str], key: bytes) -> list[str]:
    """The hashes of the different words, sorted, so that nothing of their order or number is kept."""
    return sorted({hash_word(word, key) for word in words})


def read_query(query: str, *, hashed: bool) -> list[Term]:
    """Read what somebody searches for: words, "phrases", begin*, -without.

    Args:
        query: As typed.
        hashed: Whether the index holds hashes, which know neither order nor beginnings.

    Raises:
        RefusedError: Too long, nothing to look for, or more than hashes can answer.
    """
    if len(query) > MAX_QUERY:
        raise RefusedError("query", f"{len(query)} characters; allowed: at most {MAX_QUERY}")
    terms = [
        term for minus, phrase, word in _TERM.findall(query) for term in _terms(minus, phrase, word, hashed=hashed)
    ]
    if len(terms) > MAX_TERMS:
        raise RefusedError("query", f"{len(terms)} terms; allowed: at most {MAX_TERMS}")
    if all(term.excluded for term in terms):
        raise RefusedError("query", "nothing to look for; allowed: at least one word that is not excluded with '-'")
    return terms


def _terms(minus: str, phrase: str, word: str, *, hashed: bool) -> list[Term]:
    words, prefix = split_words(phrase or word), word.endswith("*")
    if hashed and (prefix or (phrase and len(words) > 1)):
        raise RefusedError("query", "texts are sealed: whole words can be searched, phrases and word* cannot")
    if not words:
        return []
    if hashed:
        # A word such as pre-paid: its parts, in any order.
        return [Term((part,), prefix=False, excluded=bool(minus)) for part in words]
    return [Term(tuple(words), prefix, bool(minus))]

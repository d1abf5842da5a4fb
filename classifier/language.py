"""Which language a text is in: known words decide the clear cases at no cost, py3langid the others.

A text is recognised by the share of its words that a model's vocabulary knows, dialect and texting included, where
general identifiers err on short texts; what is left goes to py3langid (Lui & Baldwin 2012). A text whose letters were
given accents is read a second time without them.
"""

import threading
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from classifier.document import Language

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

UNDETERMINED = "und"
_CLEAR = 0.75
_LIKELY = 0.55
# A text whose words are known is said to be in the language with this probability; no finer estimate is claimed.
_CLEAR_PROBABILITY = 0.99
_ENOUGH_WORDS = 3
_READ = 2000
# An identifier this sure is believed over half-known words: slang and rows of names it takes for something else with
# less.
_SURE = 0.9
# And this sure of a text without its accents, that they are not the text's own.
_SURE_WITHOUT = 0.7
_lock = threading.Lock()


@cache
def _identifier() -> "LanguageIdentifier":
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415  a second that clear texts never pay

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def identify_language(text: str) -> tuple[str, float]:
    """Give the code of the language that a text is most likely in, and its probability, 0..1.

    Accents strewn over an English text would make it Irish or Hungarian: where the text is more clearly of a language
    without them, it is in that one.

    Args:
        text: Normalised text; the first 2000 code points are read.
    """
    return max(_read(text), key=lambda found: found[1])


def detect_language(text: str, *, coverage: float, words: int, language: str) -> Language:
    """Say which language a text is in.

    Args:
        text: Normalised text.
        coverage: Share of its words that the vocabulary of `language` knows, 0..1.
        words: Number of its words; tokens without a letter are none.
        language: ISO 639-1 code of the vocabulary.
    """
    if not words:
        return Language(UNDETERMINED, 0.0, supported=False)
    if coverage >= (_CLEAR if words >= _ENOUGH_WORDS else 1.0):
        return Language(language, _CLEAR_PROBABILITY, supported=True)
    readings = _read(text)
    code, probability = max(readings, key=lambda found: found[1])
    without = readings[-1]
    if code != language and without[0] == language and without[1] >= _SURE_WITHOUT:
        code, probability = without
    if code != language and coverage >= _LIKELY and probability < _SURE:
        # Names, slang and misspellings lead identifiers astray; a mostly known vocabulary does not lie.
        return Language(language, round(coverage, 4), supported=True)
    return Language(code, round(probability, 4), supported=code == language)


def _read(text: str) -> list[tuple[str, float]]:
    """Identify the beginning of a text as it stands, and without accents where it has any."""
    beginning = text[:_READ]
    readings = [_classify(beginning)]
    if not beginning.isascii() and (plain := _strip_accents(beginning)) != beginning:
        readings.append(_classify(plain))
    return readings


def _classify(text: str) -> tuple[str, float]:
    with _lock:
        code, probability = _identifier().classify(text)
    return code, float(probability)


def _strip_accents(text: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFD", text) if not unicodedata.combining(char))

"""A language's lexicon, `taxonomy/lexicon/<lang>.toml`: indicator patterns and assertion cues, validated."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

from classifier.errors import TaxonomyError
from classifier.matcher import PatternMatcher
from classifier.patterns import Pattern, PatternCompiler
from classifier.taxonomy import load_taxonomy

CueKind = Literal["negated", "hypothetical", "neutral"]
CueScope = Literal["after", "before", "sentence"]

_TOP_FIELDS = {"version", "language", "terminators", "common", "irregular", "sets", "pattern", "cue"}
# What a language other than English may have to say: see `Lexicon`, and `inflect` for the endings.
_TOP_FIELDS |= {"listing", "concord", "folds", "endings"}
_LISTING = frozenset({",", ";", "and", "or", "nor", "either", "neither"})
_ENTRY_FIELDS = {"id", "pattern", "match", "reject"}
_PATTERN_FIELDS = _ENTRY_FIELDS | {"indicator"}
_CUE_FIELDS = _ENTRY_FIELDS | {"assertion", "scope", "reach"}
_ALLOWED: dict[str, tuple[str, ...]] = {
    "assertion": ("negated", "hypothetical", "neutral"),
    "scope": ("after", "before", "sentence"),
}


@dataclass(frozen=True, slots=True)
class LexiconPattern:
    """A phrase that speaks of an indicator, with texts that it must match and look-alikes that it must not."""

    id: str
    indicator: str
    pattern: str
    match: tuple[str, ...]
    reject: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cue:
    """A phrase that changes how its surroundings are held.

    Attributes:
        assertion: `negated`, `hypothetical`, or `neutral`: a look-alike ("not only") that hides cues inside it.
        scope: Which side of the cue it governs.
        reach: How many tokens it reaches at most.
    """

    id: str
    assertion: CueKind
    pattern: str
    scope: CueScope
    reach: int
    match: tuple[str, ...]
    reject: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Everything a language's file says, compiled.

    Attributes:
        language: ISO 639-1 code.
        version: Of the file.
        patterns: Indicator patterns.
        cues: Assertion cues.
        terminators: Words that end a cue's scope.
        listing: Words that part two negations: "no A, no B" denies twice; by default English ones.
        concord: Words that deny nothing more where something is denied already: "no vi nada".
        folds: Letters that are read as others, for `str.translate`: accents that people leave out.
        matcher: Numbers its matches by the order of `patterns` and then, on from there, of `cues`.
        named: Of each indicator pattern, the word forms that it names.
        words: Every word form that a pattern or cue knows, lower case.
    """

    language: str
    version: str
    patterns: tuple[LexiconPattern, ...]
    cues: tuple[Cue, ...]
    terminators: frozenset[str]
    listing: frozenset[str]
    concord: frozenset[str]
    folds: Mapping[int, str]
    matcher: PatternMatcher
    named: tuple[frozenset[str], ...]
    words: frozenset[str]


def available_languages() -> tuple[str, ...]:
    """Name the languages that have a lexicon file, sorted."""
    folder = resources.files("classifier.taxonomy").joinpath("lexicon")
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")))


@cache
def load_lexicon(language: str) -> Lexicon:
    """Read and compile the lexicon of a language.

    Raises:
        TaxonomyError: there is no such lexicon, or the file breaks its schema.
    """
    if language not in available_languages():
        raise TaxonomyError(f"no lexicon for language '{language}'; there are {', '.join(available_languages())}")
    source = resources.files("classifier.taxonomy").joinpath("lexicon", f"{language}.toml")
    return build_lexicon(tomllib.loads(source.read_text(encoding="utf-8")), f"lexicon/{language}.toml")


def build_lexicon(data: Mapping[str, Any], file: str) -> Lexicon:
    """Validate parsed TOML and compile it; `file` names the source in errors.

    Raises:
        TaxonomyError: a table or field is missing, unknown or out of range.
    """
    _check_top(data, file)
    folds = _read_folds(data.get("folds", {}), file)
    compiler = PatternCompiler(
        data.get("sets", {}),
        data.get("irregular", {}),
        data.get("common", ()),
        endings=data.get("endings"),
        folds=folds,
    )
    indicators = load_taxonomy().ids
    patterns = tuple(_read_pattern(entry, file, indicators) for entry in data.get("pattern", ()))
    cues = tuple(_read_cue(entry, file) for entry in data.get("cue", ()))
    entries: list[LexiconPattern | Cue] = [*patterns, *cues]
    _refuse_twins([entry.id for entry in entries], file)
    compiled = [_compile(compiler, entry.pattern, entry.id, file) for entry in entries]
    matcher = PatternMatcher(compiled)
    return Lexicon(
        language=data["language"],
        version=data["version"],
        patterns=patterns,
        cues=cues,
        terminators=_fold_words(data.get("terminators", ()), folds),
        listing=_fold_words(data.get("listing", _LISTING), folds),
        concord=_fold_words(data.get("concord", ()), folds),
        folds=folds,
        matcher=matcher,
        named=tuple(pattern.words for pattern in compiled[: len(patterns)]),
        words=matcher.words | _fold_words(data.get("common", ()), folds),
    )


def _read_folds(table: Mapping[str, str], file: str) -> Mapping[int, str]:
    for letter, other in table.items():
        # Offsets into the text would no longer be those into the tokens.
        if len(letter) != 1 or len(other) != 1:
            raise TaxonomyError(f"{file}: folds '{letter}' to '{other}'; allowed: one letter to one letter")
    return {ord(letter): other for letter, other in table.items()}


def _fold_words(words: Iterable[str], folds: Mapping[int, str]) -> frozenset[str]:
    return frozenset(word.translate(folds) for word in words)


def _check_top(data: Mapping[str, Any], file: str) -> None:
    if missing := {"version", "language"} - set(data):
        raise TaxonomyError(f"{file} lacks {', '.join(sorted(missing))}")
    # A misspelt table would otherwise be lost without a word.
    if unknown := set(data) - _TOP_FIELDS:
        raise TaxonomyError(f"{file} has unknown {', '.join(sorted(unknown))}; allowed: {sorted(_TOP_FIELDS)}")


def _compile(compiler: PatternCompiler, text: str, entry_id: str, file: str) -> Pattern:
    try:
        return compiler.compile(text)
    except TaxonomyError as error:
        raise TaxonomyError(f"{file}: '{entry_id}': {error}") from error


def _read_pattern(entry: Mapping[str, Any], file: str, indicators: tuple[str, ...]) -> LexiconPattern:
    _check_fields(entry, _PATTERN_FIELDS, file)
    if entry["indicator"] not in indicators:
        raise TaxonomyError(
            f"{file}: '{entry['id']}': indicator '{entry['indicator']}' is unknown; allowed: {', '.join(indicators)}"
        )
    return LexiconPattern(
        entry["id"], entry["indicator"], entry["pattern"], tuple(entry["match"]), tuple(entry["reject"])
    )


def _read_cue(entry: Mapping[str, Any], file: str) -> Cue:
    _check_fields(entry, _CUE_FIELDS, file)
    for name, allowed in _ALLOWED.items():
        if entry[name] not in allowed:
            raise TaxonomyError(f"{file}: '{entry['id']}': {name} is '{entry[name]}'; allowed: {', '.join(allowed)}")
    if type(entry["reach"]) is not int or entry["reach"] < 1:
        raise TaxonomyError(f"{file}: '{entry['id']}': reach is {entry['reach']!r}; allowed: whole numbers from 1")
    return Cue(
        id=entry["id"],
        assertion=entry["assertion"],
        pattern=entry["pattern"],
        scope=entry["scope"],
        reach=entry["reach"],
        match=tuple(entry["match"]),
        reject=tuple(entry["reject"]),
    )


def _check_fields(entry: Mapping[str, Any], fields: set[str], file: str) -> None:
    name = entry.get("id", "(no id)")
    if missing := fields - set(entry):
        raise TaxonomyError(f"{file}: '{name}' lacks {', '.join(sorted(missing))}")
    if unknown := set(entry) - fields:
        raise TaxonomyError(f"{file}: '{name}' has unknown {', '.join(sorted(unknown))}; allowed: {sorted(fields)}")
    for examples in ("match", "reject"):
        if not isinstance(entry[examples], list):
            raise TaxonomyError(f"{file}: '{name}': {examples} is {entry[examples]!r}; allowed: a list of texts")
    if not entry["match"]:
        raise TaxonomyError(f"{file}: '{name}' needs at least one example in match")


def _refuse_twins(ids: list[str], file: str) -> None:
    twins = sorted({entry for entry in ids if ids.count(entry) > 1})
    if twins:
        raise TaxonomyError(f"{file}: ids used twice: {', '.join(twins)}")

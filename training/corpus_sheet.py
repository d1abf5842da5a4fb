"""The data sheet of a corpus as Markdown, in the sections that Gebru et al. 2018 ask for."""

from collections.abc import Iterable

from training.corpus import ASSERTIONS
from training.corpus_cards import CorpusCard
from training.corpus_entries import Corpus
from training.corpus_leaks import Leaks, say_warnings
from training.corpus_noise import Noise
from training.corpus_stats import CorpusStats, Lengths, SpanCounts

_USES = {
    "indicators in spans": "training and evaluation of every part of the model.",
    "indicators of documents": "evaluation of document scores; it has no spans in the corpus format.",
    "other labels": "measuring the estimator on a question of its own; its labels are not indicators.",
    "weak labels": "choosing texts to label. A label says that a pattern matched: neither training nor evaluation.",
    "negatives": "hard negatives in training, and counting false alarms. Nobody labelled it for the indicators.",
}
_CARE = (
    "The texts speak of people at risk, or in words that are used about them. "
    "Keep them where they are, show them to those who need them, and take breaks."
)


def write_sheet(
    corpus: Corpus, stats: CorpusStats, leaks: Leaks | None = None, noise: Iterable[Noise] | None = None
) -> str:
    """Write the data sheet.

    Args:
        corpus: What it is about.
        stats: Its counts.
        leaks: What was found of duplicates; None when nothing was looked for.
        noise: What was found of wrong labels; None when nothing was looked for.
    """
    card = corpus.card
    checked = f" SHA-256 `{corpus.hashed}`, checked." if corpus.hashed else ""
    parts = [
        f"# Data sheet: {card.title}",
        "Figures are counted from the data. Nothing here quotes a text of the corpus.",
        "## Motivation and source",
        f"- **Source.** {_sentence(card.source)}",
        f"- **Citation.** {_sentence(card.citation)}",
        f"- **Read from.** {corpus.place}.{checked}",
        "## Composition",
        *_composition(stats),
        *_labels(card, stats),
        *(_spans(stats.spans) if stats.spans else []),
        "## Split",
        f"{_sentence(card.split)}",
        *([_table(("part", "entries"), stats.parts.items())] if any(stats.parts) else []),
        "## Known flaws",
        *(f"- {flaw}" for flaw in card.flaws or ("None is on the card.",)),
        "## Checks",
        *_checks(leaks, noise),
        "## Uses",
        f"Role: {card.role}. Meant for {_USES[card.role]}",
        "Not meant for finding out who a text is about, or for training a model that decides about people unseen.",
        "## Licence and distribution",
        f"{_sentence(card.licence)}",
        *(["## Care", _CARE] if card.role.startswith("indicators") else []),
    ]
    return _join(parts)


def _join(parts: Iterable[str]) -> str:
    """Put an empty line between blocks, and none between the lines of a list."""
    lines: list[str] = []
    for part in parts:
        if lines and not (part.startswith("- ") and lines[-1].startswith("- ")):
            lines.append("")
        lines.append(part)
    return "\n".join([*lines, ""])


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _composition(stats: CorpusStats) -> list[str]:
    lines = [
        f"- {stats.entries:,} entries in {stats.groups:,} groups; {stats.repeats:,} repeat a text of another entry."
    ]
    if stats.lengths:
        lines.append(f"- Characters of a text: {say_lengths(stats.lengths)}.")
    return lines


def say_lengths(lengths: Lengths) -> str:
    """Say lengths in a line: mean, percentiles, ends."""
    p5, _, median, _, p95 = lengths.percentiles
    return (
        f"mean {lengths.mean:,.0f}, median {median:,}, 5th percentile {p5:,}, 95th {p95:,}, "
        f"from {lengths.least:,} to {lengths.most:,}"
    )


def _labels(card: CorpusCard, stats: CorpusStats) -> list[str]:
    if not stats.labels:
        return [f"No labels: {card.role}."]
    rows = [
        (name, f"{count:,}", f"{count / max(stats.entries, 1):.3f}", f"{stats.label_lengths.get(name, 0):,}")
        for name, count in stats.labels.items()
    ]
    said = [_table(("label", "entries", "share", "median characters"), rows)]
    said.append(f"{stats.unlabelled:,} entries carry no label.")
    if stats.together:
        said.append(f"Most often together: {', '.join(f'{a} with {b} ({n:,})' for a, b, n in stats.together[:5])}.")
    return said


def _spans(spans: SpanCounts) -> list[str]:
    rows = [(name, *(f"{count:,}" for count in counts)) for name, counts in spans.spans.items()]
    contexts = ", ".join(f"{name} {count:,}" for name, count in spans.contexts.items())
    languages = ", ".join(f"{name} {count:,}" for name, count in spans.languages.items())
    words = f" Words of a span: {say_lengths(spans.words)}." if spans.words else ""
    return [f"Contexts: {contexts}. Languages: {languages}.{words}", _table(("spans of", *ASSERTIONS), rows)]


def _checks(leaks: Leaks | None, noise: Iterable[Noise] | None) -> list[str]:
    if leaks is None:
        return ["Duplicates and wrong labels were not looked for; `tellsign corpus check` does."]
    said = [f"Of {leaks.looked_at:,} entries looked at:"]
    said += [f"- {warning}." for warning in say_warnings(leaks)] or ["- no duplicate, leak or shortcut was found."]
    for one in noise or ():
        if one.suspects:
            said.append(
                f"- label '{one.label}': {len(one.suspects):,} of {leaks.looked_at:,} are probably wrong "
                "(confident learning over a quick model; to be looked at by a person)."
            )
    return said


def _table(headings: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    names = list(headings)
    lines = [f"| {' | '.join(names)} |", f"| {' | '.join(['---'] + ['---:'] * (len(names) - 1))} |"]
    lines += [f"| {' | '.join(str(cell) for cell in row)} |" for row in rows]
    return "\n".join(lines)

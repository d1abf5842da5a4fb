"""What is found of a corpus, as tables for people and as plain JSON values; ids are named, texts never shown."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from training.corpus_cards import CorpusCard
from training.corpus_entries import Corpus
from training.corpus_leaks import Leaks, Pair, say_warnings
from training.corpus_noise import Noise
from training.corpus_sheet import say_lengths
from training.corpus_stats import CorpusStats

_SHOWN = 20


def print_cards(cards: Sequence[tuple[CorpusCard, str]], console: Console) -> None:
    """Print the corpora that have a card: what for, licence, and whether the data are here."""
    table = Table(title="Corpora", title_justify="left")
    for heading in ("name", "role", "licence", "data"):
        table.add_column(heading, overflow="fold")
    for card, place in cards:
        table.add_row(card.name, card.role, escape(card.licence), place)
    console.print(table)


def build_cards(cards: Sequence[tuple[CorpusCard, str]]) -> list[dict[str, Any]]:
    """Turn cards into plain JSON values."""
    names = ("name", "title", "role", "licence", "source", "citation", "split", "genre")
    return [
        {**{name: getattr(card, name) for name in names}, "flaws": list(card.flaws), "data": place}
        for card, place in cards
    ]


def print_stats(corpus: Corpus, stats: CorpusStats, console: Console) -> None:
    """Print the counts of a corpus."""
    console.print(f"{corpus.card.title}: {corpus.place}", markup=False)
    console.print(f"{stats.entries:,} entries in {stats.groups:,} groups, {stats.repeats:,} repeat another's text")
    if stats.lengths:
        console.print(f"characters: {say_lengths(stats.lengths)}", highlight=False)
    table = Table("label", title="Labels", title_justify="left")
    for heading in ("entries", "share", "median characters"):
        table.add_column(heading, justify="right")
    for name, count in stats.labels.items():
        length = stats.label_lengths.get(name)
        table.add_row(
            name, f"{count:,}", f"{count / max(stats.entries, 1):.3f}", "-" if length is None else f"{length:,}"
        )
    console.print(table)
    for title, counts in (
        ("parts", stats.parts if any(stats.parts) else {}),
        ("contexts", stats.spans.contexts if stats.spans else {}),
        ("languages", stats.spans.languages if stats.spans else {}),
    ):
        if counts:
            said = ", ".join(f"{name or '(none)'} {count:,}" for name, count in counts.items())
            console.print(f"{title}: {said}", markup=False, highlight=False)
    for flaw in corpus.card.flaws:
        console.print(f"known flaw: {flaw}", markup=False, highlight=False)


def build_stats(corpus: Corpus, stats: CorpusStats) -> dict[str, Any]:
    """Turn counts into plain JSON values."""
    content = {key: value for key, value in asdict(stats).items() if key != "sample"}
    return {"corpus": corpus.card.name, "place": corpus.place, "sha256": corpus.hashed, **content}


def print_checks(leaks: Leaks, noise: Sequence[Noise], console: Console) -> None:
    """Print what is wrong with a corpus: leaks first, then labels that are probably wrong."""
    console.print(f"looked at {leaks.looked_at:,} entries")
    for warning in say_warnings(leaks):
        console.print(warning, markup=False, highlight=False)
    worst = sorted(leaks.pairs, key=lambda pair: (not pair.across, not pair.conflict, not pair.exact))
    shown = [pair for pair in worst if pair.across or pair.conflict or not pair.tied][:_SHOWN]
    if shown:
        console.print(_pair_table(shown))
    for label, group in (("group across the split", leaks.straddling[:_SHOWN]),):
        for name in group:
            console.print(f"{label}, with record {name}", markup=False, highlight=False)
    _print_noise(noise, console)


def _pair_table(pairs: Sequence[Pair]) -> Table:
    table = Table("first", "second", "texts", "split", "labels", title="Duplicates, worst first", title_justify="left")
    for pair in pairs:
        table.add_row(
            escape(pair.first),
            escape(pair.second),
            "equal" if pair.exact else "nearly equal",
            "across" if pair.across else "same part",
            "differ" if pair.conflict else "agree",
        )
    return table


def _print_noise(noise: Sequence[Noise], console: Console) -> None:
    if not noise:
        return
    table = Table(title="Labels that are probably wrong", title_justify="left")
    for heading in ("label", "positives", "suspects", "share", "first to look at"):
        table.add_column(heading, justify="left" if heading in {"label", "first to look at"} else "right")
    for one in noise:
        if one.left_out:
            table.add_row(one.label, f"{one.positives:,}", "-", "-", f"left out: {one.left_out}")
        else:
            first = ", ".join(escape(suspect.id) for suspect in one.suspects[:5])
            table.add_row(one.label, f"{one.positives:,}", f"{len(one.suspects):,}", f"{one.estimated:.3f}", first)
    console.print(table)


def build_checks(leaks: Leaks, noise: Sequence[Noise]) -> dict[str, Any]:
    """Turn findings into plain JSON values."""
    return {
        "looked_at": leaks.looked_at,
        "warnings": say_warnings(leaks),
        "pairs": [asdict(pair) for pair in leaks.pairs if pair.across or pair.conflict or not pair.tied],
        "straddling": list(leaks.straddling),
        "labels": [
            {
                "label": one.label,
                "positives": one.positives,
                "estimated": None if math.isnan(one.estimated) else round(one.estimated, 4),
                "left_out": one.left_out,
                "suspects": [asdict(suspect) for suspect in one.suspects],
            }
            for one in noise
        ],
    }

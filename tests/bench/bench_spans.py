"""Where the encoder looked, by two accounts: exact token shares (what serves) and occlusion of clauses.

For every labelled asserted span of the public sample, its sentence is cut into clauses, and each account picks the run
of clauses that it thinks decided. Character F1 against the label, beside two blind picks. Needs TELLSIGN_DATA.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import orjson

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from classifier.encoder import Encoder  # noqa: E402
from classifier.evidence import best_run, split_clauses  # noqa: E402
from classifier.pipeline import Parse, Pipeline  # noqa: E402
from classifier.taxonomy import load_taxonomy  # noqa: E402

_PRICE = 0.1
Pick = Callable[[Parse, int], tuple[int, int]]


def by_shares(encoder: Encoder) -> Pick:
    """The run of clauses whose tokens add most after a price for each, as serving picks it."""

    def pick(parsed: Parse, indicator: int) -> tuple[int, int]:
        shares = encoder.encode(parsed, np.zeros(len(parsed.sentences))).shares[:, indicator]
        first, last = parsed.sentences[0].tolist()
        return best_run(parsed, shares[first:last].astype(float), 0, _PRICE)

    return pick


def by_occlusion(encoder: Encoder, pipeline: Pipeline) -> Pick:
    """The clause without which the sentence loses most log-odds."""

    def score(parsed: Parse, indicator: int) -> float:
        return float(np.nanmax(encoder.encode(parsed, np.zeros(len(parsed.sentences))).sentences[:, indicator]))

    def pick(parsed: Parse, indicator: int) -> tuple[int, int]:
        first, last = parsed.sentences[0].tolist()
        clauses = split_clauses(parsed.tokens, first, last)
        text, whole = parsed.normalised.text, score(parsed, indicator)
        losses = []
        for begin, end in clauses:
            rest = text[: parsed.starts[begin]] + text[parsed.ends[end - 1] :]
            losses.append(whole - score(pipeline.parse(rest), indicator) if rest.strip() else whole)
        return clauses[int(np.argmax(losses))]

    return pick


def whole_sentence(parsed: Parse, indicator: int) -> tuple[int, int]:
    """All of it: the longest answer."""
    del indicator
    first, last = parsed.sentences[0].tolist()
    return first, last


def longest_clause(parsed: Parse, indicator: int) -> tuple[int, int]:
    """A guess that reads nothing."""
    del indicator
    first, last = parsed.sentences[0].tolist()
    return max(split_clauses(parsed.tokens, first, last), key=lambda clause: clause[1] - clause[0])


def cut_sentences(path: Path, pipeline: Pipeline) -> list[tuple[Parse, int, int, int]]:
    """Labelled sentences of the sample: parse, indicator and the label's code points in the sentence."""
    ids, found = load_taxonomy().ids, []
    for line in path.read_bytes().splitlines():
        record = orjson.loads(line)
        parsed = pipeline.parse(record["text"])
        for span in record["spans"]:
            if span["assertion"] != "asserted":
                continue
            for first, last in parsed.sentences.tolist():
                start, end = parsed.source_span(first, last)
                if start <= span["start"] and span["end"] <= end:
                    alone = pipeline.parse(record["text"][start:end])
                    if len(alone.sentences) == 1:
                        found.append((alone, ids.index(span["indicator"]), span["start"] - start, span["end"] - start))
    return found


def main() -> None:
    """Print the table."""
    data = os.environ.get("TELLSIGN_DATA")
    if data is None or not (path := Path(data) / "real" / "dev.jsonl").is_file():
        print("skipped: TELLSIGN_DATA with real/dev.jsonl is not set")
        return
    pipeline, encoder = Pipeline("en", load_taxonomy().ids), Encoder()
    rows = cut_sentences(path, pipeline)
    picks: dict[str, Pick] = {
        "exact shares": by_shares(encoder),
        "occlusion": by_occlusion(encoder, pipeline),
        "whole sentence": whole_sentence,
        "longest clause": longest_clause,
    }
    print(f"{len(rows)} labelled sentences\n{'account':16} {'char F1':>8} {'CPU s':>7}")
    for name, pick in picks.items():
        shared = mine = theirs = 0
        begun = time.process_time()
        for parsed, indicator, start, end in rows:
            first, last = parsed.source_span(*pick(parsed, indicator))
            shared += max(0, min(last, end) - max(first, start))
            mine, theirs = mine + last - first, theirs + end - start
        f1 = 2 * shared / (mine + theirs) if rows else 0.0
        print(f"{name:16} {f1:8.3f} {time.process_time() - begun:7.1f}")


if __name__ == "__main__":
    main()

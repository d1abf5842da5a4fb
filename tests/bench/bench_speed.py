"""Measures one process: documents a second from text to spans, beside spaCy's tokenizer and scikit-learn's Pipeline.

Each contender passes over all documents in turn, so that a busy machine slows them alike; a ratio is the median over
the rounds. No document comes twice in a pass: a tokenizer's cache would hold a short set whole, which no stream allows.
The authored set is the whole English corpus, the model's own training texts with it: it tells speed and nothing else.
`TELLSIGN_DATA` may name a folder with press releases, which make a second set of texts.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    # Read once, when numpy loads.
    os.environ[variable] = "1"

import argparse  # noqa: E402
import re  # noqa: E402
import time  # noqa: E402
from collections import deque  # noqa: E402
from collections.abc import Callable, Mapping, Sequence  # noqa: E402
from functools import lru_cache  # noqa: E402
from pathlib import Path  # noqa: E402
from statistics import mean, median, quantiles  # noqa: E402

import numpy as np  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
import spacy  # noqa: E402
from sklearn.calibration import CalibratedClassifierCV  # noqa: E402
from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: E402
from sklearn.multiclass import OneVsRestClassifier  # noqa: E402
from sklearn.pipeline import FeatureUnion, Pipeline  # noqa: E402
from sklearn.svm import LinearSVC  # noqa: E402

from classifier import Analysis, Analyzer, Document, load  # noqa: E402
from classifier.features import DISTANCES  # noqa: E402
from classifier.pipeline import Parse  # noqa: E402
from tests.documents import cut_text, join_texts  # noqa: E402
from training.build import split_corpus  # noqa: E402
from training.corpus import Record, load_card, load_corpus  # noqa: E402
from training.labels import align_spans, label_outputs, label_stretches  # noqa: E402
from training.prepare import parse_texts  # noqa: E402
from training.recipe import load_recipe  # noqa: E402

ROUNDS = 3
RELEASES = Path(os.environ.get("TELLSIGN_DATA", "")) / "public/treasury_press_releases/treasury_press_releases.parquet"
OURS, TOKENIZER, PIPELINE = "Tellsign, text to spans", "spaCy tokenizer + sentencizer", "scikit-learn Pipeline"
Work = Callable[[], object]
# A sentence, the one before it, the one after it, and the whole document.
Row = tuple[str, str, str, str]
_TOKEN = re.compile(r"\w+|[^\w\s]")


def tokenise(text: str) -> list[str]:
    """Lower-case words and marks."""
    return _TOKEN.findall(text.lower())


# The rows of a document follow each other: its tokens are cut once for all of them, in scikit-learn's favour.
tokenise_document = lru_cache(maxsize=1)(tokenise)


def pair_words(row: Row) -> list[tuple[str, str, int]]:
    """Pairs of words of the sentence at distances 1 to 3."""
    words = tokenise(row[0])
    return [
        (first, second, distance)
        for distance in range(1, DISTANCES + 1)
        for first, second in zip(words, words[distance:], strict=False)
    ]


def build_pipeline() -> Pipeline:
    """Tellsign's token features and linear models out of scikit-learn's own parts.

    The lexicon and the assertion features, for which scikit-learn has no part, are left out, in its favour.
    """
    union = FeatureUnion(
        [
            ("words", TfidfVectorizer(analyzer=lambda row: tokenise(row[0]), min_df=2)),
            (
                "characters",
                TfidfVectorizer(
                    analyzer="char_wb", preprocessor=lambda row: row[0].lower(), ngram_range=(3, 5), min_df=3
                ),
            ),
            ("pairs", TfidfVectorizer(analyzer=pair_words, min_df=3)),
            ("document", TfidfVectorizer(analyzer=lambda row: tokenise_document(row[3]), min_df=2)),
            ("before", TfidfVectorizer(analyzer=lambda row: tokenise(row[1]), min_df=2)),
            ("after", TfidfVectorizer(analyzer=lambda row: tokenise(row[2]), min_df=2)),
        ]
    )
    # A loose tolerance: how good the coefficients are does not change how long a prediction takes.
    model = CalibratedClassifierCV(LinearSVC(C=0.3, tol=0.1), method="sigmoid", ensemble=False, cv=3)
    return Pipeline([("features", union), ("model", OneVsRestClassifier(model))])


def cut_rows(text: str, parsed: Parse) -> list[Row]:
    """The sentences of a text as this program cuts them, with their surroundings."""
    bounds = [parsed.source_span(first, last) for first, last in parsed.sentences.tolist()]
    cut = ["", *(text[start:end] for start, end in bounds), ""]
    return [(cut[i], cut[i - 1], cut[i + 1], text) for i in range(1, len(cut) - 1)]


def fit_pipeline(records: Sequence[Record], indicators: tuple[str, ...]) -> Pipeline:
    """Fit scikit-learn's Pipeline on the sentences of labelled documents, for as many outputs as this program has."""
    parses = parse_texts([record.text for record in records], "en", indicators)
    rows: list[Row] = []
    labels = []
    for record, parsed in zip(records, parses, strict=True):
        rows += cut_rows(record.text, parsed)
        spans = align_spans(record, parsed, indicators)
        labels.append(label_stretches(spans, parsed.sentences, len(indicators)))
    return build_pipeline().fit(rows, label_outputs(np.concatenate(labels)).astype(int))


def measure(texts: Sequence[str], analyzer: Analyzer, pipeline: Pipeline) -> dict[str, list[float]]:
    """Documents a second by round for each of the three."""
    blank = spacy.blank("en")
    blank.add_pipe("sentencizer")
    documents = [Document(text) for text in texts]
    parses = parse_texts(texts, "en", analyzer.taxonomy.ids)
    rows = [row for text, parsed in zip(texts, parses, strict=True) for row in cut_rows(text, parsed)]
    # A stream is used up and not kept: thousands of results in memory would slow the one that makes the larger ones.
    works: Mapping[str, Work] = {
        OURS: lambda: deque(analyzer.analyze_many(documents), maxlen=0),
        TOKENIZER: lambda: deque(blank.pipe(texts), maxlen=0),
        # Its sentences come for free and all at once, which suits it best.
        PIPELINE: lambda: pipeline.predict_proba(rows),
    }
    for work in works.values():
        work()
    speeds: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            started = time.perf_counter()
            work()
            speeds[name].append(len(texts) / (time.perf_counter() - started))
    return speeds


def measure_single(texts: Sequence[str], analyzer: Analyzer) -> tuple[float, float]:
    """Milliseconds of one document on its own: p50 and p99."""
    times = []
    for text in texts:
        started = time.perf_counter()
        analyzer.analyze(text)
        times.append(1_000 * (time.perf_counter() - started))
    return median(times), quantiles(times, n=100)[98]


def count_flagged(texts: Sequence[str], analyzer: Analyzer) -> list[int]:
    """How many indicators are flagged in each text: a loaded text takes longer, for its evidence is laid out."""
    results = analyzer.analyze_many(Document(text) for text in texts)
    return [sum(one.flagged for one in result.indicators) for result in results if isinstance(result, Analysis)]


def read_releases() -> list[str]:
    """Beginnings of press releases, none twice, or nothing where there is no such file."""
    if not RELEASES.is_file():
        return []
    column = pq.read_table(RELEASES, columns=["text"])["text"].to_pylist()
    return list(dict.fromkeys(cut for text in column if (cut := cut_text(text))))


def spread(texts: Sequence[str], most: int) -> Sequence[str]:
    """At most so many texts, from all over the sequence."""
    return [texts[i * len(texts) // most] for i in range(most)] if len(texts) > most else texts


def print_table(columns: Mapping[str, Sequence[str]], names: Sequence[str]) -> None:
    """Print one row a measure, one column a set of texts."""
    print(f"{'':<50}" + "".join(f"{name:>18}" for name in columns))
    for number, name in enumerate(names):
        print(f"{name:<50}" + "".join(f"{column[number]:>18}" for column in columns.values()))


def describe(texts: Sequence[str], analyzer: Analyzer, pipeline: Pipeline) -> list[str]:
    """The figures of one set of texts, in the order of `main`'s names."""
    speeds = measure(texts, analyzer, pipeline)
    ratios = [median(a / b for a, b in zip(speeds[OURS], speeds[name], strict=True)) for name in (TOKENIZER, PIPELINE)]
    p50, p99 = measure_single(texts, analyzer)
    flagged = count_flagged(texts, analyzer)
    loaded = [f"{mean(flagged):.2f}", f"{mean(count > 0 for count in flagged):.0%}", f"{max(flagged)}"]
    rates = [f"{median(speeds[name]):,.0f}" for name in (OURS, TOKENIZER, PIPELINE)]
    size = f"{median(len(text) for text in texts):,.0f}"
    figures = [*rates, *(f"{ratio:.2f}" for ratio in ratios), f"{p50:.2f}", f"{p99:.2f}"]
    return [f"{len(texts):,}", size, *loaded, *figures]


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=2_000, help="most documents of a set (default: 2000)")
    most: int = parser.parse_args().most
    recipe = load_recipe("default")
    records = load_corpus(recipe.corpus, recipe.language)
    split = split_corpus(records, recipe.split, load_card(recipe.corpus))
    analyzer = load(tier="fast")
    started = time.perf_counter()
    pipeline = fit_pipeline([records[i] for i in split.development], analyzer.taxonomy.ids)
    sizes = [len(part.vocabulary_) for _, part in pipeline["features"].transformer_list]
    print(f"scikit-learn fitted in {time.perf_counter() - started:.0f} s: {sum(sizes):,} columns")
    sets = {"authored": join_texts(record.text for record in records), "press releases": read_releases()}
    names = [
        "documents, all different",
        "characters, median",
        "flagged indicators a document, mean",
        "documents with a flagged indicator",
        "flagged indicators in a document, most",
        *(f"{name}, documents/s" for name in (OURS, TOKENIZER, PIPELINE)),
        "Tellsign / spaCy",
        "Tellsign / scikit-learn",
        "one document alone, p50 ms",
        "one document alone, p99 ms",
    ]
    columns = {name: describe(spread(texts, most), analyzer, pipeline) for name, texts in sets.items() if texts}
    print_table(columns, names)


if __name__ == "__main__":
    main()

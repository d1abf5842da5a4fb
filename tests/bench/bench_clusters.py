"""Measures how well clusters agree with the templates that documents were made from.

Of all pairs of documents: how many that are of one cluster are of one template (precision), and how many that are of
one template are of one cluster (recall). Two dumps are made: long texts with few slots, of which nine in ten repeat an
earlier one, and short ads of three sentences, with four to six slots; each template shares sentences with others.
"""

import argparse
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator

from classifier.document import Document
from service.batch.duplicates import Duplicates
from service.batch.minhash import build_sketcher
from tests.bench.bench_dedupe import authored_texts
from tests.made_dump import made_ads, made_documents


def long_texts(count: int) -> Iterator[tuple[Document, Hashable]]:
    """Yield documents and the template of each, which the text says at its beginning."""
    for document in made_documents(authored_texts(), count):
        yield document, document.text[:10]


def find(documents: Iterable[tuple[Document, Hashable]], finder: Duplicates) -> Iterator[tuple[int, Hashable]]:
    """Yield the cluster and the template of every document."""
    owners, templates = [], []
    for number, (document, template) in enumerate(documents):
        link = finder.assign(document, number)
        owners.append(number if link is None else link.number)
        templates.append(template)
    finder.merge()
    indices = {number: index for index, number in enumerate(finder.catalogue.numbers())}
    for owner, template in zip(owners, templates, strict=True):
        yield finder.catalogue.root(indices[owner]), template


def agree(pairs: Iterable[tuple[Hashable, Hashable]]) -> tuple[float, float]:
    """Return precision and recall over pairs of documents, from the cluster and the template of each."""
    found, true, both = Counter[Hashable](), Counter[Hashable](), Counter[Hashable]()
    for cluster, template in pairs:
        found[cluster] += 1
        true[template] += 1
        both[cluster, template] += 1
    shared, of_clusters, of_templates = (sum(n * (n - 1) // 2 for n in one.values()) for one in (both, found, true))
    return shared / of_clusters, shared / of_templates


def main() -> None:
    """Print precision and recall of both dumps."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=10_000, help="documents of each dump (default: 10000)")
    arguments = parser.parse_args()
    for sketcher in ("numpy", "rensa"):
        for name, dump in (("long texts", long_texts), ("short ads", made_ads)):
            finder = Duplicates(sketcher=build_sketcher(sketcher))
            precision, recall = agree(find(dump(arguments.documents), finder))
            distinct = len(finder.catalogue)
            print(f"{name}, {sketcher}: precision {precision:.4f}, recall {recall:.4f}; {distinct:,} scored")


if __name__ == "__main__":
    main()

"""Near-duplicates find each other, whatever was changed to tell them apart."""

import random

import pytest

from service.review.retention import erase_document
from service.review.similar import list_similar
from service.store.documents import set_cluster
from service.store.likeness import find_alike, sign_text
from service.store.store import Store
from tests.documents import make_word
from tests.reviewing import CALM, POLICY, person, put_in

_generator = random.Random(11)
WORDS = [make_word(_generator) for _ in range(200)]
ADVERT = " ".join(WORDS) + " call 555-0101"


def changed(count: int) -> str:
    words = list(WORDS)
    for place in random.Random(count).sample(range(len(words)), count):
        words[place] = f"other{chr(97 + place % 26)}"
    return " ".join(words) + " call 555-0199"


@pytest.mark.parametrize(
    ("copy", "alike"),
    [
        (ADVERT, True),
        (ADVERT.upper().replace(" ", "\n"), True),
        (ADVERT.replace("555-0101", "555-0142"), True),
        (changed(3), True),
        (changed(60), False),
        (CALM, False),
    ],
    ids=["the same", "another case", "another number", "three words", "sixty words", "another text"],
)
def test_copy_joins_the_cluster(store: Store, copy: str, alike: bool) -> None:
    first, second = put_in(store, ADVERT), put_in(store, copy)
    assert (first.cluster == second.cluster) == alike


def test_estimated_share_is_near_the_true_one(store: Store) -> None:
    def runs(text: str) -> set[tuple[str, ...]]:
        words = text.replace("-", " ").replace("0101", "0").replace("0199", "0").split()
        return {tuple(words[start : start + 3]) for start in range(len(words) - 2)}

    with store.read() as tx:
        base = sign_text(tx, ADVERT)
        for count in (1, 5, 10, 20, 40):
            other = changed(count)
            true = len(runs(ADVERT) & runs(other)) / len(runs(ADVERT) | runs(other))
            # Four standard errors of 64 draws.
            assert float((sign_text(tx, other) == base).mean()) == pytest.approx(true, abs=0.25)


def test_similar_documents_are_shown_most_alike_first(store: Store) -> None:
    anna = person(store, "anna")
    document = put_in(store, ADVERT)
    near, nearer = put_in(store, changed(10)), put_in(store, changed(1))
    put_in(store, CALM)
    with store.read() as tx:
        found = list_similar(tx, POLICY, anna, document.id)
    assert [one.item.document for one in found] == [nearer.id, near.id]
    assert found[0].share > found[1].share > 0.4


def test_erased_document_is_like_nothing(store: Store) -> None:
    anna = person(store, "anna")
    first, second = put_in(store, ADVERT), put_in(store, ADVERT)
    with store.write() as tx:
        erase_document(tx, first.id, actor="usr-1", why="request")
        assert list_similar(tx, POLICY, anna, first.id) == []
        assert list_similar(tx, POLICY, anna, second.id) == []
        assert [one.number for one in find_alike(tx, sign_text(tx, ADVERT), share=0.5)] == [second.number]


def test_cluster_that_somebody_else_found_is_kept(store: Store) -> None:
    first = put_in(store, ADVERT)
    with store.write() as tx:
        set_cluster(tx, first.id, "cl-campaign-7", actor="system")
    assert put_in(store, changed(1)).cluster == "cl-campaign-7"


@pytest.mark.parametrize("text", ["…", "Help.", "?! \ud800", "no no"], ids=["marks", "one word", "odd", "two words"])
def test_short_text_is_like_itself_alone(store: Store, text: str) -> None:
    first, again = put_in(store, text), put_in(store, text)
    others = {put_in(store, other).cluster for other in ("!!", "Go.", "yes yes")}
    assert first.cluster == again.cluster
    assert first.cluster not in others

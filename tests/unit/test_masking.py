"""Names, numbers and addresses are hidden, offsets hold, and evidence is never hidden wholly."""

import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.document import Span
from service.review.mask_shapes import KINDS, Rule, find_shapes, load_rules
from service.review.mask_words import load_lists
from service.review.masking import PLACEHOLDER, find_masks, hide
from tests.bench.bench_masking import load_marked, measure, unlisted

EXAMPLES = [
    pytest.param(rule, example, id=f"{number}-{rule.kind}-{at}")
    for number, rule in enumerate(load_rules())
    for at, example in enumerate(rule.match)
]
LOOK_ALIKES = [
    pytest.param(rule, example, id=f"{number}-{rule.kind}-{at}")
    for number, rule in enumerate(load_rules())
    for at, example in enumerate(rule.look_alike)
]


@pytest.mark.parametrize(("rule", "example"), EXAMPLES)
def test_shape_finds_its_examples(rule: Rule, example: str) -> None:
    text = re.sub("[{}]", "", example)
    start, end = example.index("{"), example.index("}") - 1
    assert (start, end, rule.kind) in list(find_shapes(text))


@pytest.mark.parametrize(("rule", "example"), LOOK_ALIKES)
def test_shape_leaves_its_look_alikes(rule: Rule, example: str) -> None:
    assert rule.pattern.search(example) is None


def test_every_shape_has_examples_of_both_sorts() -> None:
    assert [rule for rule in load_rules() if not (rule.match and rule.look_alike)] == []
    assert {rule.kind for rule in load_rules()} <= set(KINDS)


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("My name is Zothanzuali and I am a cook.", ["Zothanzuali"]),
        ("Mr Baker, the baker, owes me a week.", ["Baker"]),
        ("i told my friend xiadani that bogdan has the key", ["xiadani", "bogdan"]),
        ("Ask for T-Bone or J. Abernethy at the gate.", ["T-Bone", "J. Abernethy"]),
        ("The foreman, PEREZ GOMEZ, signs the sheet.", ["PEREZ GOMEZ"]),
        ("Rosalind left. Later Rosalind's bag was found, and ROSALIND was not.", ["Rosalind", "Rosalind", "ROSALIND"]),
        ("The girl, K. M., was fifteen.", ["K. M."]),
        ("Mein Name ist Ionela und ich habe den Ausweis bei der Arbeit nicht.", ["Ionela"]),
        ("The cook is 王小明 and he has no key.", ["王小明"]),
        ("Ana de la Cruz and Ludwig van der Meer are here.", ["Ana de la Cruz", "Ludwig van der Meer"]),
    ],
)
def test_name_is_hidden(text: str, hidden: list[str]) -> None:
    assert [text[mask.start : mask.end] for mask in find_masks(text)] == hidden


@pytest.mark.parametrize(
    "text",
    [
        "On Monday we go from Leeds to Manchester, and in May to Kuwait.",
        "Employers must not retain passports under ILO Convention No. 29.",
        "Rate 89.50 a night, check-in at 14:00, 1,200 workers at 14 sites in 2019-2021.",
        "She speaks Tagalog and some Arabic. The Catholic church is in Port Harcourt.",
        "They will pay. I hope so. Mark the hours and wait for the bus.",
        "NO EXPERIENCE NEEDED. EARN $5,000 A MONTH. FREE VISA.",
        "CALLER: It was in June. AGENT: Go on.",
    ],
)
def test_what_tells_no_person_stays_readable(text: str) -> None:
    assert [text[mask.start : mask.end] for mask in find_masks(text)] == []


def test_hidden_text_is_as_long_and_keeps_its_white_space() -> None:
    text = "Call Marisol Ortega\n on +44 7700 900123."
    hidden = hide(text, find_masks(text))
    assert hidden == "Call ███████ ██████\n on ███ ████ ██████."
    assert [at for at, letter in enumerate(hidden) if letter != text[at] and letter != PLACEHOLDER] == []


def test_same_person_has_the_same_number() -> None:
    text = "Ramona Stoica left. Liviu Stoica stayed. Ramona wrote to sam@example.org."
    masks = find_masks(text)
    assert [(text[mask.start : mask.end], mask.kind, mask.number) for mask in masks] == [
        ("Ramona Stoica", "name", 1),
        ("Liviu Stoica", "name", 2),
        ("Ramona", "name", 1),
        ("sam@example.org", "email", 1),
    ]


@pytest.mark.parametrize(
    ("text", "words", "shown"),
    [
        ("Ask Marisol Ortega about it.", "Marisol Ortega", "Ask Mar████ ██████ about it."),
        ("Write to sam@example.org now.", "sam@example.org", "Write to sam████████████ now."),
        ("Ask Marisol Ortega about it.", "Ortega about", "Ask ███████ ██████ about it."),
        ("Ask Marisol Ortega about it.", "Ortega", "Ask ███████ O█████ about it."),
    ],
    ids=["whole-name", "whole-address", "partly-covered", "inside-a-mask"],
)
def test_evidence_is_never_hidden_wholly(text: str, words: str, shown: str) -> None:
    start = text.index(words)
    masks = find_masks(text, [Span(start, start + len(words))])
    assert hide(text, masks) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "\ud800 Ana \udfff",
        "A" * 4_000,
        "0" * 4_000,
        "a@" * 1_000,
        "Ann " * 1_000,
        "1 Aa " * 4_000,
        "é\u0301" * 1_000,
        "calle A " * 500,
        "flat 1, " * 500,
        "no no no " * 500,
        "\N{PILE OF POO}" * 1_000,
        "((((" * 4_000,
        "- " * 2_000,
    ],
    ids=range(15),
)
def test_hostile_text_is_masked_to_the_same_length(text: str) -> None:
    assert len(hide(text, find_masks(text))) == len(text)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.sampled_from("aA0 .@-+,'\nMrDr王é\u0301"), max_size=200))
def test_masks_never_overlap_and_stay_inside(text: str) -> None:
    masks = find_masks(text)
    ends = [0, *(mask.end for mask in masks)]
    assert all(end <= mask.start < mask.end <= len(text) for end, mask in zip(ends, masks, strict=False))


def test_marked_set_is_large_and_sound() -> None:
    texts = load_marked()
    kinds = Counter(mention.kind for item in texts for mention in item.mentions)
    assert kinds.total() >= 500
    assert set(kinds) == set(KINDS) - {"number"}
    assert all(0 <= mention.start < mention.end <= len(item.text) for item in texts for mention in item.mentions)
    assert len({item.text for item in texts}) == len(texts)


def test_half_that_the_rules_were_not_built_on_reaches_the_target() -> None:
    score = measure(load_marked("held"))
    assert score.found.total() / score.mentions.total() >= 0.95
    assert score.right.total() / score.masks.total() >= 0.95


def test_names_that_no_list_holds_are_mostly_hidden() -> None:
    found, total = unlisted(load_marked("held"))
    assert total >= 30
    assert found / total >= 0.8


def test_lists_hold_no_name_that_is_an_everyday_word() -> None:
    lists = load_lists()
    everyday = {"the", "and", "you", "have", "work", "they", "were", "about", "where", "when", "which", "would"}
    assert everyday & lists.names == set()
    assert everyday <= lists.words

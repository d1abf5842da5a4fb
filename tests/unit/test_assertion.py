"""How a text holds what it says: what a cue governs, where that ends, and how the English lexicon reads sentences."""

import pytest

from classifier.assertion import STATES, Scope, choose_held, choose_state, find_scopes, mark_tokens
from classifier.lexicon import Lexicon, build_lexicon
from classifier.matcher import Match
from classifier.pipeline import Pipeline
from classifier.taxonomy import load_taxonomy

ASSERTED, NEGATED, HYPOTHETICAL = range(3)
CUES = [
    ("neg-no", "negated", "=no", "after", 4),
    ("neg-never", "negated", "=never", "after", 4),
    ("neg-without", "negated", "=without", "after", 4),
    ("neg-no-sign", "negated", "=no =sign =of", "after", 6),
    ("neg-false", "negated", "=false", "before", 4),
    ("hyp-if", "hypothetical", "=if", "after", 4),
    ("hyp-question", "hypothetical", "(=?)", "sentence", 40),
    ("neu-no-doubt", "neutral", "=no =doubt", "sentence", 40),
]


def build_cues() -> Lexicon:
    """A lexicon of a few cues, so that reach and scope can be counted."""
    entries = [
        {
            "id": name,
            "assertion": kind,
            "pattern": pattern,
            "scope": scope,
            "reach": reach,
            "match": [pattern],
            "reject": [],
        }
        for name, kind, pattern, scope, reach in CUES
    ]
    return build_lexicon({"version": "1.0", "language": "xx", "terminators": ["but", ";"], "cue": entries}, "xx.toml")


LEXICON = build_cues()


def scopes_of(text: str, sentence: tuple[int, int] | None = None) -> list[Scope]:
    tokens = text.split()
    bounds = sentence or (0, len(tokens))
    return find_scopes(LEXICON.matcher.match(tokens, *bounds), tokens, bounds, LEXICON)


def states_of(text: str) -> str:
    """One sign a token: `.` asserted, `N` negated, `H` hypothetical."""
    return "".join(".NH"[state] for state in mark_tokens(len(text.split()), scopes_of(text)).tolist())


SCOPES = [
    ("nothing is governed without a cue", "a b c d", "...."),
    ("what follows, the cue included", "a no b c", ".NNN"),
    ("as far as the cue reaches", "no a b c d e f", "NNNNN.."),
    ("up to a terminator", "no a but b c", "NN..."),
    ("up to a mark that terminates", "no a ; b", "NN.."),
    ("what stands before", "a b false c", "NNN."),
    ("what stands before, as far as it reaches", "a b c d e f false", "..NNNNN"),
    ("what stands before, up to a terminator", "a but b c false", "..NNN"),
    ("the whole sentence", "a b but c ?", "HHHHH"),
    ("hypothetical wins over negated", "if a no b", "HHHH"),
    ("two negations cancel out", "no a without b", "NN.."),
    ("three negations deny", "no without no a", "N.NN"),
    ("a list of negations denies every time", "no a , no b and no c", "NNNNNNNN"),
    ("a neutral phrase hides its cue", "no doubt a b", "...."),
    ("and no other cue", "no doubt a no b", "...NN"),
    ("the longer of two cues counts once", "no sign of a b", "NNNNN"),
]


@pytest.mark.parametrize(("text", "states"), [case[1:] for case in SCOPES], ids=[case[0] for case in SCOPES])
def test_cue_governs(text: str, states: str) -> None:
    assert states_of(text) == states


def test_cue_does_not_reach_over_its_sentence() -> None:
    assert [(scope.first, scope.last) for scope in scopes_of("a no b c d", (0, 3))] == [(1, 3)]
    assert [(scope.first, scope.last) for scope in scopes_of("a b false", (1, 3))] == [(1, 3)]


def test_longest_cue_of_a_kind_is_kept_and_other_kinds_stay() -> None:
    found = [(scope.state, scope.cue_first, scope.cue_last) for scope in scopes_of("if no sign of a")]
    assert found == [(HYPOTHETICAL, 0, 1), (NEGATED, 1, 4)]


def test_cues_are_found_the_same_in_any_order() -> None:
    tokens = ["no", "sign", "of", "a", "if", "b", "no", "c"]
    matches = LEXICON.matcher.match(tokens, 0, len(tokens))
    forwards = find_scopes(matches, tokens, (0, len(tokens)), LEXICON)
    assert find_scopes(matches[::-1], tokens, (0, len(tokens)), LEXICON) == forwards


PHRASES = [
    ("outside every scope", "a b no c", (0, 2), ASSERTED),
    ("inside a scope", "no a b", (1, 3), NEGATED),
    ("partly inside a scope", "no a b c d e", (4, 6), ASSERTED),
    ("with a cue that its pattern names", "a never b", (0, 3), ASSERTED),
    ("with such a cue at its beginning", "never a b", (0, 2), ASSERTED),
    ("with a cue that only stands in its gap", "no a b", (0, 3), NEGATED),
    ("with another negation before the phrase", "without c never b", (2, 4), NEGATED),
    ("under two negations", "no a without b", (3, 4), ASSERTED),
    ("under listed negations", "no a , no b", (4, 5), NEGATED),
    ("under a condition and a negation", "if a no b", (3, 4), HYPOTHETICAL),
    ("in a question", "a b ?", (0, 2), HYPOTHETICAL),
]


@pytest.mark.parametrize(("text", "phrase", "state"), [case[1:] for case in PHRASES], ids=[case[0] for case in PHRASES])
def test_phrase_is_held(text: str, phrase: tuple[int, int], state: int) -> None:
    held = choose_state(text.split(), *phrase, scopes=scopes_of(text), named={"a", "never", "b"})
    assert held == state


def test_nothing_is_marked_in_no_tokens() -> None:
    assert mark_tokens(0, []).shape == (0,)


@pytest.mark.parametrize(
    ("negated", "hypothetical", "held"),
    [(1.0, 0.5, "negated"), (-2.0, -1.0, "hypothetical"), (0.0, 0.0, "hypothetical")],
)
def test_sentence_is_held_by_the_higher_score(negated: float, hypothetical: float, held: str) -> None:
    assert choose_held(negated, hypothetical) == held


def test_row_of_cues_is_read_like_each_of_them() -> None:
    """A sentence may consist of nothing but question marks."""
    tokens = ["?"] * 600
    cues = [Match(5, place, place + 1) for place in range(600)]
    scopes = find_scopes(cues, tokens, (0, 600), LEXICON)
    assert len(scopes) == 600
    assert mark_tokens(600, scopes).tolist() == [HYPOTHETICAL] * 600


ENGLISH = [
    ("The manager took our passports.", "document_retention", "asserted"),
    ("He keeps our passports and we are not allowed out.", "document_retention", "asserted"),
    # An indicator may be made of a negation: nothing is denied there.
    ("We are not allowed out of the house.", "restriction_of_movement", "asserted"),
    ("not allowed out", "restriction_of_movement", "asserted"),
    ("she isnt allowed to leave", "restriction_of_movement", "asserted"),
    ("They do not let us go out.", "restriction_of_movement", "asserted"),
    ("They never paid us for the work.", "wage_withholding", "asserted"),
    ("never paid us", "wage_withholding", "asserted"),
    ("I haven't been paid for six months.", "wage_withholding", "asserted"),
    ("He has not paid our wages for five months.", "wage_withholding", "asserted"),
    ("He won't give our passports back.", "document_retention", "asserted"),
    ("We have no days off.", "excessive_overtime", "asserted"),
    ("She is never left alone.", "third_party_control", "asserted"),
    # A negation reaches the phrase.
    ("We were not locked in the house.", "restriction_of_movement", "negated"),
    ("He did not lock us in the house.", "restriction_of_movement", "negated"),
    ("Nobody locked us in.", "restriction_of_movement", "negated"),
    ("There is no evidence that the women were locked in the house.", "restriction_of_movement", "negated"),
    ("He denied that he keeps our passports.", "document_retention", "negated"),
    ("The claim that he keeps our passports was false.", "document_retention", "negated"),
    ("No passports are kept by the employer.", "document_retention", "negated"),
    # It does not reach beyond the word that ends it.
    ("Nobody is locked in, but he kept our passports.", "document_retention", "asserted"),
    ("Nobody locked us in; he took our passports.", "document_retention", "asserted"),
    # Listed negations each deny.
    ("There were no guards, no locked doors and no recruitment fees.", "debt_bondage", "negated"),
    ("No recruitment fees, no unpaid wages, no locked doors.", "wage_withholding", "negated"),
    ("We were never locked in the house, never beaten and never unpaid.", "restriction_of_movement", "negated"),
    ("The audit found no debt bondage and no recruitment fees.", "debt_bondage", "negated"),
    # Two negations that are no list cancel out.
    ("Nobody left without paying a recruitment fee.", "debt_bondage", "asserted"),
    ("No worker left without his passport being kept.", "document_retention", "asserted"),
    ("No evidence shows that they were not locked in the house.", "restriction_of_movement", "asserted"),
    # Questions, conditions, policies and lists of signs hold nothing as fact.
    ("Do they withhold your wages?", "wage_withholding", "hypothetical"),
    ("Did anyone lock you in the house?", "restriction_of_movement", "hypothetical"),
    ("Ask whether the employer keeps their passports.", "document_retention", "hypothetical"),
    ("Employers must not retain passports.", "document_retention", "hypothetical"),
    ("Recruiters must never charge recruitment fees.", "debt_bondage", "hypothetical"),
    ("Our policy prohibits forced labour and recruitment fees.", "debt_bondage", "hypothetical"),
    ("Red flags include unpaid wages and debt bondage.", "debt_bondage", "hypothetical"),
    ("Signs include confiscated passports and unpaid wages.", "document_retention", "hypothetical"),
    # A threat is no condition: it is said, and that it is said is the indicator.
    ("If you run I will call immigration.", "intimidation_threats", "asserted"),
]


@pytest.mark.parametrize(("text", "indicator", "assertion"), ENGLISH, ids=[text for text, _, _ in ENGLISH])
def test_english_phrase_is_held(text: str, indicator: str, assertion: str, pipeline: Pipeline) -> None:
    column = load_taxonomy().ids.index(indicator)
    assert {STATES[hit.state] for hit in pipeline.parse(text).hits if hit.indicator == column} == {assertion}

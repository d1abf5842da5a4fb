"""The taxonomy file says what it must, in words an analyst can use, and a broken file is refused by field."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from classifier.document import NOTICE, Assertion
from classifier.errors import TaxonomyError
from classifier.taxonomy import ELEMENTS, Indicator, Taxonomy, load_taxonomy

INDICATORS = {
    "abuse_of_vulnerability": "means",
    "deception": "means",
    "restriction_of_movement": "means",
    "isolation": "means",
    "physical_sexual_violence": "means",
    "intimidation_threats": "means",
    "document_retention": "means",
    "wage_withholding": "means",
    "debt_bondage": "means",
    "abusive_conditions": "exploitation",
    "excessive_overtime": "exploitation",
    "third_party_control": "means",
    "suspicious_recruitment": "act",
    "sexual_exploitation": "purpose",
    "child_exploitation": "purpose",
    "transport_harbouring": "act",
    "supply_chain_exploitation": "purpose",
}
CONTEXTS = ("disclosure", "solicitation", "report", "guidance", "unrelated")
CITED_AS = {
    "ilo_2012": r"ILO 2012",
    "ilo_2025": r"ILO 2012 and 2025|ILO 2025",
    "ilo_ec_2009": r"ILO/EC 2009",
    "palermo_2000": r"Palermo Protocol art\. 3",
    "tvpa_2000": r"TVPA, (22 U\.S\.C\. 7102|18 U\.S\.C\. 15[89]\d)",
    "tvpra_2008": r"18 U\.S\.C\. 1351",
    "dhs_blue_campaign": r"DHS Blue Campaign",
    "polaris_2017": r"Polaris 2017",
    "fincen_2014": r"FIN-2014-A008",
    "fincen_2020": r"FIN-2020-A008",
    "ilab_2024": r"ILAB 2024",
    "cbp_wro": r"19 U\.S\.C\. 1307",
    "uflpa_2021": r"UFLPA",
    "ilo_c29_1930": r"Convention No\. 29",
    "ilo_c105_1957": r"Convention No\. 105",
    "ilo_c182_1999": r"Convention No\. 182",
    "ilo_fair_recruitment_2019": r"ILO 2019",
}
YES_NO_OPENINGS = ("did", "do", "does", "is", "are", "was", "were", "have", "has", "can")
# Words the field no longer uses for people, and words that would turn an indicator into a verdict.
BANNED = re.compile(
    r"\b(victims?|prostitut\w+|pimps?|slaves?|traffickers?|trafficked|illegals?|illegal (alien|immigrant|migrant)s?"
    r"|aliens?|addicts?|homeless (man|men|woman|women)|handicapped|guilty|is trafficking|proves?|proof|todo)\b",
    re.IGNORECASE,
)
CONTACT = re.compile(r"@|https?:|www\.|\+?\d[\d\s-]{6,}\d")

MINIMAL = """
version = "1.0"
notice = "For review."
[[source]]
id = "book"
title = "A book"
publisher = "A press"
year = 2012
citation = "A book, page 1."
[[context]]
id = "report"
title = "Report"
definition = "News."
[[assertion]]
id = "asserted"
title = "Asserted"
definition = "It holds."
example = "yes"
[[assertion]]
id = "negated"
title = "Negated"
definition = "It does not hold."
example = "no"
[[assertion]]
id = "hypothetical"
title = "Hypothetical"
definition = "It might hold."
example = "perhaps"
[[indicator]]
id = "deception"
title = "Deception"
definition = "A promise was not kept."
element = "means"
sources = ["book"]
citation = "A book, chapter 2."
counts = ["a", "b", "c", "d"]
excludes = ["e", "f", "g", "h"]
question = "What were you told?"
note = "Take care."
"""

BROKEN = [
    pytest.param('element = "means"', 'element = "mean"', "element", "act, means, purpose, exploitation", id="element"),
    pytest.param('question = "What were you told?"', "", "question", "missing", id="missing-field"),
    pytest.param('note = "Take care."', 'notes = "Take care."', "notes", "unknown field", id="misspelt-field"),
    pytest.param('note = "Take care."', 'note = "  "', "note", "not blank", id="blank-text"),
    pytest.param('title = "Deception"', "title = 7", "title", "text", id="text-of-wrong-type"),
    pytest.param('sources = ["book"]', 'sources = ["film"]', "sources", "'film'", id="unknown-source"),
    pytest.param('sources = ["book"]', "sources = []", "sources", "1 or more", id="no-source"),
    pytest.param('["a", "b", "c", "d"]', '["a", "b", "c"]', "counts", "4 or more", id="too-few-bullets"),
    pytest.param('["a", "b", "c", "d"]', '["a", "b", "c", "a"]', "counts", "different", id="bullet-twice"),
    pytest.param('["e", "f", "g", "h"]', '["e", "f", "g", "h", ""]', "excludes", "none blank", id="blank-bullet"),
    pytest.param('["e", "f", "g", "h"]', '"efgh"', "excludes", "4 or more", id="bullets-not-a-list"),
    pytest.param("What were you told?", "What were you told.", "question", "ends with '?'", id="not-a-question"),
    pytest.param("What were you told?", "Did they lie to you?", "question", "open question", id="leading-question"),
    pytest.param('id = "deception"', 'id = "De ception"', "id", "lower-case", id="indicator-id"),
    pytest.param("year = 2012", 'year = "2012"', "year", "whole number", id="year-as-text"),
    pytest.param("year = 2012", "year = true", "year", "whole number", id="year-as-boolean"),
    pytest.param("year = 2012", "year = 12", "year", "1900 to 2100", id="year-out-of-range"),
    pytest.param('version = "1.0"', 'version = "one"', "version", "such as 1.0", id="version"),
    pytest.param('notice = "For review."', "", "notice", "missing", id="no-notice"),
    pytest.param('id = "negated"', 'id = "denied"', "id", "asserted, negated, hypothetical", id="assertion-unknown"),
    pytest.param('id = "negated"', 'id = "asserted"', "id", "used twice", id="id-twice"),
    pytest.param('version = "1.0"', 'version = "1.0"\nowner = "me"', "owner", "unknown field", id="unknown-top-field"),
    pytest.param('[[context]]\nid = "report"', '[context]\nid = "report"', "context", "[[context]]", id="single-table"),
]


def prose(taxonomy: Taxonomy) -> Iterator[str]:
    """All text in our own words; titles of documents and citations quote others and are left out."""
    for context in taxonomy.contexts:
        yield from (context.title, context.definition)
    for assertion in taxonomy.assertions:
        yield from (assertion.title, assertion.definition, assertion.example)
    for indicator in taxonomy.indicators:
        yield from (indicator.title, indicator.definition, indicator.question, indicator.note)
        yield from indicator.counts + indicator.excludes


@pytest.fixture(scope="module")
def taxonomy() -> Taxonomy:
    return load_taxonomy()


@pytest.fixture(params=INDICATORS)
def indicator(request: pytest.FixtureRequest, taxonomy: Taxonomy) -> Indicator:
    return taxonomy.indicator(request.param)


def test_seventeen_indicators_come_in_taxonomy_order(taxonomy: Taxonomy) -> None:
    assert taxonomy.ids == tuple(INDICATORS)
    assert len(taxonomy.ids) == 17


def test_each_indicator_has_its_element(indicator: Indicator) -> None:
    assert indicator.element == INDICATORS[indicator.id]
    assert indicator.element in ELEMENTS


def test_contexts_and_assertions_are_those_of_the_contract(taxonomy: Taxonomy) -> None:
    assert tuple(context.id for context in taxonomy.contexts) == CONTEXTS
    assert tuple(label.id for label in taxonomy.assertions) == get_args(Assertion)


def test_notice_is_the_one_every_analysis_carries(taxonomy: Taxonomy) -> None:
    assert taxonomy.notice == NOTICE


def test_definition_is_two_or_three_sentences(indicator: Indicator) -> None:
    assert 2 <= len(re.findall(r"[.?!](?=\s|$)", indicator.definition)) <= 3


def test_no_text_is_blank_or_padded(taxonomy: Taxonomy) -> None:
    """The multi-line strings of the file must fold into clean single lines."""
    for text in prose(taxonomy):
        assert text == " ".join(text.split()) != ""


def test_each_count_shows_an_example(indicator: Indicator) -> None:
    for bullet in indicator.counts:
        assert re.search(r"“[^”]+”", bullet), bullet


def test_question_is_open(indicator: Indicator) -> None:
    assert indicator.question.endswith("?")
    assert indicator.question.split()[0].lower() not in YES_NO_OPENINGS


def test_citation_names_every_source(indicator: Indicator) -> None:
    assert [source for source in indicator.sources if not re.search(CITED_AS[source], indicator.citation)] == []


def test_every_source_is_used(taxonomy: Taxonomy) -> None:
    used = {source for indicator in taxonomy.indicators for source in indicator.sources}
    assert used == {source.id for source in taxonomy.sources}


def test_cross_reference_names_an_indicator(taxonomy: Taxonomy) -> None:
    """A bullet that says where else to look must name an id that exists."""
    named = {word for text in prose(taxonomy) for word in re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", text)}
    assert named
    assert named <= set(taxonomy.ids)


def test_words_are_those_of_the_field(taxonomy: Taxonomy) -> None:
    found = [match.group() for text in prose(taxonomy) if (match := BANNED.search(text))]
    assert found == []


def test_examples_carry_no_contact_details(taxonomy: Taxonomy) -> None:
    assert [text for text in prose(taxonomy) if CONTACT.search(text)] == []


def test_unknown_indicator_is_refused_with_the_allowed_ids(taxonomy: Taxonomy) -> None:
    with pytest.raises(TaxonomyError, match=r"'tax_fraud' is not in taxonomy 1\.0; allowed: abuse_of_vulnerability"):
        taxonomy.indicator("tax_fraud")


def test_packaged_taxonomy_is_read_once() -> None:
    assert load_taxonomy() is load_taxonomy()


def test_file_given_by_path_is_loaded(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(MINIMAL, encoding="utf-8")
    assert load_taxonomy(file).ids == ("deception",)


@pytest.mark.parametrize(("old", "new", "field", "allowed"), BROKEN)
def test_broken_schema_is_refused_by_file_and_field(
    tmp_path: Path, old: str, new: str, field: str, allowed: str
) -> None:
    assert MINIMAL.count(old) == 1
    file = tmp_path / "own.toml"
    file.write_text(MINIMAL.replace(old, new), encoding="utf-8")
    with pytest.raises(TaxonomyError) as caught:
        load_taxonomy(file)
    message = str(caught.value)
    assert str(file) in message
    assert f"field '{field}'" in message
    assert allowed in message


def test_refusal_names_the_table(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(MINIMAL.replace('element = "means"', 'element = "mean"'), encoding="utf-8")
    with pytest.raises(TaxonomyError, match=r"\[\[indicator\]\] number 1 \(deception\): field 'element': 'mean'"):
        load_taxonomy(file)


def test_missing_assertion_state_is_refused(tmp_path: Path) -> None:
    start, end = MINIMAL.index('[[assertion]]\nid = "negated"'), MINIMAL.index('[[assertion]]\nid = "hypothetical"')
    file = tmp_path / "own.toml"
    file.write_text(MINIMAL[:start] + MINIMAL[end:], encoding="utf-8")
    with pytest.raises(TaxonomyError, match="field 'assertion': negated missing"):
        load_taxonomy(file)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param(b"version = ", "not TOML", id="not-toml"),
        pytest.param(b'version = "\xff"', "byte 11 is not UTF-8", id="not-utf-8"),
        pytest.param(None, "cannot be read", id="no-file"),
    ],
)
def test_unreadable_file_is_refused(tmp_path: Path, content: bytes | None, problem: str) -> None:
    file = tmp_path / "own.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(TaxonomyError, match=problem):
        load_taxonomy(file)

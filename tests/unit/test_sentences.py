"""Sentence bounds in every register: prose, court papers, lists, chats, scans and messages."""

import pytest

from classifier.sentences import sentence_bounds

# The sentences of each text; joined by a blank they are the text.
ONE_LINE = {
    "plain prose": ["He took my card.", "I asked for it.", "Why not?", "No!", "It stays."],
    "titles": ["Mr. Osei and Dr. Lund met Prof. Ade.", "They left."],
    "places and firms": ["Baker Street Inc. paid St. Mary Hall.", "Ajax Ltd.", "The firm closed."],
    "country before a name": ["The U.S. Department wrote from the U.S.", "He answered."],
    "latin short forms": ["Bring papers, e.g. a visa, i.e. the original, etc.", "We copy them."],
    "number short forms": ["See No. 5 and Art. 3 of Jan. 14.", "She said no.", "Maria left."],
    "times of day": ["Be there at 6 p.m. on Friday.", "We start at 7 a.m.", "Nobody is late."],
    "initials": ["J. Smith and R. K. Rao signed.", "Plan B. was dropped.", "So did I.", "Maria too."],
    "decimals and prices": ["Pay is 4.50 an hour, 1,200.00 a month.", "It rose by 3.5 percent."],
    "numbered paragraphs": [
        "14. Plaintiff was hired in 2019.",
        "15. Defendants own the farm.",
        "16. They paid nothing.",
    ],
    "numbers without marks between": ["Claims:", "1. He kept the cards", "2. He paid no one", "3. He lied"],
    "a date is no paragraph": ["14. He came.", "15. He left on May 16.", "He wrote."],
    "clock times are no paragraphs": ["15.40 He was relieved at 16.00, as asked.", "17.30 He left."],
    "questions and answers": ["Q. Who held the key?", "A. The foreman.", "Q. Always?", "A. Always."],
    "enumeration with semicolons": ["Note: (a) papers are copied; (b) pay is monthly; (c) you may leave."],
    "marks together": ["What?!", "He left...", "Then he came back.", "wait... what is this?"],
    "quote after the mark": ['He said "Stop."', "She did.", '"Where?" he asked.'],
    "brackets": ["He left (see p. 4).", "(Nobody saw.)", "It rained."],
    "pictures before capitals": ["Great room 😂", "Call me now! 😊", "Thanks 🙏🙏"],
    "picture inside": ["great 😂 room and ❤ pay"],
    "picture in front": ["★★★★☆ Good hall, cold water.", "Never paid late."],
    "small letters after marks": ["he has my card.", "he wont pay.", "call me?", "pls"],
    "lone mark": ["He left. .", "She stayed."],
    "inline bullets": ["We offer:", "• Room", "• Food", "• Pay"],
    "spanish titles and numbers": ["La Sra. Ruiz y el Lic. Mora vieron la núm. 4.", "Ud. paga.", "Nadie más."],
    "spanish": ["¿Quién paga?", "Nadie.", "¡No firmes!"],
    "other scripts' stops": ["他走了。", "她也走了。"],
}
# The same, joined by a line end.
LINES = {
    "heading": ["NOTICE TO STAFF", "The gate is open until ten."],
    "bullets": [
        "We offer",
        "- room and food",
        "- Pay each week",
        "* a day off",
        "+ tea",
        "✔ Keys",
        "1) card",
        "a) visa",
    ],
    "chat with times": ["[12/03/2024, 10:12] Ana: are you there", "[12/03/2024, 10:13] Ben: yes", "10:14 Ana: come"],
    "chat with names": ["Ana: is it far", "Ben K: two hours", "Ana: ok"],
    "chat with handles": ["dan_7: is that allowed", "bosun_k: no it is not", "dan_7: thanks", "bosun_k: any time"],
    "mail header": ["From: Ana", "To: the office", "Subject: Re: pay", "Dear all,", "Nobody was paid."],
    "line without a mark before a capital": ["They took my card", "Nobody gave it back", "I cannot go"],
    "group name": ["[Group: Hill houses]", "anyone know a cleaner"],
    "abbreviation at the line end": ["Signed by K.", "9 May, Oslo"],
}


@pytest.mark.parametrize("sentences", ONE_LINE.values(), ids=ONE_LINE)
def test_sentences_on_one_line(sentences: list[str]) -> None:
    text = "".join(sentences) if sentences[0].endswith("。") else " ".join(sentences)
    assert split(text) == sentences


@pytest.mark.parametrize("sentences", LINES.values(), ids=LINES)
def test_lines_that_are_sentences(sentences: list[str]) -> None:
    assert split("\n".join(sentences)) == sentences


def test_blank_line_ends_a_sentence() -> None:
    assert split("the end of one\n\nthe start of another") == ["the end of one", "the start of another"]


def test_wrapped_lines_stay_one_sentence() -> None:
    """Scans and mail wrap at a column: the next word, though a name, had no room on the line."""
    first = (
        "The inspector found that nine of the workers at the farm of\n"
        "Mr Hansen slept in the barn and that none of them held a key."
    )
    second = "Their papers were kept at the office of the labour agency in\nWestby until the season was over."
    assert split(f"{first}\n{second}") == [first, second]


def test_line_that_goes_on_in_lower_case_stays_one_sentence() -> None:
    assert split("they keep our papers in\nthe office safe") == ["they keep our papers in\nthe office safe"]


def test_word_parted_at_the_line_end_stays_whole() -> None:
    assert split("the recruit-\nment fee") == ["the recruit-\nment fee"]


@pytest.mark.parametrize("joined", ["wages.He left", "duties (all).The firm", "why?Nobody said"])
def test_missing_blank_after_a_mark_still_ends_a_sentence(joined: str) -> None:
    assert len(split(joined)) == 2


@pytest.mark.parametrize("whole", ["see www.Farm.invalid now", "ana.Lee@farm.invalid", "version 2.0b", "e.g.The"])
def test_dots_inside_names_end_nothing(whole: str) -> None:
    assert split(whole) == [whole]


def test_long_message_without_marks_is_cut_where_a_thought_begins() -> None:
    pieces = split("he has my card and he wont pay me call me plz i am in the barn " * 8)
    assert len(pieces) > 1
    assert all(len(piece) <= 400 for piece in pieces)
    assert all(piece.split()[0] in {"he", "and", "i", "my"} for piece in pieces)


def test_long_message_is_cut_at_a_line_end_first() -> None:
    line = "no day off and no pay since we came here to the farm"
    assert all(piece.startswith("no day") for piece in split("\n".join([line] * 9)))


def test_long_legal_sentence_with_commas_is_not_cut_early() -> None:
    text = "that the worker, who had come in May, was told, when he asked for pay, to wait, " * 6
    assert len(split(text.strip()[:590])) == 1


@pytest.mark.parametrize("unit", ["x", "word, ", "word; ", "word ", "ж", "😂"])
def test_no_sentence_passes_the_limit(unit: str) -> None:
    bounds = sentence_bounds(unit * 5000)
    assert all(end - start <= 600 for start, end in bounds)


@pytest.mark.parametrize("text", ["", " ", "\n\n \n"], ids=["empty", "blank", "lines"])
def test_blank_text_has_no_sentence(text: str) -> None:
    assert sentence_bounds(text) == []


def split(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_bounds(text)]

"""Normalisation: each disguise becomes plain, and what is found in plain text maps back to what was written."""

import pytest

from classifier.alignment import Draft
from classifier.preprocess import Normalised, normalise

WORDS = (
    "a and boat boss boys covid days for free gas have he i in is me money my need no now of pass passport pay please "
    "room sam shift steam team the took we"
)
KNOWN = frozenset(WORDS.split())

# The text submitted, its normalised form, a word to find there, and what the source shows for it.
TABLE = {
    "ligature": ("ofﬁce key", "office key", "office", "ofﬁce"),
    "full width": ("ｐａｙ me", "pay me", "pay", "ｐａｙ"),
    "mathematical bold": ("𝐩𝐚𝐲 me", "pay me", "pay", "𝐩𝐚𝐲"),
    "fraction": ("½ pay", "1/2 pay", "1/2", "½"),
    "ellipsis": ("no… pay", "no... pay", "...", "…"),
    "composition": ("the cafe\u0301 boss", "the café boss", "café", "cafe\u0301"),
    "hangul jamo": ("\u1112\u1161\u11ab boss", "한 boss", "한", "\u1112\u1161\u11ab"),
    "zero width": ("my pass\u200b\u2060port", "my passport", "passport", "pass\u200b\u2060port"),
    "soft hyphen": ("my pass\xadport", "my passport", "passport", "pass\xadport"),
    "bidirectional marks": ("my \u202epassport\u202c now", "my passport now", "passport", "passport"),
    "byte order mark": ("\ufeffmy pay", "my pay", "my", "my"),
    "variation selector": ("boss ❤\ufe0f", "boss ❤", "❤", "❤"),
    "NUL": ("my pass\x00port", "my passport", "passport", "pass\x00port"),
    "control becomes blank": ("pay\x1fme", "pay me", "pay me", "pay\x1fme"),
    "lone surrogate": ("pay \ud800 me", "pay \ufffd me", "\ufffd", "\ud800"),
    "curly quotes": ("“pay” and ‘boss’", "\"pay\" and 'boss'", '"pay"', "“pay”"),
    "dashes": ("pay – no — pay", "pay - no - pay", "- pay", "— pay"),
    "windows quotes": ("don\x92t \x93pay\x94", 'don\'t "pay"', "don't", "don\x92t"),
    "Cyrillic look-alikes": ("my раssроrt", "my passport", "passport", "раssроrt"),
    "Greek look-alikes": ("my pαssροrt", "my passport", "passport", "pαssροrt"),
    "look-alikes alone": ("my рау now", "my pay now", "pay", "рау"),
    "small capitals": ("my ᴘᴀꜱꜱᴘᴏʀᴛ", "my passport", "passport", "ᴘᴀꜱꜱᴘᴏʀᴛ"),
    "piled marks": ("my p\u0315\u0301\u0327a\u0301\u0316\u0324y", "my pay", "pay", None),
    "struck out": ("my p\u0336a\u0336y\u0336", "my pay", "pay", "p\u0336a\u0336y\u0336"),
    "blanks between": ("my p a s s p o r t now", "my passport now", "passport", "p a s s p o r t"),
    "wide blanks between": ("m y  p a s s p o r t", "m y passport", "passport", "p a s s p o r t"),
    "dots between": ("my p.a.s.s.p.o.r.t.", "my passport.", "passport", "p.a.s.s.p.o.r.t"),
    "hyphens between": ("my p-a-s-s-p-o-r-t", "my passport", "passport", "p-a-s-s-p-o-r-t"),
    "underscores between": ("my p_a_s_s_p_o_r_t", "my passport", "passport", "p_a_s_s_p_o_r_t"),
    "article before spaced letters": ("have a p a s s p o r t", "have a passport", "passport", "p a s s p o r t"),
    "spaced words": ("t o o k m y p a s s p o r t", "took my passport", "my passport", "m y p a s s p o r t"),
    "spaced capitals": ("P A S S P O R T", "PASSPORT", "PASSPORT", "P A S S P O R T"),
    "unknown spaced word": ("z l o t y s", "zlotys", "zlotys", "z l o t y s"),
    "figures as letters": ("my p4ssp0rt", "my passport", "passport", "p4ssp0rt"),
    "signs as letters": ("my pa$$port!", "my passport!", "passport", "pa$$port"),
    "capital figures": ("P4SSP0RT now", "PASSPORT now", "PASSPORT", "P4SSP0RT"),
    "figure in front": ("5hift boss", "shift boss", "shift", "5hift"),
    "long row, two letters known": ("my passssport", "my passport", "passport", "passssport"),
    "long row, one letter known": ("pleeease", "please", "please", "pleeease"),
    "long rows, mixed": ("my passsspooort", "my passport", "passport", "passsspooort"),
    "long row at the end": ("pleaseeee pay", "please pay", "please", "pleaseeee"),
    "unknown long row": ("sooooo free", "soo free", "soo", "sooooo"),
    "inline tag": ("my <b>pass</b>port", "my passport", "passport", "pass</b>port"),
    "line break tag": ("pay<br/>boss", "pay\nboss", "boss", "boss"),
    "block tag": ("<p class='x'>pay</p>boss", "\n\npay\n\nboss", "pay", "pay"),
    "list item": ("<li>pay<li>boss", "\n\npay\n\nboss", "boss", "boss"),
    "script": ("pay <script>if (a<b) {}</script>me", "pay me", "me", "me"),
    "comment": ("pay <!-- <b> no -->me", "pay me", "me", "me"),
    "entity": ("pay &amp; boss", "pay & boss", "&", "&amp;"),
    "numeric entity": ("don&#39;t pay", "don't pay", "don't", "don&#39;t"),
    "twice escaped entity": ("pay&amp;nbsp;me", "pay me", "pay me", "pay&amp;nbsp;me"),
    "escaped tag": ("&lt;p&gt;pay", "\n\npay", "pay", "pay"),
    "blanks": ("pay   me \t now", "pay me now", "me now", "me \t now"),
    "carriage returns": ("pay\r\nme\rnow", "pay\nme\nnow", "me\nnow", "me\rnow"),
}

UNTOUCHED = {
    "prose": "He took my passport in May. We have no pay, and 24/7 is the shift!",
    "empty": "",
    "newlines": "\npay\n\nme\n",
    "accents": "El señor pagó 450 € y la niña volvió.",
    "pictures": "free room 😂🔥",
    "genuine Cyrillic": "мой паспорт у начальника",
    "genuine Greek": "το διαβατήριό μου",
    "Cyrillic word of look-alikes among others": "рау паспорт дома",
    "abbreviations": "U.S.A. and U.S.S.R. w.r.t. a.k.a.",
    "initials": "A B C D and J. R. R. T.",
    "list of letters": "a b c d are the options",
    "message short forms": "i m u r a b",
    "dotted address": "see a.b.c.d.example now",
    "numbers and prices": "$5,000 US$500 4.50 1,200.00 24/7 10:30",
    "numbers with letters": "18yo H1B covid19 5am 3rd 10k G4S room5 5team",
    "handles and addresses": "@m0ney #m0ney http://m0ney.invalid/p4ssp0rt www.m0ney.invalid ana@m0ney.invalid",
    "figures that give no known word": "qu33n",
    "numerals": "Article VIII, XIII and XXX",
    "address with long rows": "www.coool.invalid",
    "hearts and arrows": "I <3 you, a < b, c > d, <- look, <i think so>, <me>",
    "stray ampersands": "R&D & Q&A; &bogus; AT&T",
}


@pytest.mark.parametrize(("source", "text", "word", "shown"), TABLE.values(), ids=TABLE)
def test_disguise_becomes_plain_and_maps_back(source: str, text: str, word: str, shown: str | None) -> None:
    normalised = normalise(source, KNOWN)
    assert normalised.text == text
    start = text.index(word)
    found = normalised.to_source(start, start + len(word))
    if shown is None:
        assert source[slice(*found)].startswith("p")
        assert source[slice(*found)][-1] == "y"
    else:
        assert source[slice(*found)] == shown


@pytest.mark.parametrize("text", UNTOUCHED.values(), ids=UNTOUCHED)
def test_plain_text_stays_as_it_is_and_has_no_map(text: str) -> None:
    normalised = normalise(text, KNOWN)
    assert normalised.text == text
    assert normalised.starts is None
    assert normalised.ends is None


def test_figures_stay_without_known_words() -> None:
    assert normalise("my p4ssp0rt").text == "my p4ssp0rt"


def test_case_is_kept() -> None:
    assert normalise("My PassPort  Is Gone", KNOWN).text == "My PassPort Is Gone"


def test_single_marks_of_other_scripts_are_kept() -> None:
    """Devanagari vowel signs and Hebrew points carry the word; only generic marks pile up."""
    text = "नमस्ते שָׁלוֹם"
    assert normalise(text).text == text


def test_unclosed_comments_and_scripts_hide_nothing() -> None:
    assert normalise("<!-- <script> pay me").text.strip() == "pay me"


def test_one_code_point_cannot_blow_a_text_up() -> None:
    """U+FDFA stands for eighteen letters; it is left as it is."""
    assert normalise("\ufdfa" * 10).text == "\ufdfa" * 10


def test_recoding_one_for_one_needs_no_map() -> None:
    normalised = normalise("‘pay’")
    assert (normalised.text, normalised.starts) == ("'pay'", None)
    assert normalised.to_source(1, 4) == (1, 4)


def test_map_has_one_pair_of_offsets_for_each_code_point() -> None:
    normalised = normalise("ﬁ  &amp;")
    assert normalised.starts is not None
    assert normalised.ends is not None
    assert (normalised.text, normalised.starts.tolist()) == ("fi &", [0, 0, 1, 3])
    assert normalised.ends.tolist() == [1, 1, 3, 8]


def test_empty_span_maps_to_an_empty_span() -> None:
    normalised = normalise("a &amp; b")
    assert normalised.to_source(2, 2) == (2, 2)
    assert normalised.to_source(5, 5) == (9, 9)


@pytest.mark.parametrize("span", [(-1, 2), (2, 1), (0, 6)], ids=["before", "backwards", "beyond"])
def test_span_outside_the_text_is_refused(span: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=r"must satisfy 0 <= start <= end <= 5"):
        normalise("a &amp; b").to_source(*span)


def test_normalised_texts_compare_by_text() -> None:
    assert normalise("a &amp; b") == normalise("a &amp; b")
    assert normalise("a") == Normalised("a", "a")


def test_draft_refuses_a_recoding_of_another_length() -> None:
    with pytest.raises(ValueError, match="has 2 code points, must have 3"):
        Draft("abc").recode("ab")

"""The referral file is complete, dated and careful, and a broken one is refused by place."""

import re
from pathlib import Path

import pytest

from service.review.referrals import INTERNATIONAL, ReferralError, load_referrals, load_referrals_file, read_referrals

HEAD = 'compiled = 2030-01-07\nnotice = "Check before use."\n'
WORLD = '[country.international]\ntitle = "International"\n[[country.international.referral]]\n'
ENTRY = 'name = "A body"\nkind = "support"\nsite = "https://example.org"\n'


def test_file_covers_many_countries_and_the_rest_of_the_world() -> None:
    referrals = load_referrals()
    assert len(referrals.panels) >= 21
    assert INTERNATIONAL in referrals.panels
    assert "Check before use" in referrals.notice


def test_every_country_has_an_emergency_number_and_a_body() -> None:
    for code, panel in load_referrals().panels.items():
        assert panel.referrals, code
        assert (panel.emergency is None) == (code == INTERNATIONAL), code
        assert panel.emergency is None or re.fullmatch(r"\d{2,5}", panel.emergency), code


def test_panel_is_found_in_small_letters_and_an_unknown_one_is_refused() -> None:
    referrals = load_referrals()
    assert referrals.panel("gb") is referrals.panel("GB")
    assert referrals.panel(INTERNATIONAL).title == "International"
    with pytest.raises(ReferralError, match="no referrals for 'QQ'; allowed: international, AR"):
        referrals.panel("QQ")


def test_file_of_ones_own_takes_its_place(tmp_path: Path) -> None:
    path = tmp_path / "ours.toml"
    path.write_text(HEAD + WORLD + ENTRY + 'phone = "+44 7700 900123"\n', encoding="utf-8")
    assert load_referrals_file(path).panel(INTERNATIONAL).referrals[0].phone == "+44 7700 900123"
    with pytest.raises(ReferralError, match=r"none\.toml: cannot be read"):
        load_referrals_file(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("=", "not TOML"),
        (WORLD + ENTRY, "field 'compiled' is missing"),
        ('compiled = "today"\nnotice = "Check before use."\n' + WORLD + ENTRY, "must be a date"),
        ('compiled = 2030-01-07\nnotice = "Hello."\n' + WORLD + ENTRY, "check before use"),
        (HEAD + '[country.GB]\ntitle = "x"\n[[country.GB.referral]]\n' + ENTRY, "country.international is missing"),
        (HEAD + WORLD + ENTRY + '[country.Gb]\ntitle = "x"\nreferral = []\n', "two capitals"),
        (HEAD + WORLD + ENTRY + "[country.GB]\nreferral = []\n", "country.GB: field 'title' is missing"),
        (HEAD + WORLD + 'name = "A body"\n', "international.0: field 'kind' is missing"),
        (HEAD + WORLD + ENTRY.replace("support", "friend"), "kind 'friend'; allowed: hotline"),
        (HEAD + WORLD + ENTRY.replace("https", "http"), "allowed: an address that begins with https://"),
        (HEAD + WORLD + ENTRY + 'phone = "call us"\n', "phone 'call us'; allowed: digits"),
        (HEAD + WORLD + ENTRY + 'fax = "1"\n', "field 'fax' is unknown"),
    ],
)
def test_broken_file_is_refused_by_place(text: str, said: str) -> None:
    with pytest.raises(ReferralError) as refusal:
        read_referrals(text.encode(), "ours.toml")
    assert str(refusal.value).startswith("ours.toml: ")
    assert said in str(refusal.value)

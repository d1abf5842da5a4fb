"""Whom a person in need can be told of: public bodies and national lines by country, from `referrals.toml`.

The file is a starting point for people, not advice: every panel carries its date and "check before use".
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from classifier.errors import TellsignError

INTERNATIONAL = "international"
_COUNTRY = re.compile(r"[A-Z]{2}|international")
_PHONE = re.compile(r"\+?[0-9][0-9 -]{1,18}[0-9]")
_KINDS = ("hotline", "authority", "labour", "police", "children", "support")
_FIELDS = {"name", "kind", "site", "phone", "note"}


class ReferralError(TellsignError):
    """The referral file breaks its schema, or has no such country; the message says where and what is allowed."""


@dataclass(frozen=True, slots=True)
class Referral:
    """A body that helps or takes reports.

    Attributes:
        name: As it calls itself, in a language readers know.
        kind: hotline, authority, labour, police, children or support.
        site: Its own public address on the web; the source of the entry.
        phone: As dialled in the country; None where it was not certain when the file was written.
        note: What to know before calling, or None.
    """

    name: str
    kind: str
    site: str
    phone: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Panel:
    """The referrals of a country.

    Attributes:
        country: ISO 3166-1 alpha-2, or `international`.
        title: Its name in English.
        emergency: The emergency number; None for `international`.
        referrals: In the order of the file.
    """

    country: str
    title: str
    emergency: str | None
    referrals: tuple[Referral, ...]


@dataclass(frozen=True, slots=True)
class Referrals:
    """The whole file: when it was written, what must be said beside it, and the panels by country."""

    compiled: date
    notice: str
    panels: Mapping[str, Panel]

    def panel(self, country: str) -> Panel:
        """The panel of a country, in capitals or not.

        Raises:
            ReferralError: There is none; the international one always is.
        """
        name = country if country == INTERNATIONAL else country.upper()
        if name not in self.panels:
            raise ReferralError(f"no referrals for {country[:20]!r}; allowed: {', '.join(self.panels)}")
        return self.panels[name]


@cache
def load_referrals() -> Referrals:
    """The referrals that ship with Tellsign.

    Raises:
        ReferralError: The file breaks its schema.
    """
    return read_referrals(resources.files("service.review").joinpath("referrals.toml").read_bytes(), "referrals.toml")


def load_referrals_file(path: Path) -> Referrals:
    """Referrals from a file of one's own, in the same form.

    Raises:
        ReferralError: The file cannot be read or breaks the schema.
    """
    try:
        return read_referrals(path.read_bytes(), path.name)
    except OSError as error:
        raise ReferralError(f"{path.name}: cannot be read: {error.strerror}") from None


def read_referrals(data: bytes, name: str) -> Referrals:
    """Parse and check a referral file.

    Args:
        data: TOML.
        name: Of the file, for messages.

    Raises:
        ReferralError: Names the table and the field.
    """
    try:
        tables = tomllib.loads(data.decode("utf-8"))
        compiled, notice, countries = tables["compiled"], tables["notice"], tables["country"]
    except KeyError as error:
        raise ReferralError(f"{name}: field {error} is missing") from None
    except ValueError as error:
        raise ReferralError(f"{name}: not TOML: {error}") from None
    if type(compiled) is not date or not isinstance(notice, str) or "check before use" not in notice.lower():
        raise ReferralError(f"{name}: `compiled` must be a date, and `notice` must say 'check before use'")
    panels = {code: _read_panel(code, table, f"{name}: country.{code}") for code, table in countries.items()}
    if INTERNATIONAL not in panels:
        raise ReferralError(f"{name}: country.{INTERNATIONAL} is missing; it stands for every other country")
    return Referrals(compiled, notice, panels)


def _read_panel(code: str, table: Mapping[str, Any], place: str) -> Panel:
    if not _COUNTRY.fullmatch(code):
        raise ReferralError(f"{place}: allowed: two capitals of ISO 3166-1, or {INTERNATIONAL}")
    try:
        title, emergency, rows = table["title"], table.get("emergency"), table["referral"]
    except KeyError as error:
        raise ReferralError(f"{place}: field {error} is missing") from None
    return Panel(code, title, emergency, tuple(_read_referral(row, f"{place}.{at}") for at, row in enumerate(rows)))


def _read_referral(row: Mapping[str, Any], place: str) -> Referral:
    if unknown := set(row) - _FIELDS:
        raise ReferralError(f"{place}: field {min(unknown)!r} is unknown; allowed: {', '.join(sorted(_FIELDS))}")
    if missing := {"name", "kind", "site"} - set(row):
        raise ReferralError(f"{place}: field {min(missing)!r} is missing")
    if row["kind"] not in _KINDS:
        raise ReferralError(f"{place}: kind {row['kind']!r}; allowed: {', '.join(_KINDS)}")
    if not row["site"].startswith("https://"):
        raise ReferralError(f"{place}: site {row['site']!r}; allowed: an address that begins with https://")
    if not _PHONE.fullmatch(row.get("phone", "000")):
        raise ReferralError(f"{place}: phone {row['phone']!r}; allowed: digits, blanks, dashes, a plus in front")
    return Referral(**row)

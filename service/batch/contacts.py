"""Finds contact points by rules, and keeps of them only keyed hashes: enough to see that two texts share one.

Phone numbers (also with digits as words, or parted by marks), e-mail addresses (also with `at` and `dot` as words),
handles, addresses of pages, and wallets of crypto currencies.
"""

import hmac
import os
import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Literal

from classifier.errors import TellsignError

Kind = Literal["email", "url", "wallet", "handle", "phone"]

KEY_VARIABLE = "TELLSIGN_CONTACT_KEY"
MIN_KEY_CHARACTERS = 16
MASK = "•"
# Bytes of a hash: two different contact points of ten million share one with a probability below one in a thousand.
_HASH_BYTES = 7
_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_DIGITS = {name: str(digit) for digit, name in enumerate(_WORDS)} | {"oh": "0", "o": "0"}
_UNIT = rf"(?:\d|{'|'.join(_WORDS)}|oh|o)"
# Without any of these there is no contact point: most stretches of a text are done with after one look.
_HINT = re.compile(rf"[\d@:=]|[.\]]\w|\bdot\b|[aA][tT]\s?[)\]}}]|{'|'.join(_WORDS)}|bc1", re.IGNORECASE)
_BETWEEN = r"(?:,\s|[\s()\[\].\-–—*_/|~·•]{0,3})"
# Two patterns: one that begins with a digit is searched for many times faster than one that begins with a choice.
_PHONE = re.compile(rf"\d(?:{_BETWEEN}[\doO]){{6,14}}(?!\w)")
_SPELLED_PHONE = re.compile(rf"(?<![\w.,]){_UNIT}(?:{_BETWEEN}{_UNIT}){{6,14}}(?!\w)", re.IGNORECASE)
_DIAL_PREFIX = re.compile(r"(?:\+\s?)?\(?$")
_PHONE_UNIT = re.compile(_UNIT, re.IGNORECASE)
_DATE = re.compile(r"(?:\d{4}([-./])\d{1,2}\1\d{1,2}|\d{1,2}([-./])\d{1,2}\2\d{4})")
_AT = r"(?:\s{0,2}(?:@|[(\[{]\s?at\s?[)\]}])\s{0,2}|\s{1,2}at\s{1,2}(?=[\w-]{1,63}\s{1,2}dot\s))"
_DOT = r"(?:\.|\s{0,2}[(\[{]\s?dot\s?[)\]}]\s{0,2}|\s{1,2}dot\s{1,2})"
_SPOKEN_AT = re.compile(r"[aA][tT]\s?[)\]}]|[dD][oO][tT]")
_EMAIL = re.compile(rf"(?<![\w.+-])[\w.+-]{{1,64}}{_AT}[\w-]{{1,63}}(?:{_DOT}[\w-]{{2,63}}){{1,4}}", re.IGNORECASE)
_INNER_DOT = re.compile(r"[.\]:][\w\]/]")
_TOP = "app|biz|co|com|edu|example|gov|info|io|link|ly|me|mil|net|online|org|ru|shop|site|test|uk|us|xyz"
_URL = re.compile(
    r"(?<![\w@])(?:h(?:tt|xx)ps?://[^\s<>\"']{1,400}|www\.[^\s<>\"']{1,400}"
    rf"|[a-z0-9-]{{1,63}}(?:(?:\.|\[\.\])[a-z0-9-]{{1,63}}){{0,3}}(?:\.|\[\.\])(?:{_TOP})\b(?!@)(?:/[^\s<>\"']{{0,400}})?)",
    re.IGNORECASE,
)
_APPS = "telegram|tg|instagram|insta|ig|snapchat|snap|kik|wechat|line|signal|whatsapp|skype|discord|threema|viber"
_HANDLE = re.compile(
    rf"(?<![\w@.])@(\w[\w.]{{2,31}})|\b(?:{_APPS})\s?(?:id|user(?:name)?|name)?\s?[:=]\s?@?(\w[\w.]{{2,31}})",
    re.IGNORECASE,
)
_WALLET = re.compile(r"\b(?:bc1[02-9ac-hj-np-z]{11,71}|0x[0-9a-fA-F]{40}|[13T][1-9A-HJ-NP-Za-km-z]{25,34})\b")
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


class ContactKeyError(TellsignError):
    """The key of the environment is not usable."""


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact point in a text.

    Attributes:
        kind: What it is.
        start: First code point.
        end: One past the last code point.
        value: In its normal form: never written anywhere.
    """

    kind: Kind
    start: int
    end: int
    value: str = field(repr=False)


def find_contacts(text: str) -> list[Contact]:
    """Return the contact points of a text in reading order; none overlaps another one."""
    if not _HINT.search(text):
        return []
    found: list[Contact] = []
    taken = bytearray(len(text))
    for kind, find in _RULES.items():
        for start, end, value in find(text):
            if not any(taken[start:end]):
                taken[start:end] = b"\1" * (end - start)
                found.append(Contact(kind, start, end, value))
    return sorted(found, key=lambda contact: contact.start)


def mask_contacts(text: str) -> str:
    """Return the text with every letter and digit of its contact points replaced, one for one."""
    pieces, end = [], 0
    for contact in find_contacts(text):
        hidden = re.sub(r"\w", MASK, text[contact.start : contact.end])
        pieces += [text[end : contact.start], hidden]
        end = contact.end
    return "".join([*pieces, text[end:]])


@dataclass(frozen=True, slots=True)
class ContactHasher:
    """Turns contact points into keyed hashes (HMAC-SHA256, cut to seven bytes).

    Attributes:
        key: The secret; without it nobody can try out all phone numbers.
        origin: Where the key is from: `environment`, or `random` for one that is forgotten with the run.
    """

    key: bytes = field(repr=False)
    origin: Literal["environment", "random"]

    def hashes(self, text: str) -> frozenset[int]:
        """Return a hash of each contact point of a text; the first byte of eight says the kind."""
        return frozenset(self._hash(contact) for contact in find_contacts(text))

    def _hash(self, contact: Contact) -> int:
        digest = hmac.digest(self.key, f"{contact.kind}:{contact.value}".encode(), sha256)[:_HASH_BYTES]
        return int.from_bytes(bytes([_KINDS.index(contact.kind)]) + digest, "big")


@lru_cache(maxsize=4096)
def show_hash(value: int) -> str:
    """Return a hash as `phone:00112233445566`."""
    content = value.to_bytes(1 + _HASH_BYTES, "big")
    return f"{_KINDS[content[0]]}:{content[1:].hex()}"


def load_hasher() -> ContactHasher:
    """Return a hasher with the key of `TELLSIGN_CONTACT_KEY`, or with a random one where that is not set.

    Raises:
        ContactKeyError: The key is too short to be a secret.
    """
    key = os.environ.get(KEY_VARIABLE, "")
    if not key:
        return ContactHasher(secrets.token_bytes(32), "random")
    if len(key) < MIN_KEY_CHARACTERS:
        detail = f"{KEY_VARIABLE} has {len(key)} characters; allowed: {MIN_KEY_CHARACTERS} or more, or none at all"
        raise ContactKeyError(detail)
    return ContactHasher(key.encode(), "environment")


Found = Iterator[tuple[int, int, str]]


def _find_emails(text: str) -> Found:
    if "@" not in text and not _SPOKEN_AT.search(text):
        return
    for match in _EMAIL.finditer(text):
        value = re.sub(r"[(\[{]\s?at\s?[)\]}]|\s+at\s+", "@", match.group(), flags=re.IGNORECASE)
        value = re.sub(r"[(\[{]\s?dot\s?[)\]}]|\s+dot\s+", ".", value, flags=re.IGNORECASE)
        yield match.start(), match.end(), re.sub(r"\s", "", value).casefold()


def _find_urls(text: str) -> Found:
    if not _INNER_DOT.search(text):
        return
    for match in _URL.finditer(text):
        shown = match.group().rstrip(".,;:!?)]}'\"")
        value = re.sub(r"^h(?:tt|xx)ps?://", "", shown.replace("[.]", "."), flags=re.IGNORECASE)
        # What comes after `?` or `#` mostly says where a reader came from, not where the page is.
        value = re.split(r"[?#]", value.casefold().removeprefix("www."), maxsplit=1)[0].rstrip("/")
        yield match.start(), match.start() + len(shown), value


def _find_wallets(text: str) -> Found:
    for match in _WALLET.finditer(text):
        value = match.group()
        if value.startswith(("bc1", "0x")) or _checksum_fits(value):
            yield match.start(), match.end(), value.casefold() if value.startswith("0x") else value


def _find_handles(text: str) -> Found:
    if not any(mark in text for mark in "@:="):
        return
    for match in _HANDLE.finditer(text):
        group = 1 if match.group(1) else 2
        value = match.group(group).rstrip("._")
        if not value.isdecimal():
            yield match.start(group), match.start(group) + len(value), value.casefold()


def _find_phones(text: str) -> Found:
    folded = text.casefold()
    spelled = sum(map(folded.count, _WORDS)) >= 2
    for match in (_SPELLED_PHONE if spelled else _PHONE).finditer(text):
        start = match.start()
        if prefix := _DIAL_PREFIX.search(text, max(0, start - 3), start):
            start = prefix.start()
        shown = text[start : match.end()]
        glued = start > 0 and (text[start - 1].isalnum() or text[start - 1] in ".,_")
        if not glued and not _DATE.fullmatch(shown) and _is_phone(shown):
            yield start, match.end(), _dialled(shown)


def _dialled(shown: str) -> str:
    """Return the digits as one dials them from abroad where the text says so, and without the 1 of North America."""
    digits = "".join(_DIGITS.get(unit.casefold(), unit) for unit in _PHONE_UNIT.findall(shown))
    if shown.startswith("+") and "(0)" in shown:
        # This zero is dialled at home only.
        digits = re.sub(r"^(\d{1,3})0", r"\1", digits)
    digits = digits.removeprefix("00")
    return digits.removeprefix("1") if len(digits) == 11 else digits


def _is_phone(shown: str) -> bool:
    """Whether a row of digits can be dialled; prices and years in a row are no number."""
    groups = re.findall(r"\w+", shown)
    prices = len(groups) >= 3 and all(group.endswith(("0", "5")) and len(group) == 3 for group in groups)
    years = all(re.fullmatch(r"(?:19|20)\d\d", group) for group in groups)
    words = len(re.findall(r"[a-z]{3,}", shown, flags=re.IGNORECASE))
    listed = "," in shown and words < 3
    # `o` counts as a digit only beside digits, or words would be numbers.
    return not prices and not years and not listed and words + len(re.findall(r"\d", shown)) >= 4


def _checksum_fits(value: str) -> bool:
    """Whether a Base58Check address is whole: its last four bytes are of the double SHA-256 of the others."""
    number = 0
    for letter in value:
        number = number * 58 + _BASE58.index(letter)
    content = number.to_bytes(25, "big") if number < 2**200 else b""
    return bool(content) and sha256(sha256(content[:-4]).digest()).digest()[:4] == content[-4:]


# The order decides where rules overlap: an address holds dots and digits of its own.
_RULES: dict[Kind, Callable[[str], Found]] = {
    "email": _find_emails,
    "url": _find_urls,
    "wallet": _find_wallets,
    "handle": _find_handles,
    "phone": _find_phones,
}
_KINDS: tuple[Kind, ...] = tuple(_RULES)

"""Seals what may hold words of a document: AES-256-GCM, the id of the key beside it, so that keys can be changed."""

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from service.store.errors import StoreError

_NONCE = 12


@dataclass(frozen=True, slots=True)
class Sealed:
    """Bytes as they are kept; `key_id` None says that they are plain."""

    data: bytes
    key_id: str | None


class Cipher:
    """Seals with the first key and opens with any; without keys it keeps bytes plain.

    Args:
        keys: Key id to 32 bytes; the first one seals.
    """

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._keys = {name: AESGCM(key) for name, key in keys.items()}
        self.key_id = next(iter(keys), None)

    def seal(self, data: bytes, place: str) -> Sealed:
        """Seal bytes for one place, such as `doc-7:text`: moved to another place they no longer open."""
        if self.key_id is None:
            return Sealed(data, None)
        # 96 random bits a message: with one key good for 2**32 messages (NIST SP 800-38D).
        nonce = os.urandom(_NONCE)
        return Sealed(nonce + self._keys[self.key_id].encrypt(nonce, data, place.encode()), self.key_id)

    def open(self, sealed: Sealed, place: str) -> bytes:
        """Open bytes that were sealed for this place.

        Raises:
            StoreError: The key is not among the settings, or the bytes were changed or moved.
        """
        if sealed.key_id is None:
            return sealed.data
        key = self._keys.get(sealed.key_id)
        if key is None:
            known = ", ".join(self._keys) or "(none)"
            raise StoreError(
                f"The key {sealed.key_id!r} that sealed {place} is not in TELLSIGN_TEXT_KEYS; there: {known}"
            )
        try:
            return key.decrypt(sealed.data[:_NONCE], sealed.data[_NONCE:], place.encode())
        except InvalidTag:
            raise StoreError(
                f"{place} does not open with key {sealed.key_id!r}: another key or changed bytes"
            ) from None


def read_keys(value: str) -> dict[str, bytes]:
    """Read `id:base64` entries with commas between them, in order.

    Raises:
        ValueError: Says what is wrong, never a key.
    """
    keys: dict[str, bytes] = {}
    for number, entry in enumerate((part.strip() for part in value.split(",") if part.strip()), start=1):
        name, colon, encoded = entry.partition(":")
        if not colon or not name or len(name) > 40:
            raise ValueError(
                f"entry {number} has no key id; allowed: an id of 1 to 40 characters, ':', base64 of 32 bytes"
            )
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            key = b""
        if len(key) != 32:
            raise ValueError(
                f"entry {number} ({name}) is not base64 of 32 bytes; make one with: openssl rand -base64 32"
            )
        if name in keys:
            raise ValueError(f"key id {name} is there twice")
        keys[name] = key
    return keys

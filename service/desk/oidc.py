"""Signing in through an OpenID Connect provider: authorization code with PKCE, state and nonce.

What has to be remembered until the person comes back is in a sealed cookie: it binds the answer to the browser that
asked, and needs no memory that several processes would have to share.
"""

import base64
import binascii
import hmac
import os
import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from urllib.parse import urlencode

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from service.desk.provider import Exchange, Provider
from service.desk.settings import DeskSettings
from service.problems import ProblemError

COOKIE = "tellsign_elsewhere"
PATH = "/sign-in/oidc"
RETURN_PATH = f"{PATH}/return"
LIFETIME_SECONDS = 600
_NONCE = 12


@dataclass(frozen=True, slots=True)
class Pending:
    """A sign-in that has begun.

    Attributes:
        state: Comes back in the address.
        nonce: Comes back in the token.
        verifier: The PKCE secret.
        next: Where the person wanted to go.
        until: When it is too late, seconds since 1970.
    """

    state: str
    nonce: str
    verifier: str
    next: str
    until: float


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a provider says it is: `ISSUER|SUBJECT`, a name to sign in with, a name to show."""

    subject: str
    name: str
    display_name: str


class Oidc:
    """Begins and finishes sign-ins at one provider.

    Args:
        settings: With an issuer.
        provider: The provider; None for the one of the settings, over the network.
        clock: Seconds since 1970.
    """

    def __init__(
        self,
        settings: DeskSettings,
        *,
        provider: Provider | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._provider = provider or Provider(settings)
        self._clock = clock
        secret = settings.oidc_client_secret.get_secret_value().encode()
        # All processes of a deployment know the client's secret, so a sign-in may begin at one and end at another.
        key = HKDF(hashes.SHA256(), 32, salt=None, info=b"tellsign oidc cookie").derive(secret)
        self._cipher = AESGCM(key)

    async def begin(self, onward: str) -> tuple[str, str]:
        """Begin a sign-in.

        Args:
            onward: Where the person wants to go, an address of ours.

        Returns:
            The provider's address to send the person to, and the value of the cookie `COOKIE`.

        Raises:
            ProblemError: `provider_failed`.
        """
        from authlib.oauth2.rfc7636 import create_s256_code_challenge  # noqa: PLC0415

        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        pending = Pending(state, nonce, verifier, onward, self._clock() + LIFETIME_SECONDS)
        query = {
            "response_type": "code",
            "client_id": self._settings.oidc_client_id,
            "redirect_uri": self._redirect,
            "scope": "openid profile email",
            "state": pending.state,
            "nonce": pending.nonce,
            "code_challenge": create_s256_code_challenge(pending.verifier),
            "code_challenge_method": "S256",
        }
        endpoint = await self._provider.endpoint("authorization_endpoint")
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}", self._seal(pending)

    async def finish(self, *, cookie: str, state: str, code: str) -> tuple[Identity, str]:
        """Finish a sign-in.

        Args:
            cookie: The cookie as it came back.
            state: From the address.
            code: From the address.

        Returns:
            Who it is, and where they wanted to go.

        Raises:
            ProblemError: `not_admitted`: this browser did not begin it, it took too long, or the token does not hold;
                `provider_failed`.
        """
        pending = self._open(cookie)
        if pending is None or not hmac.compare_digest(state.encode(), pending.state.encode()):
            raise ProblemError("not_admitted", "This sign-in did not begin in this browser; begin again")
        if pending.until <= self._clock():
            raise ProblemError("not_admitted", "This sign-in took too long; begin again")
        claims = await self._provider.claims(Exchange(code, pending.verifier, pending.nonce, self._redirect))
        # A string, and never blank: the library has checked that it is there, and nothing more.
        subject = claims["sub"]
        if not isinstance(subject, str) or not subject.strip():
            raise ProblemError("not_admitted", "The identity provider does not say who it is")
        names = (claims.get(name) for name in ("preferred_username", "email", "sub"))
        name = next(name for name in names if isinstance(name, str) and name.strip())
        shown = claims.get("name")
        display_name = shown if isinstance(shown, str) and shown.strip() else name
        return Identity(f"{self._settings.oidc_issuer}|{subject}", name, display_name), pending.next

    @property
    def _redirect(self) -> str:
        return f"{self._settings.public_url}{RETURN_PATH}"

    def _seal(self, pending: Pending) -> str:
        nonce = os.urandom(_NONCE)
        sealed = nonce + self._cipher.encrypt(nonce, orjson.dumps(asdict(pending)), COOKIE.encode())
        return base64.urlsafe_b64encode(sealed).decode()

    def _open(self, cookie: str) -> Pending | None:
        try:
            sealed = base64.urlsafe_b64decode(cookie.encode())
            opened = self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], COOKIE.encode())
        except (InvalidTag, binascii.Error, ValueError):
            return None
        return Pending(**orjson.loads(opened))

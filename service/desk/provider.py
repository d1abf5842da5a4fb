"""An OpenID Connect provider over HTTP: its addresses, its keys, and the exchange of a code for claims.

Follows OpenID Connect Core 1.0 and Discovery 1.0. The library that checks tokens is in the extra `oidc`.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

import httpx
import orjson

from service.desk.settings import DeskSettings, is_safe_url
from service.problems import ProblemError
from service.settings import SettingsError

# Signatures with the provider's own key; shared secrets and unsigned tokens are never believed.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
_LARGEST = 1024 * 1024
_KEPT_SECONDS = 3_600.0
# A token that names an unknown key makes us look again, but not for every forged one.
_AGAIN_SECONDS = 60.0
_LEEWAY = 60


@dataclass(frozen=True, slots=True)
class Exchange:
    """What is needed to turn a code into claims.

    Attributes:
        code: As the provider sent it.
        verifier: The PKCE secret whose hash went with the first request.
        nonce: Which the token must carry.
        redirect: The address to which the provider sent the person back.
    """

    code: str
    verifier: str
    nonce: str
    redirect: str


class Provider:
    """One provider; what it publishes is kept for an hour.

    Args:
        settings: Issuer, our name and secret there.
        transport: What carries HTTP; None for the network.
        clock: Seconds that only go forward.

    Raises:
        SettingsError: The extra `oidc` is not installed.
    """

    def __init__(
        self,
        settings: DeskSettings,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._transport = transport
        self._clock = clock
        self._kept: dict[str, tuple[float, dict[str, Any]]] = {}
        _import_library()

    async def endpoint(self, name: str) -> str:
        """An address that the provider publishes.

        Raises:
            ProblemError: `provider_failed`.
        """
        return _safe((await self._metadata()).get(name), name)

    async def claims(self, exchange: Exchange) -> dict[str, Any]:
        """The claims of the ID token for a code, checked: signature, issuer, audience, times and nonce.

        Raises:
            ProblemError: `provider_failed`, or `not_admitted` for a code or token that does not hold.
        """
        token = await self._redeem(exchange)
        for fresh in (False, True):
            keys = await self._keys(fresh=fresh)
            try:
                return _check_token(token, keys, self._settings, exchange.nonce)
            except _UnknownKeyError:
                continue
        raise ProblemError("not_admitted", "The provider signed with a key that it does not publish")

    async def _redeem(self, exchange: Exchange) -> str:
        settings, metadata = self._settings, await self._metadata()
        secret = settings.oidc_client_secret.get_secret_value()
        form = {
            "grant_type": "authorization_code",
            "code": exchange.code,
            "redirect_uri": exchange.redirect,
            "code_verifier": exchange.verifier,
        }
        basic = "client_secret_basic" in metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if not basic:
            form |= {"client_id": settings.oidc_client_id, "client_secret": secret}
        answer = await self._ask(
            "POST",
            _safe(metadata.get("token_endpoint"), "token_endpoint"),
            data=form,
            auth=_basic(settings.oidc_client_id, secret) if basic else None,
        )
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise _failed("sent no id_token")
        return token

    async def _metadata(self) -> dict[str, Any]:
        issuer = self._settings.oidc_issuer
        found = await self._published(f"{issuer}/.well-known/openid-configuration", keep=_KEPT_SECONDS)
        # Another issuer would let one provider speak for another (Discovery, 4.3).
        if str(found.get("issuer", "")).rstrip("/") != issuer:
            raise _failed("names another issuer than TELLSIGN_OIDC_ISSUER")
        return found

    async def _keys(self, *, fresh: bool) -> dict[str, Any]:
        url = _safe((await self._metadata()).get("jwks_uri"), "jwks_uri")
        return await self._published(url, keep=_AGAIN_SECONDS if fresh else _KEPT_SECONDS)

    async def _published(self, url: str, *, keep: float) -> dict[str, Any]:
        then, found = self._kept.get(url, (float("-inf"), {}))
        if then + keep <= self._clock():
            found = await self._ask("GET", url)
            self._kept[url] = (self._clock(), found)
        return found

    async def _ask(self, method: str, url: str, **options: Any) -> dict[str, Any]:
        try:
            async with httpx.AsyncClient(transport=self._transport, timeout=10, follow_redirects=False) as client:
                request = client.build_request(
                    method, url, data=options.get("data"), headers={"Accept": "application/json"}
                )
                answer = await client.send(request, auth=options.get("auth"), stream=True)
                body = b""
                async for piece in answer.aiter_bytes():
                    body += piece
                    if len(body) > _LARGEST:
                        raise _failed("sent more than a mebibyte")
        except httpx.HTTPError as error:
            raise _failed(f"could not be asked ({type(error).__name__})") from None
        if answer.status_code != 200:
            # A code that was used or has expired is answered so (RFC 6749, 5.2).
            code = "not_admitted" if method == "POST" and answer.status_code in {400, 401} else "provider_failed"
            raise ProblemError(code, f"The identity provider answered with status {answer.status_code}")
        try:
            value = orjson.loads(body)
        except orjson.JSONDecodeError:
            value = None
        if not isinstance(value, dict):
            raise _failed("sent no JSON object")
        return value


class _UnknownKeyError(Exception):
    """No published key fits the token."""


def _check_token(token: str, keys: Mapping[str, Any], settings: DeskSettings, nonce: str) -> dict[str, Any]:
    from authlib.oidc.core import CodeIDToken  # noqa: PLC0415
    from joserfc import jwt  # noqa: PLC0415
    from joserfc.errors import BadSignatureError, InvalidKeyIdError, JoseError  # noqa: PLC0415
    from joserfc.jwk import KeySet  # noqa: PLC0415

    try:
        read = jwt.decode(token, KeySet.import_key_set(dict(keys)), algorithms=list(ALGORITHMS))  # type: ignore[arg-type]  # checked by it
        claims = CodeIDToken(
            read.claims,
            read.header,
            {
                "iss": {"essential": True, "values": [settings.oidc_issuer, f"{settings.oidc_issuer}/"]},
                "aud": {"essential": True, "value": settings.oidc_client_id},
            },
            {"nonce": nonce, "client_id": settings.oidc_client_id},
        )
        claims.validate(leeway=_LEEWAY)
    except (InvalidKeyIdError, BadSignatureError):
        raise _UnknownKeyError from None
    except (JoseError, ValueError, TypeError, KeyError) as error:
        # What the library raises for tokens and keys that are not what they should be; it may quote them.
        raise ProblemError(
            "not_admitted", f"The token of the identity provider does not hold ({type(error).__name__})"
        ) from None
    return dict(claims)


def _import_library() -> None:
    try:
        import authlib.oidc.core  # noqa: F401, PLC0415
        import joserfc.jwt  # noqa: F401, PLC0415
    except ImportError:
        raise SettingsError(
            "TELLSIGN_OIDC_ISSUER needs authlib; install it with: pip install 'tellsign[oidc]'"
        ) from None


def _basic(client: str, secret: str) -> httpx.BasicAuth:
    """Both are form-encoded first (RFC 6749, 2.3.1)."""
    return httpx.BasicAuth(quote_plus(client), quote_plus(secret))


def _safe(url: object, name: str) -> str:
    if not isinstance(url, str) or not is_safe_url(url):
        raise _failed(f"publishes no {name} that is https")
    return url


def _failed(what: str) -> ProblemError:
    return ProblemError("provider_failed", f"The identity provider {what}")

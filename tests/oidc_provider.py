"""An identity provider for tests: a small ASGI application that signs real tokens and checks what it is sent."""

import base64
import hashlib
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

ISSUER = "https://id.example.org"
CLIENT, SECRET = "tellsign", "a secret of the client: 100%"


class FakeProvider:
    """Signs in whoever `claims` says; a test changes its fields to make it lie.

    Attributes:
        claims: What the next token says beside what every token says.
        key: What it signs with.
        published: The keys that it publishes.
        metadata: What it publishes about itself beyond the usual.
        asked: Paths that were asked for, in order.
        status: With which it describes itself.
        unsigned: Whether its tokens say that they need no signature.
    """

    def __init__(self, key: RSAKey) -> None:
        self.key = key
        self.published = [key]
        self.claims: dict[str, Any] = {"sub": "7", "preferred_username": "Ana", "name": "Ana Example"}
        self.metadata: dict[str, Any] = {}
        self.asked: list[str] = []
        self.status = 200
        self.unsigned = False
        self._codes: dict[str, dict[str, str]] = {}
        self.app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._describe),
                Route("/keys", self._keys),
                Route("/token", self._token, methods=["POST"]),
            ]
        )

    def authorize(self, url: str) -> dict[str, str]:
        """What the person's browser does there: returns the query with which it is sent back."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert (query["client_id"], query["response_type"]) == (CLIENT, "code")
        assert query["code_challenge_method"] == "S256"
        assert "openid" in query["scope"].split()
        code = f"code-{len(self._codes)}"
        self._codes[code] = query
        return {"state": query["state"], "code": code}

    def _describe(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        about = {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/keys",
        }
        return JSONResponse({**about, **self.metadata}, self.status)

    def _keys(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        return JSONResponse({"keys": [key.as_dict(private=False) for key in self.published]})

    async def _token(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        form = await request.form()
        begun = self._codes.pop(str(form["code"]), None)
        if begun is None or not _is_client(request):
            return JSONResponse({"error": "invalid_grant"}, 400)
        digest = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if challenge != begun["code_challenge"] or form["redirect_uri"] != begun["redirect_uri"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": begun["nonce"], **self.claims}
        claims = {name: value for name, value in claims.items() if value is not None}
        token = jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key, algorithms=["RS256"])
        if self.unsigned:
            token = ".".join([_part({"alg": "none"}), _part(claims), ""])
        return Response(
            orjson.dumps({"access_token": "a", "token_type": "Bearer", "id_token": token}),
            media_type="application/json",
        )


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(value)).rstrip(b"=").decode()


def _is_client(request: Request) -> bool:
    expected = base64.b64encode(b"tellsign:a+secret+of+the+client%3A+100%25").decode()
    return request.headers.get("authorization") == f"Basic {expected}"

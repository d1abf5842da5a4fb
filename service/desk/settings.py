"""What can be set about the desk, from `TELLSIGN_*` variables."""

from typing import Literal, Self
from urllib.parse import urlsplit

import limits
from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from service.settings import is_loopback
from service.store.settings import load_as


class DeskSettings(BaseSettings):
    """Sessions, passwords, examples and signing in elsewhere.

    Attributes:
        examples: Put invented example documents in a new store; false also takes away those that are there.
        session_hours: How long a session lasts at most, hours.
        session_idle_minutes: Minutes without a request after which a session ends.
        sign_in_rate: Sign-ins tried from one address, such as `20/minute`.
        lock_after: Failures in a row after which a person cannot sign in for a while.
        lock_minutes: For how long, minutes.
        password_length: Fewest characters of a password.
        argon2_time: Passes over memory of one password hash.
        argon2_memory_kib: Memory of one password hash, KiB.
        argon2_lanes: Lanes of one password hash.
        public_url: Where people reach the service, `https://host`; needed for signing in elsewhere.
        oidc_issuer: OpenID Connect provider; None to sign in here only.
        oidc_client_id: Our name at the provider.
        oidc_client_secret: Our secret at the provider.
        oidc_role: Role of people whom the provider knows and we do not; None refuses them.
        oidc_label: The provider as the sign-in page calls it.
    """

    model_config = SettingsConfigDict(env_prefix="TELLSIGN_", frozen=True, extra="forbid", env_ignore_empty=True)

    examples: bool = True
    session_hours: float = Field(default=12.0, gt=0, le=24 * 31)
    session_idle_minutes: float = Field(default=60.0, ge=2, le=24 * 60)
    sign_in_rate: str = "20/minute"
    lock_after: int = Field(default=5, ge=2, le=100)
    lock_minutes: float = Field(default=15.0, gt=0, le=24 * 60)
    password_length: int = Field(default=12, ge=8, le=100)
    # RFC 9106, the choice for memory-constrained environments.
    argon2_time: int = Field(default=3, ge=1, le=20)
    argon2_memory_kib: int = Field(default=65_536, ge=8, le=4 * 1024 * 1024)
    argon2_lanes: int = Field(default=4, ge=1, le=16)
    public_url: str = ""
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")
    oidc_role: Literal["submitter", "analyst", "lead", "admin"] | None = None
    oidc_label: str = Field(default="your organisation", min_length=1, max_length=60)

    @field_validator("sign_in_rate")
    @classmethod
    def _rate_is_readable(cls, rate: str) -> str:
        try:
            limits.parse(rate)
        except ValueError:
            raise ValueError("allowed: a count and a period such as '20/minute'") from None
        return rate

    @field_validator("public_url", "oidc_issuer")
    @classmethod
    def _address_is_safe(cls, url: str) -> str:
        if url and (not is_safe_url(url) or "?" in url or "#" in url):
            raise ValueError("allowed: https://HOST, or http:// on loopback")
        return url.rstrip("/")

    @model_validator(mode="after")
    def _oidc_is_whole(self) -> Self:
        if self.oidc_issuer:
            given = {
                "oidc_client_id": self.oidc_client_id,
                "oidc_client_secret": self.oidc_client_secret.get_secret_value(),
                "public_url": self.public_url,
            }
            if missing := [name for name, value in given.items() if not value]:
                raise ValueError(f"oidc_issuer is set, and these are not: {', '.join(missing)}")
        return self


def is_safe_url(url: str) -> bool:
    """Whether nobody on the way can read what is sent there or answer for it: TLS, or this very machine."""
    parts = urlsplit(url)
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    )


def load_desk_settings(**overrides: object) -> DeskSettings:
    """The settings from the environment; `overrides` that are not None win over it.

    Raises:
        service.settings.SettingsError: A value is not allowed.
    """
    return load_as(DeskSettings, **overrides)

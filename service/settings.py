"""Everything that can be set, from `TELLSIGN_*` variables or the command line."""

import ipaddress
from pathlib import Path
from typing import Literal, Self

import limits
from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from classifier.document import Tier
from classifier.errors import TellsignError

LogLevel = Literal["debug", "info", "warning", "error"]


class SettingsError(TellsignError):
    """A setting has a value that is not allowed; the message names each setting and what is allowed."""


class Settings(BaseSettings):
    """Settings of the HTTP service.

    Attributes:
        host: Address to listen on; other than loopback needs `desk`, `keys_file` or `open_access`.
        port: TCP port; 0 lets the system choose.
        model: Model folder; None for the one that ships in the package.
        tier: `fast`, `cascade` or `deep`; None for what suits the model: `cascade` where it was fitted to an encoder.
        shadow_model: Folder of a second model that reads live traffic in silence; None for none.
        shadow_share: Share of the documents that it reads, above 0 and up to 1.
        max_characters: Longest text, code points.
        max_documents: Most documents in one request.
        max_body_bytes: Largest request body, bytes.
        queue_documents: Most documents that wait for analysis before the service answers 503.
        rate: Requests allowed per key (or per client address without keys), such as `600/minute`; empty for no limit.
        desk: Keep documents, keys and people in a store and serve the desk; false keeps nothing and only analyses.
        keys_file: JSON file of keys, for `desk` false; None serves without keys.
        open_access: Whether anybody may use what keeps nothing: analysing, the taxonomy, the model card, the metrics;
            None for whoever is on this machine, see `open_to_all`.
        trusted_proxies: Comma-separated proxy addresses whose `X-Forwarded-For` is believed; empty for none.
        docs: Serve `/openapi.json`.
        log_level: Least severe log line to write.
        drain_seconds: How long a stopping server waits for running requests, seconds.
    """

    model_config = SettingsConfigDict(env_prefix="TELLSIGN_", frozen=True, extra="forbid", env_ignore_empty=True)

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65_535)
    model: Path | None = None
    tier: Tier | None = None
    shadow_model: Path | None = None
    shadow_share: float = Field(default=0.1, gt=0.0, le=1.0)
    max_characters: int = Field(default=100_000, ge=1, le=10_000_000)
    max_documents: int = Field(default=256, ge=1, le=100_000)
    max_body_bytes: int = Field(default=16 * 1024 * 1024, ge=1_024)
    queue_documents: int = Field(default=1_024, ge=1)
    rate: str = ""
    desk: bool = True
    keys_file: Path | None = None
    open_access: bool | None = None
    trusted_proxies: str = ""
    docs: bool = True
    log_level: LogLevel = "info"
    drain_seconds: int = Field(default=30, ge=0)

    @field_validator("rate")
    @classmethod
    def _rate_is_readable(cls, rate: str) -> str:
        if rate:
            try:
                limits.parse(rate)
            except ValueError:
                raise ValueError(
                    "allowed: a count and a period such as '600/minute' or '10/second', or empty"
                ) from None
        return rate

    @model_validator(mode="before")
    @classmethod
    def _keys_file_means_no_desk(cls, given: dict[str, object]) -> dict[str, object]:
        """Whoever brings a file of keys runs a service that only analyses, unless they say otherwise."""
        return given if given.get("keys_file") is None else {"desk": False, **given}

    @model_validator(mode="after")
    def _hold_together(self) -> Self:
        if self.queue_documents < self.max_documents:
            raise ValueError("queue_documents must be at least max_documents, or a full list could never be answered")
        if self.desk and self.keys_file is not None:
            raise ValueError("keys_file is for desk=off; with the desk on, keys are made by: tellsign keys create")
        # Without keys anyone who can reach the port can use it: that has to be said aloud.
        guarded = self.desk or self.keys_file is not None
        if not guarded and not self.open_access and not is_loopback(self.host):
            raise ValueError(
                "host is not a loopback address: set desk=on or keys_file, or open_access=true to serve without keys"
            )
        return self

    @property
    def open_to_all(self) -> bool:
        """Whether what keeps nothing asks for no key: as set, else where only programs on this machine can ask.

        A proxy that is trusted brings requests from elsewhere.
        """
        if self.open_access is not None:
            return self.open_access
        return is_loopback(self.host) and not self.trusted_proxies


def is_loopback(host: str) -> bool:
    """Whether only programs on this machine can reach `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def load_settings(**overrides: object) -> Settings:
    """Settings from the environment; `overrides` that are not None win over it.

    Raises:
        SettingsError: A value is not allowed, or an override is not a setting.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]  # pydantic checks them
    except ValidationError as error:
        lines = [_line(entry["loc"], entry["msg"]) for entry in error.errors()]
        raise SettingsError("Settings are not usable: " + "; ".join(lines)) from None


def _line(location: tuple[int | str, ...], message: str) -> str:
    """`TELLSIGN_PORT: Input should be …`; rules over several settings have no location of their own."""
    text = message.removeprefix("Value error, ")
    return f"TELLSIGN_{str(location[0]).upper()}: {text}" if location else text

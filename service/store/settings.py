"""What can be set about the store, from `TELLSIGN_*` variables."""

from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from service.settings import SettingsError
from service.store.cipher import read_keys

Chosen = TypeVar("Chosen", bound=BaseSettings)


class StoreSettings(BaseSettings):
    """Where documents are kept, how they are sealed and for how long.

    Attributes:
        database_url: `sqlite:///PATH` or `postgresql://USER@HOST/NAME`; None for a file in `data_dir`.
        data_dir: Folder of the embedded database, made when missing.
        text_keys: `id:base64 of 32 bytes`, several with commas; the first seals, all open. Empty keeps texts plain.
        audit_key: One such entry, which seals the audit log; empty for a chain without a seal.
        retention_days: Days after which `tellsign retention run` erases a text; None to keep it until asked.
        search: `words` keeps a search index (of keyed hashes where texts are sealed), `off` keeps none.
        busy_seconds: How long a writer waits for another one on SQLite, seconds.
    """

    model_config = SettingsConfigDict(env_prefix="TELLSIGN_", frozen=True, extra="forbid", env_ignore_empty=True)

    database_url: SecretStr | None = None
    data_dir: Path = Path("data")
    text_keys: SecretStr = SecretStr("")
    audit_key: SecretStr = SecretStr("")
    retention_days: int | None = Field(default=None, ge=1, le=36_500)
    search: Literal["words", "off"] = "words"
    busy_seconds: float = Field(default=10.0, gt=0, le=600)

    @field_validator("database_url")
    @classmethod
    def _url_is_known(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            try:
                kind = make_url(value.get_secret_value()).get_backend_name()
            except ArgumentError:
                kind = ""
            if kind not in {"sqlite", "postgresql"}:
                raise ValueError("allowed: sqlite:///PATH or postgresql://USER@HOST/NAME")
        return value

    @field_validator("text_keys", "audit_key")
    @classmethod
    def _keys_are_readable(cls, value: SecretStr) -> SecretStr:
        read_keys(value.get_secret_value())
        return value

    @field_validator("audit_key")
    @classmethod
    def _one_audit_key(cls, value: SecretStr) -> SecretStr:
        if "," in value.get_secret_value():
            raise ValueError("allowed: one entry, since the log is checked from its first line on")
        return value


def load_store_settings(**overrides: object) -> StoreSettings:
    """Store settings from the environment; `overrides` that are not None win over it.

    Raises:
        service.settings.SettingsError: A value is not allowed, or an override is not a setting.
    """
    return load_as(StoreSettings, **overrides)


def load_as(kind: type[Chosen], **overrides: object) -> Chosen:
    """Settings of one kind from the environment; `overrides` that are not None win over it.

    Raises:
        service.settings.SettingsError: Names each variable and what is allowed, never a value.
    """
    prefix = kind.model_config.get("env_prefix", "")
    try:
        given = {name: value for name, value in overrides.items() if value is not None}
        return kind(**given)  # type: ignore[arg-type]  # pydantic checks them
    except ValidationError as error:
        lines = [
            f"{prefix}{'_'.join(map(str, entry['loc'])).upper()}: {entry['msg'].removeprefix('Value error, ')}"
            for entry in error.errors()
        ]
        raise SettingsError("Settings are not usable: " + "; ".join(lines)) from None

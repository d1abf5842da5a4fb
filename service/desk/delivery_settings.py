"""What can be set about webhooks, from `TELLSIGN_WEBHOOK_*` variables."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from service.store.settings import load_as


class DeliverySettings(BaseSettings):
    """Where events may be sent, how long a receiver may take and how often one is tried.

    Attributes:
        allow_private: Send to private and loopback addresses too, and over http; for receivers in one's own network.
        timeout_seconds: How long a receiver may take to answer, seconds.
        attempts: How often an event is tried before it becomes a dead letter.
        retry_seconds: Wait before the second try; doubles with each one, seconds.
        longest_wait_hours: No wait is longer, hours.
        at_once: Events that are sent side by side.
        keep_days: Days for which events that arrived are kept for the list of deliveries.
    """

    model_config = SettingsConfigDict(
        env_prefix="TELLSIGN_WEBHOOK_", frozen=True, extra="forbid", env_ignore_empty=True
    )

    allow_private: bool = False
    timeout_seconds: float = Field(default=10.0, gt=0, le=60)
    attempts: int = Field(default=8, ge=1, le=30)
    retry_seconds: float = Field(default=30.0, ge=0, le=3_600)
    longest_wait_hours: float = Field(default=12.0, gt=0, le=24 * 7)
    at_once: int = Field(default=20, ge=1, le=200)
    keep_days: int = Field(default=30, ge=1, le=3_650)


def load_delivery_settings(**overrides: object) -> DeliverySettings:
    """The settings from the environment; `overrides` that are not None win over it.

    Raises:
        service.settings.SettingsError: A value is not allowed.
    """
    return load_as(DeliverySettings, **overrides)

"""Wire shapes of administration: people, keys, webhooks, the audit log, referrals."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from service.desk.schemas_base import LABEL, Answer, Asked, Cursor, Identifier, Label, Limit, Moment

Role = Literal["submitter", "analyst", "lead", "admin"]
Event = Literal["document.created", "document.decided", "document.reopened", "document.erased"]
Scope = Literal["analyze", "read", "metrics", "submit", "review", "lead", "export", "admin"]
DeliveryState = Literal["pending", "delivered", "dead"]
Name = Annotated[str, Field(min_length=1, max_length=100, pattern=LABEL)]


class UserOut(Answer):
    """Somebody who may come in."""

    id: str
    name: str
    display_name: str
    role: Role
    active: bool
    failed_sign_ins: int
    locked_until: datetime | None
    created: datetime
    signed_in: datetime | None


class UsersOut(Answer):
    """All users by name."""

    users: list[UserOut]


class UserIn(Asked):
    """A new user."""

    name: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._@+-]*$")] = Field(
        description="What is typed to sign in; case does not matter."
    )
    role: Role
    display_name: str = Field("", max_length=200, pattern=LABEL)
    subject: Annotated[str, Field(min_length=1, max_length=300, pattern=LABEL)] | None = Field(
        None, description="ISSUER|SUBJECT of an identity provider; such a user has no password here."
    )


class NewUserOut(Answer):
    """A user and the password to sign in with once, which is shown this once."""

    user: UserOut
    password: str | None


class UserChangeIn(Asked):
    """What is to change; another role or being put out of use ends the user's sessions."""

    role: Role | None = None
    active: bool | None = None
    display_name: Label | None = None


class PasswordOut(Answer):
    """A password to sign in with once, which is shown this once."""

    password: str


class MeOut(Answer):
    """Who asks."""

    user: UserOut
    scopes: list[str]
    key: str | None = Field(description="Id of the key; null for a session.")
    items_today: int = Field(description="Items given to them today, UTC.")
    heavy_today: int


class KeyOut(Answer):
    """What is kept of a key."""

    id: str
    name: str
    scopes: list[str]
    owner: str | None
    created: datetime
    expires: datetime | None
    revoked: datetime | None
    replaced_by: str | None


class KeysOut(Answer):
    """All keys, oldest first."""

    keys: list[KeyOut]


class KeyIn(Asked):
    """A new key."""

    name: Name
    scopes: list[Scope] = Field(min_length=1, max_length=20)
    owner: Identifier | None = Field(
        None, description="User in whose name it acts; claims and decisions need one. None for a program of its own."
    )
    expires: Moment | None = None


class NewKeyOut(Answer):
    """A key and its record; the token is shown this once."""

    token: str
    key: KeyOut


class RotateIn(Asked):
    """How long the old key goes on."""

    overlap_hours: float = Field(24.0, ge=0, le=24 * 90)


class WebhookOut(Answer):
    """Where events go."""

    id: str
    url: str
    events: list[Event]
    active: bool
    created: datetime


class WebhooksOut(Answer):
    """All webhooks, oldest first."""

    webhooks: list[WebhookOut]


class WebhookIn(Asked):
    """A new webhook."""

    url: str = Field(min_length=8, max_length=2_000, description="https://host/path; public addresses only.")
    events: list[Event] = Field(min_length=1, max_length=20)


class NewWebhookOut(Answer):
    """A webhook and the secret that signs what is sent to it, which is shown this once."""

    secret: str
    webhook: WebhookOut


class WebhookChangeIn(Asked):
    """What is to change."""

    active: bool | None = None
    events: list[Event] | None = Field(None, min_length=1, max_length=20)


class DeliveryOut(Answer):
    """What became of an event that was sent; dead after its last try."""

    id: str
    webhook: str
    event: str
    state: DeliveryState
    attempts: int
    due: datetime
    created: datetime
    ended: datetime | None
    last_status: int | None
    last_error: str | None


class DeliveriesQuery(BaseModel):
    """Which deliveries."""

    model_config = ConfigDict(extra="forbid")

    webhook: Identifier | None = None
    state: DeliveryState | None = None
    cursor: Cursor | None = None
    limit: Limit = 50


class AuditEntryOut(Answer):
    """Who did what to what and when."""

    seq: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: str = Field(description="JSON; never text of a document.")
    hash: str


class AuditQuery(BaseModel):
    """Which entries."""

    model_config = ConfigDict(extra="forbid")

    subject: Label | None = None
    actor: Label | None = None
    cursor: Cursor | None = None
    limit: Limit = 100


class VerifyQuery(BaseModel):
    """An entry as it was noted elsewhere."""

    model_config = ConfigDict(extra="forbid")

    expect: Annotated[str, Field(pattern="^[0-9]{1,15}:[0-9a-f]{64}$")] | None = Field(
        None, description="`N:HASH`, as `head` of an earlier report and its number of entries."
    )


class AuditReportOut(Answer):
    """What checking the log found."""

    entries: int
    unsealed: int = Field(description="Written without a key, from the first on.")
    head: str = Field(description="Hash of the newest entry; keep it elsewhere with the number of entries.")
    problems: list[str] = Field(description="Empty for a log as it was written.")


class ReferralOut(Answer):
    """A body that helps or takes reports."""

    name: str
    kind: str
    site: str
    phone: str | None
    note: str | None


class PanelOut(Answer):
    """The referrals of a country."""

    country: str
    title: str
    emergency: str | None
    referrals: list[ReferralOut]
    compiled: date = Field(description="When the file was written.")
    notice: str


class CountryOut(Answer):
    """A country there are referrals for."""

    country: str
    title: str


class CountriesOut(Answer):
    """The countries there are referrals for."""

    compiled: date
    notice: str
    countries: list[CountryOut]

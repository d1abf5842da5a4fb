"""The wire shapes of the desk, one group a file; here are the request bodies, for the description."""

from pydantic import BaseModel

from service.desk.schemas_admin import KeyIn, RotateIn, UserChangeIn, UserIn, WebhookChangeIn, WebhookIn
from service.desk.schemas_documents import EraseIn, SubmissionsIn, SubmittedIn, UnmaskIn
from service.desk.schemas_review import BulkIn, CheckIn, NextIn, SearchIn, SpanDecisionIn, VerdictIn

# Bodies are read by hand, after the key is checked and never whole when they are too large: so FastAPI does not know
# them.
REQUESTS: tuple[type[BaseModel], ...] = (
    BulkIn,
    CheckIn,
    EraseIn,
    KeyIn,
    NextIn,
    RotateIn,
    SearchIn,
    SpanDecisionIn,
    SubmissionsIn,
    SubmittedIn,
    UnmaskIn,
    UserChangeIn,
    UserIn,
    VerdictIn,
    WebhookChangeIn,
    WebhookIn,
)

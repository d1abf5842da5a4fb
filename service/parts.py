"""The parts of one running application, as its endpoints reach them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from fastapi import Request

from service.access import Access
from service.analysis_queue import AnalysisQueue
from service.metrics import Metrics
from service.settings import Settings
from service.shadow import Shadow

if TYPE_CHECKING:
    from service.batch.jobs import Jobs
    from service.desk.desk import Desk


@dataclass(frozen=True, slots=True)
class Parts:
    """Made once by `create_app`, shared by all requests."""

    settings: Settings
    queue: AnalysisQueue
    metrics: Metrics
    access: Access
    shadow: Shadow | None = None
    desk: "Desk | None" = None
    jobs: "Jobs | None" = None


def parts_of(request: Request) -> Parts:
    """The parts of the application that answers this request."""
    return cast(Parts, request.app.state.parts)

"""Counters for `/metrics`: how much, how fast and what went wrong; labels are closed sets, never text or ids."""

from collections.abc import Callable, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from classifier.document import Analysis
from classifier.errors import DocumentError
from service.analysis_queue import Outcome

MEDIA_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.6, 1.2, 2.5, 5, 10, 30)


class Metrics:
    """The counters of one application, on a registry of their own.

    Args:
        waiting: Tells how many documents wait or run now.
    """

    def __init__(self, waiting: Callable[[], float]) -> None:
        self._registry = own = CollectorRegistry()
        self._requests = Counter("tellsign_requests", "Requests", ["method", "route", "status"], registry=own)
        self._seconds = Histogram(
            "tellsign_request_seconds", "Time to answer a request", ["route"], buckets=_SECONDS, registry=own
        )
        self._errors = Counter("tellsign_errors", "Problems answered, by code", ["code"], registry=own)
        self._documents = Counter("tellsign_documents", "Documents, by what came of them", ["outcome"], registry=own)
        self._flags = Counter("tellsign_flags", "Documents with a flagged indicator", ["indicator"], registry=own)
        self._reviews = Counter("tellsign_reviews", "Documents put forward for review", registry=own)
        gauge = Gauge("tellsign_queue_documents", "Documents that wait or run now", registry=own)
        gauge.set_function(waiting)

    def include(self, collector: Collector) -> None:
        """Show the counters of another part too."""
        self._registry.register(collector)

    def count_request(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answered request; `route` is the template, never the path as sent."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def count_problem(self, code: str) -> None:
        """Count a problem by its code."""
        self._errors.labels(code).inc()

    def count_outcomes(self, outcomes: Sequence[Outcome]) -> None:
        """Count documents, and the indicators flagged in them."""
        for outcome in outcomes:
            if isinstance(outcome, Analysis):
                self._documents.labels("analyzed").inc()
                self._reviews.inc(outcome.review.flagged)
                for indicator in outcome.indicators:
                    if indicator.flagged:
                        self._flags.labels(indicator.id).inc()
            else:
                self._documents.labels(outcome.code if isinstance(outcome, DocumentError) else "failed").inc()

    def exposition(self) -> bytes:
        """Everything in the Prometheus text format."""
        return generate_latest(self._registry)

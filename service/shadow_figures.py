"""What the shadow found, as JSON values and as counters for `/metrics`: closed sets of labels, no text and no ids."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from classifier.taxonomy import load_taxonomy
from service.shadow import Shadow, Tally

_CHANGES = ("gained", "lost")
_QUESTIONS = ("review", *load_taxonomy().ids)


def build_figures(shadow: Shadow | None) -> dict[str, object]:
    """Give what is shown of the shadow; `off` where no second model is set."""
    if shadow is None:
        return {"state": "off"}
    tally = shadow.read_tally()
    return {
        "state": shadow.state,
        "model": shadow.info,
        "share": shadow.share,
        "sampled": tally.sampled,
        "dropped": tally.dropped,
        "compared": tally.compared,
        "unanswered": tally.unanswered,
        "agreement": _mean(tally.agreed, tally),
        "questions": {name: _build_question(name, tally) for name in _QUESTIONS},
    }


def _build_question(name: str, tally: Tally) -> dict[str, object]:
    return {
        "mean_absolute_difference": _mean(_difference(name, tally), tally),
        **{change: getattr(tally, change).get(name, 0) for change in _CHANGES},
    }


def _difference(name: str, tally: Tally) -> float:
    return tally.review_difference if name == "review" else tally.difference.get(name, 0.0)


def _mean(total: float, tally: Tally) -> float | None:
    return round(total / tally.compared, 6) if tally.compared else None


class ShadowCollector(Collector):
    """Reads the counts of the shadow whenever `/metrics` is asked for."""

    def __init__(self, shadow: Shadow) -> None:
        self._shadow = shadow

    def collect(self) -> Iterator[Metric]:
        """Yield the counters; differences are sums of probabilities, to be divided by the documents compared."""
        tally = self._shadow.read_tally()
        running = GaugeMetricFamily("tellsign_shadow_running", "Whether the second model reads")
        running.add_metric([], float(self._shadow.state == "running"))
        yield running
        documents = CounterMetricFamily(
            "tellsign_shadow_documents", "Documents drawn, by what came of them", labels=["outcome"]
        )
        for name in ("compared", "unanswered", "dropped", "agreed"):
            documents.add_metric([name], float(getattr(tally, name)))
        yield documents
        flags = CounterMetricFamily(
            "tellsign_shadow_flags", "Flags that only one of the two models raises", labels=["question", "change"]
        )
        differences = CounterMetricFamily(
            "tellsign_shadow_difference", "Sum of absolute differences of probabilities", labels=["question"]
        )
        for name in _QUESTIONS:
            differences.add_metric([name], _difference(name, tally))
            for change in _CHANGES:
                flags.add_metric([name, change], float(getattr(tally, change).get(name, 0)))
        yield flags
        yield differences

"""What Prometheus collects under ``/metrics``."""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 10.0)
_ROWS = (1, 2, 4, 8, 16, 32, 64, 256, 1024, 4096)


# A second series for each, which says only when it began.
disable_created_metrics()


class Metrics:
    """Counters of one scorer, each labelled with its model and version."""

    def __init__(self, model: str, version: str):
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        names = ["model", "version"]
        self._requests = Counter(
            "tollgate_scorer_requests",
            "Answered requests.",
            [*names, "route", "code"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "tollgate_scorer_request_seconds",
            "Time from a request's head to its answer.",
            [*names, "route"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.in_flight = Gauge(
            "tollgate_scorer_in_flight", "Requests being answered.", names, registry=self.registry
        ).labels(model, version)
        self._batch = Histogram(
            "tollgate_scorer_batch_rows",
            "Rows in one call of the model.",
            names,
            buckets=_ROWS,
            registry=self.registry,
        ).labels(model, version)
        self._labels = (model, version)
        # Looking a label set up costs more than counting, so each is looked up once.
        self._cache: dict[tuple[str, int], tuple[Counter, Histogram]] = {}

    def answered(self, route: str, code: int, seconds: float) -> None:
        pair = self._cache.get((route, code))
        if pair is None:
            pair = (
                self._requests.labels(*self._labels, route, str(code)),
                self._seconds.labels(*self._labels, route),
            )
            self._cache[(route, code)] = pair
        pair[0].inc()
        pair[1].observe(seconds)

    def called(self, rows: int) -> None:
        self._batch.observe(rows)

    def text(self) -> bytes:
        return generate_latest(self.registry)

"""Counts and times, as Prometheus reads them."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Metrics:
    """The metrics of one application: in a registry of its own, so that there may be several."""

    def __init__(self):
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)

        def metric(cls, name, about, labels=(), **options):
            return cls(f"kbz_{name}", about, labels, registry=registry, **options)

        self._requests = metric(Counter, "requests", "Requests answered.", ("route", "code"))
        self._seconds = metric(
            Histogram, "request_seconds", "From request to answer.", ("route",), buckets=SECONDS
        )
        self._open = metric(Gauge, "requests_open", "Requests that are being answered.")
        self._refused = metric(Counter, "refused", "Requests not answered in time.", ("reason",))
        self._sizes = metric(Histogram, "batch_size", "Rows the model read at once.", buckets=SIZES)
        self._batches = metric(
            Histogram, "batch_seconds", "Time of the model for a batch.", buckets=SECONDS
        )
        self._texts = metric(Counter, "texts", "Inputs answered.")
        self._tokens = metric(Counter, "tokens", "Their tokens, without special ones.")
        self._cut = metric(Counter, "cut_texts", "Inputs longer than the model.")
        self._waiting = metric(Gauge, "queue_length", "Inputs that wait for the model.")
        self._ready = metric(Gauge, "ready", "1 where the model has been warmed up.")
        for reason in ("full", "stopping", "late"):
            self._refused.labels(reason)

    def watch(self, batcher):
        """Reads the queue's length when it is asked for."""
        self._waiting.set_function(lambda: batcher.waiting)
        self._ready.set_function(lambda: float(batcher.state == "ready"))

    def begin(self):
        """A request has come."""
        self._open.inc()

    def end(self, route, code, seconds):
        """It has been answered."""
        self._open.dec()
        self._requests.labels(route, str(code)).inc()
        self._seconds.labels(route).observe(seconds)

    def batch(self, rows, seconds):
        """The model has read a batch."""
        self._sizes.observe(rows)
        self._batches.observe(seconds)

    def read(self, texts, tokens, cut):
        """A request was answered that had so many texts."""
        self._texts.inc(texts)
        self._tokens.inc(tokens)
        self._cut.inc(cut)

    def refused(self, reason):
        """A request was refused: `"full"`, `"stopping"` or `"late"`."""
        self._refused.labels(reason).inc()

    def text(self):
        """The metrics in Prometheus' format, as bytes."""
        return generate_latest(self.registry)

"""What one scorer knows about itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from tollgate_serving.batching import Batcher
from tollgate_serving.capture import Capture
from tollgate_serving.fetch import Pinned
from tollgate_serving.metrics import Metrics
from tollgate_serving.model import LoadedModel


@dataclass
class State:
    """``starting`` until the pinned bytes are loaded, ``ok``, then ``stopping`` once asked to end."""

    pinned: Pinned
    stage: str
    metrics: Metrics
    status: Literal["starting", "ok", "stopping"] = "starting"
    loaded: LoadedModel | None = None
    batcher: Batcher | None = None
    #: None when callers' rows aren't kept.
    capture: Capture | None = None

    def ready(self, loaded: LoadedModel, capture: Capture | None = None) -> None:
        self.loaded = loaded
        self.capture = capture
        self.batcher = Batcher(loaded.predict, loaded.rowwise, self.metrics.called)
        if self.status == "starting":
            self.status = "ok"

    def health(self) -> dict[str, Any]:
        return {
            "status": self.status,
            "stage": self.stage,
            "model": self.pinned.model,
            "version": self.pinned.version,
            "digest": self.pinned.digest,
        }

    def describe(self) -> dict[str, Any]:
        """The answer of ``/version``: ``sample`` is a valid ``/predict`` body, or null when none
        can be made; ``classes`` are what the model says it can answer, null when it names none;
        ``probabilities``: does ``/probabilities`` give some?"""
        signature = self.loaded.signature if self.loaded else None
        sample = self.loaded.sample if self.loaded else None
        return {
            "model": self.pinned.model,
            "version": self.pinned.version,
            "digest": self.pinned.digest,
            "stage": self.stage,
            "signature": signature.as_json() if signature else None,
            "sample": {"features": sample} if sample else None,
            "classes": self.loaded.class_names if self.loaded else None,
            "probabilities": self.loaded is not None and self.loaded.probabilities is not None,
        }

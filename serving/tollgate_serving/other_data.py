"""The tables an evaluation reads beside its evaluation data: training, reference and live rows."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tollgate_serving.capture import copy_captured
from tollgate_serving.data import TableFile, read_tables
from tollgate_serving.evaluation_rows import class_columns, text_columns
from tollgate_serving.progress import progress
from tollgate_serving.signature import Signature
from tollgate_serving.spec import Spec


@dataclass(frozen=True)
class OtherData:
    """Reads them as the settings name them, with the model's idea of which columns are text.

    A file that training or a scorer makes may not be at hand: then there is None and a line of progress, and
    what needs it stays unmeasured. A file that the settings name has to be there, or UserError is raised.
    """

    spec: Spec
    signature: Signature | None

    def training(self) -> TableFile | None:
        spec = self.spec
        if spec.training_data is None:
            return None
        path, shown = Path(spec.training_data), spec.training_data_path or spec.training_data
        if not path.exists():
            progress(
                f"{shown} isn't at hand: leakage, data quality and drift from it stay unmeasured"
            )
            return None
        progress(f"reading {shown}")
        return self._read([path], shown, "tollgate:train.data")

    def reference(self, settings: dict[str, Any]) -> TableFile | None:
        """By the settings of the data-drift gate."""
        path = settings.get("reference")
        return self._named(path, "reference") if path else None

    def live(self, settings: dict[str, Any]) -> TableFile | None:
        """By the settings of the data-drift gate: a file, or ``captured`` for what the scorers kept."""
        path = settings.get("live")
        if path != "captured":
            return self._named(path, "live") if path else None
        if self.spec.captured is None:
            return self._nothing_captured()
        with tempfile.TemporaryDirectory(prefix="tollgate-captured-") as copies:
            files = copy_captured(Path(self.spec.captured), Path(copies))
            if not files:
                return self._nothing_captured()
            progress(f"reading what {len(files)} scorer{'s' * (len(files) > 1)} captured")
            return self._read(files, "captured", "tollgate:gates.data-drift.live")

    def _nothing_captured(self) -> None:
        progress("no scorer has captured rows here lately: drift of live inputs stays unmeasured")

    def _named(self, path: str, setting: str) -> TableFile:
        progress(f"reading {path}")
        return self._read(
            [Path(self.spec.project_dir, path)], path, f"tollgate:gates.data-drift.{setting}"
        )

    def _read(self, paths: list[Path], shown: str, setting: str) -> TableFile:
        spec = self.spec
        text = text_columns(self.signature, paths[0], spec.labels)
        written = class_columns(self.signature, spec)
        return read_tables(paths, shown, spec.max_rows, spec.seed, text, setting, written)

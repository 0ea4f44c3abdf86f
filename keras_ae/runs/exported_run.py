"""The result of exporting a run: where it is and, for a detector, what it promises and how well it keeps that."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_ae.detection import Int8Outcome, Outcome, Promise
from keras_ae.export import Parity
from keras_ae.runs.choosing import Choice


@dataclass(frozen=True)
class ExportedRun:
    """An exported run.

    Attributes:
        out: Directory of the export.
        parity: Deviation of each endpoint and file from the Keras model, and the deviation allowed.
        promise: What a detector's threshold promises; None for an autoencoder alone.
        outcome: How the threshold performs on the test images; None without test images.
        choice: How the score was chosen; None if no defects were given.
        int8: How the file with 8-bit integers performs; None without one.

    Example:
        >>> exported = ExportedRun(Path("exported"), {"encode": kae.export.Parity(1e-7, 1e-5)})
        >>> exported.as_record()["deviation"], exported.in_words()
        ({'encode': 1e-07}, ['exported: exported'])
    """

    out: Path
    parity: Mapping[str, Parity]
    promise: Promise | None = None
    outcome: Outcome | None = None
    choice: Choice | None = None
    int8: Int8Outcome | None = None

    def measured(self) -> dict[str, Any]:
        """The promise, outcome and choice by name, as in the detector's card."""
        parts = (each.as_record() for each in (self.promise, self.outcome) if each is not None)
        choice = {} if self.choice is None else {"choice": self.choice.as_record()}
        return {name: value for part in parts for name, value in part.items()} | choice

    def as_record(self) -> dict[str, Any]:
        """All of it by name, as --json writes it."""
        return {
            **self.measured(),
            "out": str(self.out),
            "deviation": {name: parity.difference for name, parity in self.parity.items()},
            "deviation_allowed": {name: parity.allowed for name, parity in self.parity.items()},
            **({} if self.int8 is None else {"int8": self.int8.as_record()}),
        }

    def in_words(self) -> list[str]:
        """Lines for people to read."""
        lines = [] if self.promise is None else list(self.promise.in_words())
        lines += [] if self.choice is None else [self.choice.in_words()]
        lines += [] if self.outcome is None else self.outcome.in_words()
        lines += [] if self.int8 is None else [self.int8.in_words()]
        return [*lines, f"exported: {self.out}"]

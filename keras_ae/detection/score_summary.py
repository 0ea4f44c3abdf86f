"""Summaries of many scores: counts, a histogram and the most anomalous images; summaries can be merged."""

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from keras_ae._support.errors import InputError
from keras_ae._support.fields import read_fields, settle_fields
from keras_ae._support.files import shown_name

BINS = 50  # bins of normalised scores from 0 to 1
WORST = 100  # files with the highest scores


@dataclass(frozen=True)
class ScoredFile:
    """A file and its score."""

    file: str
    score: float

    def __post_init__(self):
        settle_fields(self)


@dataclass(frozen=True)
class ScoreSummary:
    """Counts, a histogram and the most anomalous of many scored files.

    Attributes:
        files: Number of files.
        anomalies: Number of anomalies among them.
        bad: Number of files that could not be read.
        histogram: Number of files in each of 50 equal bins of the normalised score, from 0 to 1; anomalies are
            above 0.5. All 0 for detectors of early versions, which do not normalise.
        worst: The 100 files with the highest scores, highest first; ties are ordered by name.

    Example:
        >>> one = ScoreSummary(2, 1, 0, worst=(ScoredFile("a.png", 0.9), ScoredFile("b.png", 0.1)))
        >>> other = ScoreSummary(1, 0, 0, worst=(ScoredFile("c.png", 0.5),))
        >>> both = one.with_others([other])
        >>> both.files, [each.file for each in both.worst]
        (3, ['a.png', 'c.png', 'b.png'])
    """

    files: int = 0
    anomalies: int = 0
    bad: int = 0
    histogram: tuple[int, ...] = (0,) * BINS
    worst: tuple[ScoredFile, ...] = ()

    def __post_init__(self):
        settle_fields(self)
        if len(self.histogram) != BINS:
            raise InputError(f"a histogram of {len(self.histogram)} bins", f"{BINS}")

    @classmethod
    def of(cls, rows: Iterable) -> "ScoreSummary":
        """Returns the summary of several `FileScore` objects."""
        files = anomalies = bad = 0
        histogram, scored = [0] * BINS, []
        for row in rows:
            files += 1
            anomalies += row.anomaly
            bad += bool(row.problem)
            if row.normalized is not None:
                histogram[min(int(row.normalized * BINS), BINS - 1)] += 1
            if row.score is not None:
                scored.append((-row.score, shown_name(row.file)))
        worst = tuple(ScoredFile(file, -score) for score, file in heapq.nsmallest(WORST, scored))
        return cls(files, anomalies, bad, tuple(histogram), worst)

    def with_others(self, others: Iterable["ScoreSummary"]) -> "ScoreSummary":
        """Returns the summary of this one and others together; their order makes no difference."""
        files, anomalies, bad = self.files, self.anomalies, self.bad
        histogram, worst = list(self.histogram), self.worst
        for other in others:
            files, anomalies, bad = files + other.files, anomalies + other.anomalies, bad + other.bad
            histogram = [one + more for one, more in zip(histogram, other.histogram, strict=True)]
            worst = _worst((*worst, *other.worst))
        return ScoreSummary(files, anomalies, bad, tuple(histogram), worst)

    def as_json(self) -> dict[str, Any]:
        """Returns the summary as JSON values."""
        return {**asdict(self), "histogram": list(self.histogram), "worst": [asdict(one) for one in self.worst]}

    @classmethod
    def from_json(cls, values: Mapping[str, Any], name: str) -> "ScoreSummary":
        """Returns the summary that `as_json` turned into values.

        Raises:
            InputError: If values are damaged; the message calls them `name`.
        """
        worst = values.get("worst")
        if not isinstance(worst, list):
            raise InputError(f"{name} without worst", "the files with the highest scores")
        files = tuple(read_fields(ScoredFile, one, f"{name}.worst") for one in worst)
        return read_fields(cls, {**values, "worst": files}, name)


def _worst(files: Iterable[ScoredFile]) -> tuple[ScoredFile, ...]:
    return tuple(heapq.nsmallest(WORST, files, key=lambda one: (-one.score, one.file)))

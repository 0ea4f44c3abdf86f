"""Integer tables for coding symbols: the same on every machine, whatever its floating-point arithmetic."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

PRECISION = 24  # bits: the counts of a table sum to 2²⁴
ESCAPED_BITS = 32  # extra bits of a value that its table lacks
LARGEST = 2**23  # largest value: float32, in which networks compute, holds such integers exactly
WIDEST = 2**12  # maximum number of values in a table


@dataclass(frozen=True)
class Tables:
    """Several tables of counts of integers.

    Table t covers the values `lowest[t]`, `lowest[t]` + 1, …, and one more symbol, the last, which stands for any
    other value. Its counts are `counts[starts[t]:starts[t + 1]]`: each 1 or more, and 2²⁴ in total.

    Example:
        >>> tables = of_probabilities([(-1, np.array([0.25, 0.5, 0.25]))])
        >>> tables.bits(0, np.array([0, 1])).round(3).tolist()
        [1.0, 2.0]
        >>> bool(tables.bits(0, np.array([7]))[0] > 50)  # escaped
        True
    """

    counts: np.ndarray
    starts: np.ndarray
    lowest: np.ndarray

    def __len__(self) -> int:
        return len(self.lowest)

    def of(self, table: int) -> np.ndarray:
        """Returns the counts of a table, the escape symbol's last."""
        return self.counts[self.starts[table] : self.starts[table + 1]]

    def symbols(self, table: int, values: np.ndarray) -> np.ndarray:
        """Returns the positions of values in a table, int32; the last position for those that it lacks."""
        escape = int(self.starts[table + 1] - self.starts[table]) - 1
        places = values.astype(np.int64) - self.lowest[table]
        return np.where((places >= 0) & (places < escape), places, escape).astype(np.int32)

    def bits(self, table: int, values: np.ndarray) -> np.ndarray:
        """Returns the bits that the coder needs for values [n], float64, before rounding up."""
        counts, symbols = self.of(table), self.symbols(table, values)
        return PRECISION - np.log2(counts[symbols]) + ESCAPED_BITS * (symbols == len(counts) - 1)


def of_probabilities(distributions: Iterable[tuple[int, np.ndarray]]) -> Tables:
    """Returns tables for distributions, given by their lowest values and the probabilities from there on.

    Whatever they lack of a sum of 1 is the probability of all other values.
    """
    lowest, tables = [], []
    for low, probabilities in distributions:
        low, probabilities = _narrow(int(low), np.asarray(probabilities, np.float64))
        rest = max(0.0, 1.0 - float(probabilities.sum()))
        tables.append(_whole(np.append(probabilities, rest)))
        lowest.append(low)
    starts = np.cumsum([0, *map(len, tables)], dtype=np.int64)
    return Tables(np.concatenate(tables), starts, np.array(lowest, np.int64))


def of_values(values: np.ndarray) -> Tables:
    """Returns one table for each column of integers [n, columns], from their frequencies.

    Every value from the lowest to the highest gets an extra half occurrence, as do all others together.
    """

    def distribution(column: np.ndarray) -> tuple[int, np.ndarray]:
        low, high = np.percentile(column, [0, 100]).astype(np.int64)
        if high - low >= WIDEST:
            low = int(np.median(column)) - WIDEST // 2
            high = low + WIDEST - 1
        inside = column[(column >= low) & (column <= high)].astype(np.int64) - low
        occurrences = np.bincount(inside, minlength=high - low + 1) + 0.5
        return low, occurrences / (occurrences.sum() + 0.5 + len(column) - len(inside))

    return of_probabilities(distribution(column) for column in values.T)


def _narrow(low: int, probabilities: np.ndarray) -> tuple[int, np.ndarray]:
    """Trims values at the ends that are too improbable for any count; at least one value stays."""
    likely = np.flatnonzero(probabilities >= 2.0**-PRECISION)
    first, last = (likely[0], likely[-1]) if len(likely) else (0, 0)
    return low + int(first), probabilities[first : last + 1]


def _whole(probabilities: np.ndarray) -> np.ndarray:
    """Returns counts, int64, each 1 or more and 2²⁴ in total; the most frequent gets what rounding leaves."""
    free = 2**PRECISION - len(probabilities)
    counts = 1 + np.floor(probabilities / max(float(probabilities.sum()), 1e-300) * free).astype(np.int64)
    counts[np.argmax(counts)] += 2**PRECISION - int(counts.sum())
    return counts

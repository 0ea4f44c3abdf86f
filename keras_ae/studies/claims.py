"""Claims of papers, and the rule by which a study's runs decide them: yes, no, undecided or not tested."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

import numpy as np
import pandas

from keras_ae._support.errors import InputError
from keras_ae._support.intervals import CONFIDENCE, FEWEST_SEEDS, Interval, interval

FEWEST_EQUAL = 6  # A sign test, too, tells equal signs from chance (5 %) from six on.
YES, NO, UNDECIDED, NOT_TESTED = VERDICTS = ("yes", "no", "undecided", "not tested")
COLUMNS = ("claim", "source", "verdict", "measured", "difference", "95 % interval", "seeds", "bound", "remark")


@dataclass(frozen=True)
class Bound:
    """The range in which a mean difference must lie for a claim to hold: strictly between `low` and `high`.

    Attributes:
        reason: Why the range is this one. A bound without a reason is refused.
        low, high: Its ends, in the unit of the differences.
    """

    reason: str
    low: float = -inf
    high: float = inf

    def __post_init__(self):
        if not self.reason.strip():
            raise InputError("a bound without a reason", "why the claim is decided there", "write the reason")
        if not self.low < self.high:
            raise InputError(f"a bound from {self.low} to {self.high}", "low below high", "exchange them")

    def holds(self, value: float) -> bool:
        """Whether a value lies in the range."""
        return self.low < value < self.high

    def __str__(self) -> str:
        if self.low > -inf and self.high < inf:
            return f"{self.low:g} to {self.high:g}: {self.reason}"
        return (f"> {self.low:g}" if self.low > -inf else f"< {self.high:g}") + f": {self.reason}"


@dataclass(frozen=True)
class Gate:
    """Whether the runs are in the regime that a claim is about.

    Attributes:
        passes: False leaves the claim "not tested", whatever was measured.
        reason: What is wrong with the runs, if it fails.
        command: What would test the claim, if there is such a command.
    """

    passes: bool = True
    reason: str = ""
    command: str = ""

    def __post_init__(self):
        if not self.passes and not self.reason.strip():
            raise InputError("a gate that fails without a reason", "what is wrong with the runs", "write it")

    def __and__(self, other: "Gate") -> "Gate":
        """Both gates; the reasons of those that fail, and the command of the first that fails and has one."""
        failed = [gate for gate in (self, other) if not gate.passes]
        commands = [gate.command for gate in (*failed, self, other) if gate.command]
        return Gate(not failed, "; ".join(gate.reason for gate in failed), next(iter(commands), ""))


@dataclass(frozen=True)
class Evidence:
    """The measurements for a claim: paired differences over seeds, and the range in which their mean must lie.

    Attributes:
        measured: The measurement in words, for the reader.
        differences: Maps each part of the claim to its differences, one per seed. A claim that says one thing has
            one part, named ""; a claim holds if all of its parts do.
        bound: The range in which the means must lie.
    """

    measured: str
    differences: Mapping[str, Sequence[float]]
    bound: Bound

    @property
    def seeds(self) -> int:
        """Number of seeds of the part with the fewest."""
        return min((len(values) for values in self.differences.values()), default=0)


@dataclass(frozen=True)
class Verdict:
    """What the runs say about a claim.

    Attributes:
        answer: "yes", "no", "undecided" or "not tested".
        part: The part of the claim that decides, "" if there is only one.
        interval: Interval of this part; None with fewer than two seeds.
        seeds: Number of seeds of this part; if a part has fewer than two, that of the part with the fewest.
        remark: Why a claim is not tested, and the command that would test it; or why equal differences leave it
            undecided.
    """

    answer: str
    part: str = ""
    interval: Interval | None = None
    seeds: int = 0
    remark: str = ""


@dataclass(frozen=True)
class Claim:
    """A statement of a paper, and what a study's runs have to say about it.

    Attributes:
        statement: What the paper says, in one sentence.
        source: Where the paper says it: section, figure or table; "ours" for a statement of this library.
        gate: Whether the runs are in the regime of the statement.
        evidence: What was measured; None without any measurement.

    Example:
        >>> bound = Bound("the paper gives no number: any difference counts", low=0)
        >>> evidence = Evidence("error 0.2 against 0.1", {"": [0.09, 0.10, 0.11]}, bound)
        >>> Claim("larger maps have lower errors", "Fig. 1", Gate(), evidence).verdict.answer
        'yes'
    """

    statement: str
    source: str = ""
    gate: Gate = field(default_factory=Gate)
    evidence: Evidence | None = None

    @property
    def verdict(self) -> Verdict:
        """The verdict by rule.

        Not tested: the gate fails, or a part has fewer than two seeds. Yes: every part's 95 % interval lies within
        the bound. No: the interval of a part lies outside it, at a confidence corrected for the number of parts
        (Bonferroni). Undecided: otherwise, and where fewer than six seeds have exactly the same difference, as
        counts and ranks often have: their spread is unknown, and the interval has no width. Thus at most 5 % of
        the claims whose true value lies on the bound get a yes or a no.
        """
        evidence = self.evidence
        if evidence is None or evidence.seeds < FEWEST_SEEDS:
            seeds = evidence.seeds if evidence else 0
            return Verdict(NOT_TESTED, seeds=seeds, remark=self._remark(seeds))
        equal = [name for name, values in evidence.differences.items() if _are_equal(values)]
        outside = [name for name in _parts_outside(evidence) if name not in equal]
        part = _decisive(evidence, outside or list(evidence.differences))
        decisive = interval(evidence.differences[part])
        seeds = len(evidence.differences[part])
        if not self.gate.passes:
            return Verdict(NOT_TESTED, part, decisive, seeds, self._remark(seeds))
        inside = all(_inside(interval(values), evidence.bound) for values in evidence.differences.values())
        answer = NO if outside else YES if inside and not equal else UNDECIDED
        remark = "the same for all seeds: their spread is unknown" if answer == UNDECIDED and equal else ""
        return Verdict(answer, part, decisive, seeds, remark)

    def _remark(self, seeds: int) -> str:
        reasons = [] if self.gate.passes else [self.gate.reason]
        if seeds == 1:
            reasons.append("one seed")
        elif seeds == 0 and self.gate.passes:
            reasons.append("not measured")
        text = "; ".join(reasons)
        return f"{text}; to test: `{self.gate.command}`" if self.gate.command else text


def _are_equal(values: Sequence[float]) -> bool:
    """Whether too few differences are all the same, but for rounding."""
    return len(values) < FEWEST_EQUAL and bool(np.ptp(values) <= 1e-9 * np.abs(values).max())


def _inside(found: Interval, bound: Bound) -> bool:
    return bound.holds(found.low) and bound.holds(found.high)


def _outside(found: Interval, bound: Bound) -> bool:
    return found.high < bound.low or found.low > bound.high


def _parts_outside(evidence: Evidence) -> list[str]:
    """The parts whose intervals lie outside the bound, at a confidence corrected for the number of parts."""
    corrected = 1 - (1 - CONFIDENCE) / len(evidence.differences)
    intervals = {name: interval(values, corrected) for name, values in evidence.differences.items()}
    return [name for name, reached in intervals.items() if _outside(reached, evidence.bound)]


def _decisive(evidence: Evidence, parts: Sequence[str]) -> str:
    """The part whose interval has the least room within the bound."""

    def room(part: str) -> float:
        reached = interval(evidence.differences[part])
        return min(reached.low - evidence.bound.low, evidence.bound.high - reached.high)

    return min(parts, key=room)


def table(claims: Iterable[Claim | None]) -> pandas.DataFrame:
    """A row for each claim, with its verdict, interval, seeds and bound; None is skipped.

    Columns: "claim", "source", "verdict", "measured", "difference" and "95 % interval" (of the part that decides),
    "seeds", "bound" with its reason, and "remark".
    """
    rows = []
    for claim in filter(None, claims):
        verdict, evidence = claim.verdict, claim.evidence
        found = verdict.interval
        rows.append(
            {
                "claim": claim.statement,
                "source": claim.source,
                "verdict": verdict.answer,
                "measured": evidence.measured if evidence else "",
                "difference": f"{verdict.part} {found.mean:+.3g}".strip() if found else "",
                "95 % interval": f"{found.low:+.3g} to {found.high:+.3g}" if found else "",
                "seeds": verdict.seeds or "",
                "bound": str(evidence.bound) if evidence else "",
                "remark": verdict.remark,
            }
        )
    return pandas.DataFrame(rows, columns=list(COLUMNS))


def nearest(tables: Mapping[str, pandas.DataFrame]) -> pandas.DataFrame:
    """One row per claim, with its preset: from the first table that tests it, else from the one with most seeds.

    If no table has any seeds, the last one counts.

    Args:
        tables: Maps presets to tables of the same claims, the preset nearest to the paper first. This order is set
            before anything is measured: verdicts do not choose the preset.
    """
    rows: dict[str, dict] = {}
    for preset, found in tables.items():
        for row in found.to_dict("records"):
            if _tells_more(row, rows.get(row["claim"])):
                rows[row["claim"]] = {**row, "preset": preset}
    return pandas.DataFrame(rows.values(), columns=[*COLUMNS, "preset"])


def _tells_more(row: dict, known: dict | None) -> bool:
    """Whether a row replaces the known row of its claim, which is from a preset nearer to the paper."""
    if known is None or known["verdict"] != NOT_TESTED:
        return known is None
    seeds, before = int(row["seeds"] or 0), int(known["seeds"] or 0)
    return row["verdict"] != NOT_TESTED or seeds > before or not before


def counts(verdicts: Iterable[str]) -> dict[str, int]:
    """Number of claims with each of the four verdicts, in their order."""
    verdicts = list(verdicts)
    return {verdict: verdicts.count(verdict) for verdict in VERDICTS}


def tally(verdicts: Iterable[str]) -> str:
    """The four counts as part of a sentence: "3 claims: 1 yes, 0 no, 2 undecided, 0 not tested"."""
    found = counts(verdicts)
    return f"{sum(found.values())} claims: " + ", ".join(f"{count} {name}" for name, count in found.items())

"""What a case is, what came of it, and the verdict on that."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

Expected = Literal["refused", "accepted", "either"]
Verdict = Literal[
    *("accepted", "refused"),
    *("traceback", "hang", "memory", "wrong acceptance", "wrong refusal", "leftovers", "several lines", "died"),
]
GOOD = ("accepted", "refused")
LONGEST_LINE = 2000  # characters: a refusal can be read

OURS = "keras-ae: "
PASSING = re.compile(r"note: |loading …|warning: |\S+ files: |INFO: |\[|\s*$")  # what may stand beside a refusal


@dataclass(frozen=True)
class Case:
    """One input.

    Attributes:
        kind: Which generator made it.
        name: What is odd about it, in a line.
        action: Which of the worker's actions takes it: "command", "load" or "request".
        arguments: What the action gets, as JSON.
        expected: "refused": status 2 and one line; "accepted": status 0; "either": one of them.
        outputs: Paths in the case's directory that it may make, change or fill.
        stdout: A device or file that standard output goes to instead of being kept.
        check: What must hold of the standard output of an accepted one; returns what is wrong with it, or "".
    """

    kind: str
    name: str
    action: Literal["command", "load", "request"]
    arguments: Any
    expected: Expected = "either"
    outputs: tuple[str, ...] = ("out",)
    stdout: str | None = None
    check: Callable[[str], str] | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Outcome:
    """What came of a case.

    Attributes:
        status: The exit status; None when the worker ended or was ended.
        ended: Why the worker ended: "", "hang", "memory" or "died".
        stdout, stderr: What was written.
        seconds: Processor time that it took.
        peak: Bytes of memory beyond what the worker held before, at the highest.
        changes: What changed in the case's directory, besides its outputs, a line each.
    """

    status: int | None
    ended: str = ""
    stdout: str = ""
    stderr: str = ""
    seconds: float = 0.0
    peak: int = 0
    changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Judgement:
    """The verdict on a case, and why it is not good."""

    case: Case
    outcome: Outcome
    verdict: Verdict
    reason: str = ""

    @property
    def good(self) -> bool:
        return self.verdict in GOOD


def judge(case: Case, outcome: Outcome) -> Judgement:
    """The verdict: the gravest thing that can be said of an outcome."""
    verdict, reason = _verdict(case, outcome)
    return Judgement(case, outcome, verdict, reason)


def _verdict(case: Case, outcome: Outcome) -> tuple[Verdict, str]:
    if outcome.ended:
        dump = outcome.stderr.rpartition("Timeout (")[2]  # the last one, innermost first
        frames = re.findall(r'"\S*?(keras_ae/\S+)", line (\d+) in (\S+)', dump)
        return outcome.ended, " < ".join("{}:{} {}".format(*frame) for frame in frames[:4])
    traced = "Traceback (most recent call last)" in outcome.stderr + outcome.stdout
    if traced or outcome.status not in _statuses(case):
        return "traceback", f"status {outcome.status}: {_where(outcome.stderr)}{_tail(outcome.stderr, 2)}"
    refused = outcome.status in (1, 2)
    if outcome.changes:
        return "leftovers", f"status {outcome.status}: {'; '.join(outcome.changes[:3])}"
    if not refused and case.expected == "refused":
        return "wrong acceptance", _tail(outcome.stderr or outcome.stdout)
    if refused and case.expected == "accepted":
        return "wrong refusal", _tail(outcome.stderr)
    problem = _untidy(outcome.stderr, case.action) if refused else ""
    if problem:
        return "several lines", problem
    wrong = case.check(outcome.stdout) if case.check and not refused else ""
    return ("wrong acceptance", wrong) if wrong else ("refused" if refused else "accepted", "")


def _statuses(case: Case) -> tuple[int, ...]:
    if case.action != "command":
        return (0, 2)
    return (0, 1, 2, 3) if "--exit-status" in case.arguments else (0, 1, 2)  # 1: diverged; 3: anomalies


def _untidy(stderr: str, action: str) -> str:
    """What is wrong with how a refusal is told: it is one line of ours, or an answer with a line at most."""
    lines = stderr.split("\n")
    if action == "request":
        return stderr[:300] if len(lines) > 2 else ""
    ours = [line for line in lines if line.startswith(OURS)]
    if len(ours) != 1:
        return f"{len(ours)} lines of refusal: {_tail(stderr)}"
    if len(ours[0]) > LONGEST_LINE:
        return f"a line of {len(ours[0])} characters: {ours[0][:200]}"
    others = [line for line in lines if line != ours[0] and not PASSING.match(line)]
    return f"beside it: {others[0][:300]}" if others else ""


def _where(text: str) -> str:
    """The innermost of the library's own lines in a traceback."""
    frames = re.findall(r'File ".*?(keras_ae/[\w/]+\.py)", line (\d+), in (\S+)', text)
    return "{}:{} {}: ".format(*frames[-1]) if frames else ""


def _tail(text: str, lines: int = 4) -> str:
    return " | ".join(line.strip() for line in text.strip().splitlines()[-lines:])[-700:]

"""Many cases of several kinds, from one seed."""

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from . import archives, command_lines, detectors, images, models, paths, requests, runs
from .base import MAKERS, make_base
from .case import GOOD, Case, Judgement, judge
from .supervisor import SECONDS, Supervisor

SLOW = (["train"], ["detect"], ["compare"])
# The generator of each kind, and its part of all cases.
KINDS = {
    "images": (images.make, 0.24),
    "archives": (archives.make, 0.08),
    "command lines": (command_lines.make, 0.26),
    "runs": (runs.make, 0.14),
    "models": (models.make, 0.08),
    "detectors": (detectors.make, 0.10),
    "paths": (paths.make, 0.06),
    "requests": (requests.make, 0.04),
}


def judged(
    cases: int,
    seed: int,
    kinds: Sequence[str],
    directory: Path,
    only: Sequence[str] | None = None,
    part: tuple[int, int] = (0, 1),
    seconds: float = SECONDS,
    parts: Sequence[str] = tuple(MAKERS),
    quick: bool = False,
) -> Iterator[tuple[str, Judgement]]:
    """Run so many cases, and judge each.

    Case NUMBER of a kind is the same whatever runs beside it: it is drawn from the seed, the kind and the number.

    Args:
        cases: How many, over the kinds by their parts; at least one of each.
        seed: Seed of all that is drawn.
        kinds: Which kinds.
        directory: Where what is damaged lies, or is made; a case's directory lies in it while it runs.
        only: Names KIND:NUMBER of the cases to run alone; their directories are kept.
        part: (i, n): of all cases every nth, from the ith on.
        seconds: Of processor time that a case may take.
        parts: What of `MAKERS` is made and damaged.
        quick: Leave out what trains for seconds if it is accepted.
    """
    whole = sum(KINDS[kind][1] for kind in kinds)
    chosen = [(kind, i) for kind in kinds for i in range(max(1, round(cases * KINDS[kind][1] / whole)))]
    if only:
        chosen = [(kind, int(number)) for kind, _, number in (name.rpartition(":") for name in only)]
    with Supervisor(seconds) as supervisor:
        base = make_base(directory / "base", supervisor, parts)
        for kind, number in chosen[part[0] :: part[1]]:
            name = f"{kind}:{number}"
            place = directory / f"case-{name.replace(' ', '-').replace(':', '-')}"
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir(parents=True)
            case = KINDS[kind][0](generator_of(seed, kind, number), base, place)
            if not (quick and _trains(case)):
                yield name, judge(case, supervisor.run(case, place))
            if not only:
                shutil.rmtree(place, ignore_errors=True)


def _trains(case: Case) -> bool:
    return case.action == "command" and case.expected != "refused" and case.arguments[:1] in SLOW


def generator_of(seed: int, kind: str, number: int) -> np.random.Generator:
    """What a case is drawn with."""
    return np.random.default_rng([seed, *kind.encode(), number])


def summary(judgements: Sequence[Judgement]) -> str:
    """A table in Markdown: how many cases of each kind ended how, the slowest, and the largest."""
    bad = [
        "traceback",
        "hang",
        "memory",
        "wrong acceptance",
        "wrong refusal",
        "leftovers",
        "several lines",
        "died",
    ]
    columns = ["kind", "cases", *GOOD, *bad, "longest, s", "memory, MB"]
    lines = [" | ".join(columns), " | ".join(["---", *["--:"] * (len(columns) - 1)])]
    kinds = dict.fromkeys(judgement.case.kind for judgement in judgements)
    for kind in (*kinds, "all"):
        these = [each for each in judgements if kind in (each.case.kind, "all")]
        counts = Counter(each.verdict for each in these)
        longest = max((each.outcome.seconds for each in these), default=0)
        peak = max((each.outcome.peak for each in these), default=0)
        numbers = [len(these), *(counts[verdict] for verdict in (*GOOD, *bad))]
        lines.append(" | ".join([kind, *map(str, numbers), f"{longest:.1f}", f"{peak / 2**20:.0f}"]))
    return "\n".join(f"| {line} |" for line in lines)

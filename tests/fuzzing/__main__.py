"""`make fuzz`: run cases, and print a table by kind and each case that did not end as it should."""

import argparse
import contextlib
import sys
import tempfile
from pathlib import Path

from .campaign import KINDS, judged, summary
from .case import Judgement

LONGEST = 2000  # characters of what is printed of a case


def main() -> int:
    parser = argparse.ArgumentParser(prog="fuzzing", description=__doc__)
    parser.add_argument("--cases", type=int, default=2000, help="how many, over all kinds")
    parser.add_argument("--seconds", type=float, default=30.0, help="of processor time that a case may take")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", nargs="*", choices=tuple(KINDS), default=tuple(KINDS))
    parser.add_argument("--only", nargs="*", metavar="KIND:NUMBER", help="these cases alone, whose files are kept")
    parser.add_argument("--directory", type=Path, help="where what is damaged is made, and kept for the next time")
    parser.add_argument(
        "--part", type=int, nargs=2, metavar=("I", "N"), default=(0, 1), help="every Nth, from the Ith"
    )
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fuzzing-") as temporary:
        directory = chosen.directory or Path(temporary)
        judgements = []
        how = {"only": chosen.only, "part": tuple(chosen.part), "seconds": chosen.seconds}
        with contextlib.suppress(KeyboardInterrupt):  # what was run is told
            for name, judgement in judged(chosen.cases, chosen.seed, chosen.kinds, directory.resolve(), **how):
                judgements.append(judgement)
                if not judgement.good or chosen.only:
                    print(_told(name, judgement), flush=True)
    print(summary(judgements))
    return 0 if all(judgement.good for judgement in judgements) else 1


def _told(name: str, judgement: Judgement) -> str:
    case = judgement.case
    lines = [f"{name} {judgement.verdict}: {case.name}", str(case.arguments), judgement.reason]
    return "\n  ".join(line[:LONGEST] for line in lines).encode("ascii", "backslashreplace").decode()


if __name__ == "__main__":
    sys.exit(main())

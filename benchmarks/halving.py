"""What halving would have cost and kept, replayed over finished comparisons that were made without it.

    keras-ae compare --data digits --seed 0 --out runs/digits0        # and so on
    python benchmarks/halving.py runs/digits0 runs/digits1 … [--out FILE.json]

The learning curves tell each candidate's error after a quarter and half of the steps, and so who would have been
dropped then: the bits of the others are the same with halving and without (purpose reconstruct, one seed).
"""

import argparse
from pathlib import Path


def replayed(path: Path) -> dict:
    """One comparison: the part of the steps that is made, and whether frontier and recommendation are kept."""
    from keras_ae.comparison import Measured, frontier, open_comparison, select
    from keras_ae.comparison.halving import dominated
    from keras_ae.comparison.rungs import rungs
    from keras_ae.runs import RunDirectory

    comparison = open_comparison(path)
    runs = {one.name: RunDirectory(path / "candidates" / one.name) for one in comparison.trained}
    curves = {name: {row["step"]: row["val_mse"] for row in run.history()} for name, run in runs.items()}
    final = {one.name: one for one in comparison.measured()}
    left, made = list(comparison.trained), 0
    for steps in rungs(runs[left[0].name].record().config.training):
        errors = [Measured(one.name, one.code_values, curves[one.name][steps]) for one in left]
        beaten = dominated(errors)
        made += steps * len(beaten)
        left = [one for one in left if one.name not in beaten]
    made += comparison.steps * len(left)
    kept = [final[one.name] for one in left]
    return {
        "comparison": str(path),
        "candidates": len(final),
        "trained to the end": len(left),
        "part of the steps": made / (comparison.steps * len(final)),
        "same frontier": frontier(kept) == comparison.frontier,
        "same recommendation": select(kept, comparison.max_code).recommended == comparison.recommended,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("comparisons", nargs="+", type=Path)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    from measure import show

    show("Halving, replayed", [replayed(path) for path in options.comparisons], options.out)

"""Claims about copies: whether CAEs whose codes could hold the image hand it on, and what keeps them from it."""

import numpy as np
import pandas

from experiments.bottleneck_shape.training_claims import ANY, COPYING, dynamics
from keras_ae.report.results import listed, listed_means
from keras_ae.studies.claims import Bound, Claim, Evidence, Gate
from keras_ae.studies.gates import flattened
from keras_ae.studies.kept import Kept, last
from keras_ae.studies.paired import paired

COPY = 1e-3  # MSE of a copy: an error of 3 % of the range, which is hardly visible


def complete_codes_do_not_copy(kept: Kept, data: str) -> Claim:
    ends = last(dynamics(kept, data))
    normalized = ends[np.isclose(ends["compression"].astype(float), 1)]
    return _no_copies(kept, data, normalized, 1, "Complete CAEs do not copy their input", "3.1")


def overcomplete_codes_do_not_copy(kept: Kept, data: str) -> Claim:
    normalized = kept.ends(experiment="overcomplete", data=data)
    statement = "Over-complete CAEs do not copy their input"
    return _no_copies(kept, data, normalized, 4, statement, "the paper's open question")


def _no_copies(
    kept: Kept, data: str, normalized: pandas.DataFrame, compression: float, statement: str, source: str
) -> Claim:
    """Judged on the networks whose output is not normalised, where there are such; the others cannot copy."""
    rows = kept.ends(experiment="copying", data=data)
    rows = rows[np.isclose(rows["compression"].astype(float), compression)]
    floor = kept.measures["floors"].get(data, np.inf)
    gate = Gate(
        floor < COPY or len(rows) > 0,
        f"cannot fail: the last instance normalisation alone leaves an MSE of {floor:.3g}, whatever the code",
        COPYING,
    )
    if len(rows):
        curves = kept.curve(experiment="copying", data=data)
        gate = flattened(curves[curves["run"].isin(rows["run"])], "train", COPYING)
    rows = rows if len(rows) else normalized.assign(norms="everywhere")
    errors = rows.groupby(["size", "norms", "seed"])["test"].mean()
    by_part = errors.groupby(["size", "norms"])
    parts = {f"{size}×{size}, normalised {norms}": of.tolist() for (size, norms), of in by_part}
    bound = Bound("a copy: 3 % of the range, which is hardly visible", low=COPY)
    measured = "test MSE: " + listed_means(parts)
    return Claim(statement, source, gate, Evidence(measured, parts, bound))


def normalization_keeps_from_copying(kept: Kept, data: str) -> Claim:
    rows = kept.ends(experiment="copying", data=data)
    evidence = None
    if len(rows):
        gaps = paired(rows, "test", "norms", "inside", "none", ["code"], relative=True)
        means = listed(rows.groupby("norms")["test"].mean())
        evidence = Evidence(f"test MSE by where there is normalisation: {means}", {"": gaps}, ANY)
    statement = "Instance normalisation keeps CAEs of complete codes from copying: without it errors are lower"
    return Claim(statement, "the paper's open question", Gate(command=COPYING), evidence)


CLAIMS = (complete_codes_do_not_copy, overcomplete_codes_do_not_copy, normalization_keeps_from_copying)

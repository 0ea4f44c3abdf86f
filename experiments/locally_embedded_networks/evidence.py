"""What is kept of the runs, and what the claims of this study share."""

from pathlib import Path

import pandas

from experiments.locally_embedded_networks.study import CHOICES, STUDY
from keras_ae.studies.claims import Bound, Gate
from keras_ae.studies.gates import long_as_the_paper
from keras_ae.studies.kept import Kept, read_kept

MODELS = {
    "classic": "Classic",
    "cnn_lea": "CNN-LEA",
    "pool_fc": "POOL-FC",
    "lea_fc": "LEA-FC",
    "lea_only": "LEA-only",
    "decoder_free": "Decoder-free",
}
TYPES = {"standard": "standard", "vae": "VAE", "capacity": "capacity"}
SHAPES = "dsprites"
CLASSIC, LEA = "Classic", "CNN-LEA VAE-fc"  # what sections 5.2 and 5.4 compare
PAPER = "keras-ae study run locally_embedded_networks --preset paper"
ANY = Bound("the thesis gives no margin: any difference counts", low=0)


def load(results: Path, presets: tuple[str, ...]) -> Kept:
    """What is kept of several presets; of a run that stands in two of them, the first one's.

    Attacks on classifiers of other images count only where there are none on the thesis's shapes, and trainings on
    few images that are longer than the thesis's only where there are none of its length.

    `measures` has "layers", what probes tell of the factors (rows of `keras_ae.evaluation.spatial_information`),
    and "halves", what they told of the images after half as many epochs; "attacks" on the classifiers of section
    5.5, a row a run and attack, and "on_shapes", those on the classifiers of section 5.2. Every table has the
    runs' choices and their "label".
    """
    runs = read_kept(results, presets)
    runs = runs.reindex(columns=dict.fromkeys([*runs.columns, "experiment", "steps", *CHOICES]))
    every = runs.assign(label=[label(row) for _, row in runs.iterrows()])
    runs = _as_in_the_thesis(every)
    # Attacks on classifiers of section 5.2 are tabulated whichever of its networks are probed.
    curves, layers, attacks = (
        read_kept(results, presets, name)
        .drop(columns="preset", errors="ignore")
        .merge(of[["run", "experiment", "steps", *CHOICES, "label"]], on="run")
        for name, of in (("_curves", runs), ("_equivariance", runs), ("_robustness", every))
    )
    of_digits = attacks["experiment"] == "robustness"
    epochs = layers["epochs"].fillna(1) if "epochs" in layers else pandas.Series(1, layers.index)
    longest = epochs == epochs.groupby(layers["run"]).transform("max")
    measures = {"layers": layers[longest], "halves": layers[~longest]}
    ours = attacks["run"].isin(runs["run"])
    measures |= {"attacks": attacks[of_digits & ours], "on_shapes": attacks[~of_digits]}
    return Kept(runs, curves, measures)


def _as_in_the_thesis(runs: pandas.DataFrame) -> pandas.DataFrame:
    """The runs without those that others stand for.

    These are classifiers of other images than shapes in section 5.5, numbers of images in section 5.4 that the
    preset "few" trains as the thesis does, and in section 5.2 networks that are narrower than those of "probed".
    """
    attacked, shapes = runs["experiment"] == "robustness", runs["data"] == SHAPES
    runs = runs[~attacked | shapes] if (attacked & shapes).any() else runs
    probed = runs.get("preset") == "probed"
    runs = runs[probed | (runs["experiment"] != "equivariance")] if probed.any() else runs
    few = runs.get("preset") == "few"
    return runs[few | (runs["experiment"] != "samples") | ~runs["samples"].isin(runs["samples"][few])]


def label(row) -> str:
    """What a model is called: its name, and its LEAs' type and pair."""
    name = MODELS.get(row["model"], str(row["model"]))
    return f"{name} {TYPES[row['type']]}-{row['pair']}" if row["type"] in TYPES else name


def length(kept: Kept, experiment: str, preset: str, **choices) -> Gate:
    """Whether the runs of an analysis were all trained for a tenth of the thesis's steps; the preset that are."""
    command = f"keras-ae study run locally_embedded_networks --preset {preset}"
    return long_as_the_paper(kept.runs, STUDY, command, experiment=experiment, **choices)

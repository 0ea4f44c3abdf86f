"""Claims of section 5.5: CNN-LEAs against adversarial attacks, beside the Classic (Figures 5.7 and A.1)."""

import pandas

from experiments.locally_embedded_networks.evidence import ANY, CLASSIC, PAPER, SHAPES, label
from experiments.locally_embedded_networks.scales import KINDS, PAIRS
from keras_ae.report.results import listed_means
from keras_ae.studies.claims import Bound, Claim, Evidence, Gate
from keras_ae.studies.kept import Kept
from keras_ae.studies.paired import paired

SHAPED = "keras-ae study run locally_embedded_networks --preset shapes"
ATTACKED = 100  # images a classifier: with 20 a success rate is uncertain by 0.2
LITTLE = Bound("little: success rates differ by less than 0.1", low=-0.1, high=0.1)
MUCH_LESS = Bound("much less: at most half as often as against the Classic", high=-0.5)
NO_LESS = Bound("nothing gained: at least three quarters of the successes against the Classic", low=-0.25)
FAILED = Bound("fails: less than half of the way from guessing to the Classic", high=0.5)
LEARNT = Bound("learns: more than half of the way from guessing to the Classic", low=0.5)
EVERY = [label({"model": "cnn_lea", "type": kind, "pair": pair}) for kind in KINDS for pair in PAIRS]
VULNERABLE = ("adef", "deep_fool", "slsqp")
SAFER = ("projected_gradient_descent", "saliency_map", "salt_and_pepper_noise", "spatial")
SCORE = ("single_pixel", "local_search")
NOISE = {"slsqp"}  # returns an image of noise, as the thesis's version did: its distance says nothing


def failed(runs: pandas.DataFrame) -> set[str]:
    """Runs whose classifier did not learn its task: less than half way from guessing to the Classic.

    The thesis leaves such models out of its Figure 5.7, and does not say by which rule.
    """
    rows = _learnt(runs)
    return set(rows["run"][rows["learnt"] < 0.5])


def _learnt(runs: pandas.DataFrame) -> pandas.DataFrame:
    """The classifiers of section 5.5; "learnt" is 0 of one that guesses, 1 of one as good as the Classic."""
    runs = runs[runs["experiment"] == "robustness"]
    classic = runs[runs["label"] == CLASSIC]["test.accuracy"].median()
    chance = runs["data"].map({SHAPES: 1 / 3}).astype(float).fillna(1 / 10)
    return runs.assign(learnt=(runs["test.accuracy"] - chance) / (classic - chance))


def _attacks(kept: Kept) -> tuple[pandas.DataFrame, Gate]:
    """Attacks on the classifiers that learnt; "family" is the Classic or LEAs, of which all types are one cell.

    Seeds are those of the classifiers: images that are attacked in several models of a seed are not independent.
    """
    rows = kept.measures["attacks"]
    rows = rows[~rows["run"].isin(failed(kept.runs))] if len(rows) else rows
    family = (rows["label"] == CLASSIC).map({True: CLASSIC, False: "LEAs"})
    rows = rows.assign(family=family)
    fewest = rows["images"].min() if len(rows) else ATTACKED
    gate = Gate(
        fewest >= ATTACKED, f"{fewest:g} images attacked in each classifier, where the thesis has 400", SHAPED
    )
    other = sorted(set(rows["data"]) - {SHAPES})
    return rows, gate & Gate(not other, f"on {', '.join(other)}, where the thesis has dSprites", SHAPED)


def differences_are_minor(kept: Kept) -> Claim:
    rows, gate = _attacks(kept)
    rows = rows[~rows["attack"].isin(SCORE)]
    parts = {label: _gap(rows, "success_rate", label) for label in rows["label"].unique() if label != CLASSIC}
    measured = "success rates less the Classic's: " + listed_means(parts, "{:+.3f}")
    statement = "Without the score-based attacks, robustness differs little"
    return Claim(statement, "Fig. A.1", gate, Evidence(measured, parts, LITTLE))


def _gap(rows: pandas.DataFrame, value: str, label: str) -> list[float]:
    return paired(rows, value, "label", label, CLASSIC, ["attack"])


def some_attacks_succeed_more(kept: Kept) -> Claim:
    statement = "ADef, DeepFool and SLSQP succeed more against LEAs"
    return _rates(kept, statement, VULNERABLE, 1)


def some_attacks_succeed_less(kept: Kept) -> Claim:
    statement = "PGD, saliency map, salt-and-pepper and spatial succeed less against LEAs"
    return _rates(kept, statement, SAFER, -1)


def _rates(kept: Kept, statement: str, attacks: tuple[str, ...], sign: int) -> Claim:
    rows, gate = _attacks(kept)
    gaps = _by_attack(rows, "success_rate", attacks)
    parts = {name: [sign * gap for gap in of] for name, of in gaps.items()}
    evidence = Evidence("success rate, LEAs less Classic: " + listed_means(gaps, "{:+.3f}"), parts, ANY)
    return Claim(statement, "Fig. 5.7", gate, evidence)


def _by_attack(rows: pandas.DataFrame, value: str, attacks: tuple[str, ...], relative: bool = False) -> dict:
    """LEAs less the Classic by attack, means over the types."""
    parts = {
        attack: paired(rows[rows["attack"] == attack], value, "family", "LEAs", CLASSIC, relative=relative)
        for attack in attacks
    }
    return {name: gaps for name, gaps in parts.items() if gaps}


def adef_needs_more_distance(kept: Kept) -> Claim:
    return _distances(kept, ("adef",), "ADef needs slightly more distance against LEAs")


def noise_needs_more_distance(kept: Kept) -> Claim:
    return _distances(kept, ("slsqp",), "SLSQP needs slightly more distance against LEAs")


def saliency_maps_need_more_distance(kept: Kept) -> Claim:
    return _distances(kept, ("saliency_map",), "Saliency maps need slightly more distance against LEAs")


def blur_needs_more_distance(kept: Kept) -> Claim:
    return _distances(kept, ("gaussian_blur",), "Gaussian blur needs more distance against LEAs")


def _distances(kept: Kept, attacks: tuple[str, ...], statement: str) -> Claim:
    rows, gate = _attacks(kept)
    if NOISE & set(attacks):
        gate = gate & Gate(False, "SLSQP returns an image of noise, whose distance says nothing")
    parts = _by_attack(rows, "mse", attacks, relative=True)
    evidence = Evidence("distance (MSE), LEAs over Classic, less 1: " + listed_means(parts, "{:+.1%}"), parts, ANY)
    return Claim(statement, "Fig. 5.7", gate, evidence)


def single_pixels_succeed_less(kept: Kept) -> Claim:
    statement = "A single pixel succeeds much less against standard and capacity-controlled LEAs"
    return _single_pixel(kept, ("standard", "capacity"), statement, MUCH_LESS)


def vaes_do_not_gain_by_it(kept: Kept) -> Claim:
    return _single_pixel(kept, ("vae",), "Against a single pixel the VAE gains nothing", NO_LESS)


def _single_pixel(kept: Kept, kinds: tuple[str, ...], statement: str, bound: Bound) -> Claim:
    """On shapes, where a single pixel succeeds, by type; relative to the Classic."""
    rows, gate = _attacks(kept)
    if not (rows["data"] == SHAPES).any():
        rows = kept.measures["on_shapes"]
        fewest = rows["images"].min() if len(rows) else ATTACKED
        gate = Gate(
            fewest >= ATTACKED, f"{fewest:g} images attacked in each classifier, where the thesis has 400", SHAPED
        )
    rows = rows[rows["attack"] == "single_pixel"]
    rows = rows.assign(kind=rows["type"].where(rows["label"] != CLASSIC, CLASSIC))
    parts = {kind: paired(rows, "success_rate", "kind", kind, CLASSIC, relative=True) for kind in kinds}
    missing = [kind for kind, gaps in parts.items() if not gaps]
    if missing and len(rows):
        gate = gate & Gate(False, f"no {' or '.join(missing)} LEA learnt the shapes", PAPER)
    parts = {kind: gaps for kind, gaps in parts.items() if gaps}
    evidence = Evidence("success rate relative to the Classic's: " + listed_means(parts, "{:+.0%}"), parts, bound)
    return Claim(statement, "Fig. 5.7", gate, evidence)


def vae_with_sb_fails(kept: Kept) -> Claim:
    return _learning(
        kept, lambda label: label == "CNN-LEA VAE-sb", "The VAE with sb fails to learn the classes", FAILED
    )


def the_others_learn(kept: Kept) -> Claim:
    statement = "All others than the VAE with sb learn the classes"
    return _learning(kept, lambda label: label not in ("CNN-LEA VAE-sb", CLASSIC), statement, LEARNT)


def _learning(kept: Kept, is_meant, statement: str, bound: Bound) -> Claim:
    rows = _learnt(kept.runs)
    parts = {label: of["learnt"].tolist() for label, of in rows.groupby("label") if is_meant(label)}
    other = sorted(set(rows["data"]) - {SHAPES})
    gate = Gate(not other, f"on {', '.join(other)}, where the thesis has dSprites", PAPER)
    missing = [name for name in EVERY if is_meant(name) and name not in parts]
    if missing and parts:
        gate = gate & Gate(False, f"without {', '.join(missing)}", PAPER)
    evidence = Evidence("from guessing (0) to the Classic (1): " + listed_means(parts, "{:.2f}"), parts, bound)
    return Claim(statement, "5.5", gate, evidence)


CLAIMS = (
    vae_with_sb_fails,
    the_others_learn,
    differences_are_minor,
    some_attacks_succeed_more,
    some_attacks_succeed_less,
    adef_needs_more_distance,
    noise_needs_more_distance,
    saliency_maps_need_more_distance,
    blur_needs_more_distance,
    single_pixels_succeed_less,
    vaes_do_not_gain_by_it,
)

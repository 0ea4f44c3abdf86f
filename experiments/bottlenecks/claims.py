"""What the study decides by rule, from the table of all runs."""

import pandas

from experiments.bottlenecks.measures import LEARNED
from experiments.bottlenecks.study import FACTORS, SAMPLED
from keras_ae.report.results import listed
from keras_ae.studies.claims import Bound, Claim, Evidence, Gate, table
from keras_ae.studies.kept import chosen
from keras_ae.studies.paired import paired

COMMAND = "keras-ae study run bottlenecks --preset claimed"
RATIO = Bound("a clear gain, as the literature has of learned priors: at most 0.6 of the mixture's", high=0.6)
ANY = Bound("the question is which is higher: any difference counts", low=0)
BELOW = Bound("the question is which is lower: any difference counts", high=0)


def claims_table(runs: pandas.DataFrame) -> pandas.DataFrame:
    """A row for each claim; `runs` as `figures.load_runs` gives them."""
    return table(claim(runs) for claim in (learned_priors, correlation_over_beta, integers))


def best_learned(row: pandas.Series) -> str | None:
    """The learned density whose samples are nearest to the validation images."""
    distances = {name: row.get(f"val_{name}_fid") for name in LEARNED}
    known = {name: value for name, value in distances.items() if pandas.notna(value)}
    return min(known, key=known.__getitem__) if known else None


def learned_priors(runs: pandas.DataFrame) -> Claim:
    """Of the plain autoencoder, test distances of the density that validation chooses, over the mixture's."""
    rows = chosen(runs, data=SAMPLED, kind="dense")
    rows = rows.dropna(subset=["mixture_fid"]) if "mixture_fid" in rows else rows.iloc[:0]
    ratios, words = [], []
    for _, row in rows.sort_values("seed").iterrows():
        if best := best_learned(row):
            ratios.append(row[f"{best}_fid"] / row["mixture_fid"])
            words.append(f"{best} {row[f'{best}_fid']:.3g} against {row['mixture_fid']:.3g}")
    evidence = Evidence("Fréchet distances by seed: " + "; ".join(words), {"": ratios}, RATIO) if ratios else None
    statement = "Samples by the better learned prior are at most 0.6 as far from digits as the mixture's"
    return Claim(statement, "ours", Gate(command=COMMAND), evidence)


def correlation_over_beta(runs: pandas.DataFrame) -> Claim:
    """MIG of the β-TC-VAE less that of the β-VAE and of the VAE."""
    rows = chosen(runs, data=FACTORS)
    evidence = None
    if "mig" in rows and rows["mig"].notna().any():
        parts = {
            f"over {kind}": paired(rows, "mig", "kind", "total_correlation", kind)
            for kind in ("beta", "variational")
        }
        means = rows.groupby("kind")["mig"].mean()
        evidence = Evidence(
            "MIG: " + listed(means[[k for k in ("total_correlation", "beta", "variational") if k in means]]),
            parts,
            ANY,
        )
    statement = "On dSprites the β-TC-VAE has a higher MIG than the β-VAE and the VAE"
    return Claim(statement, "Chen et al., 2018, figure 2 and section 6", Gate(command=COMMAND), evidence)


def integers(runs: pandas.DataFrame) -> Claim:
    """Test distances of the autoregressive density less those of the mixture, of vector-quantised codes."""
    rows = chosen(runs, data=SAMPLED, kind="vector_quantized")
    evidence = None
    if "autoregressive_fid" in rows and rows["autoregressive_fid"].notna().any():
        rows = rows.dropna(subset=["autoregressive_fid", "mixture_fid"]).sort_values("seed")
        gaps = (rows["autoregressive_fid"] - rows["mixture_fid"]).tolist()
        means = {"autoregressive": rows["autoregressive_fid"].mean(), "mixture": rows["mixture_fid"].mean()}
        evidence = Evidence("Fréchet distances: " + listed(means), {"": gaps}, BELOW)
    statement = "Vector-quantised codes are sampled better by an autoregressive density than by a Gaussian mixture"
    return Claim(statement, "van den Oord et al., 2017, section 3.3", Gate(command=COMMAND), evidence)

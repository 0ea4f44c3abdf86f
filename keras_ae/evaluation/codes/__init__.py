"""What codes hold: linear probes, disentanglement, normality, quantization, projections and paths through them."""

from keras_ae._support.lazy import lazy_names

_WHERE = {
    "DCI": "dci_scores",
    "MardiaTest": "normality",
    "MarginalNormality": "normality",
    "ProbeScores": "probe",
    "ProbeTraining": "linear_classifier",
    "Quantizer": "quantization",
    "active_codes": "disentanglement",
    "beta_vae_score": "disentanglement_fixed_factor",
    "dci": "dci_scores",
    "factor_vae_score": "disentanglement_fixed_factor",
    "interpolate_codes": "interpolation",
    "latent_traversals": "traversals",
    "linear_probe": "probe",
    "mardia_test": "normality",
    "marginal_normality": "normality",
    "mutual_information_gap": "disentanglement",
    "project": "projection",
    "separated_attribute_predictability": "disentanglement",
}
__all__ = sorted(_WHERE)
__getattr__ = lazy_names(__name__, _WHERE)

"""How good samples are: feature distances (Fréchet, kernel), precision and recall."""

from keras_ae._support.lazy import lazy_names

_WHERE = {
    "EXTRACTORS": "feature_extractors",
    "FeatureExtractor": "feature_extractors",
    "FeatureMoments": "frechet",
    "SampleQuality": "quality",
    "compare_features": "quality",
    "feature_extractor": "feature_extractors",
    "fid_caution": "frechet",
    "fit_densities": "quality",
    "frechet_distance": "frechet",
    "frechet_distance_of_moments": "frechet",
    "kernel_distance": "kernel",
    "measure_samples": "quality",
    "precision_and_recall": "precision_recall",
}
__all__ = sorted(_WHERE)
__getattr__ = lazy_names(__name__, _WHERE)

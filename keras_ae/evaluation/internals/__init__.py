"""What the layers of a trained model do: feature maps, canonical correlations, slopes, spatial information."""

from keras_ae._support.lazy import lazy_names

_WHERE = {
    "feature_maps": "maps",
    "jacobian_norms": "lipschitz",
    "lipschitz_estimates": "lipschitz",
    "neighbor_ratios": "lipschitz",
    "overlay": "maps",
    "spatial_information": "equivariance",
    "svcca": "canonical_correlation",
}
__all__ = sorted(_WHERE)
__getattr__ = lazy_names(__name__, _WHERE)

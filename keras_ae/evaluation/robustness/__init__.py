"""How far images must be changed to be misclassified, and what that says of a network."""

from keras_ae._support.lazy import lazy_names

_WHERE = {
    "ParameterBounds": "law",
    "Robustness": "measure",
    "attacked_images": "measure",
    "measure_robustness": "measure",
    "parameter_bounds": "law",
}
__all__ = sorted(_WHERE)
__getattr__ = lazy_names(__name__, _WHERE)

"""What pages and figures share, and the gallery of experiments: made from saved results alone."""

from keras_ae._lazy import lazy_names

_WHERE = {"write_comparison": "keras_ae.comparison.report", "write_gallery": "gallery"}
__all__ = sorted(_WHERE)
__getattr__ = lazy_names(__name__, _WHERE)

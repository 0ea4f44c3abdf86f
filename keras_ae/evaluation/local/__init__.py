"""Windows of locally embedded autoencoders: their reconstructions, losses and pictures."""

from keras_ae._support.lazy import lazy_names

_WHERE = {
    "LocalImages": "locally_embedded",
    "LocalProbe": "locally_embedded",
    "LocalReconstruction": "locally_embedded",
    "code_map_picture": "pictures",
    "confidence_map": "locally_embedded",
    "confidence_picture": "pictures",
    "local_images": "locally_embedded",
    "local_reconstruction_loss": "locally_embedded",
    "measure_local_reconstruction": "locally_embedded",
    "normalized_reconstruction_loss": "locally_embedded",
    "reconstruction_picture": "pictures",
    "window_losses": "locally_embedded",
}
__all__ = sorted(_WHERE)
__getattr__ = lazy_names(__name__, _WHERE)

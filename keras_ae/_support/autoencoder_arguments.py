"""The arguments of an autoencoder: its parts, and those of `fit` and `evaluate`."""

import inspect

from keras_ae._support.errors import InputError


def check_built(name: str, model) -> None:
    """Refuse anything but a model with known shapes."""
    if not (hasattr(model, "input_shape") and hasattr(model, "output_shape")):
        raise InputError(f"{model!r} as {name}", "a model whose shapes are known", "begin it with keras.Input")


def check_features(features, encoder) -> None:
    """Refuse features that are not the encoder's input, or that have the shape of images."""
    if not hasattr(features, "map_shape"):
        raise InputError(f"{features!r} as features", "what keras_ae.architectures.features gives")
    if tuple(features.map_shape) != tuple(encoder.input_shape[1:]):
        received = f"features of {tuple(features.map_shape)}"
        raise InputError(received, f"{tuple(encoder.input_shape[1:])}, which the encoder takes")
    if tuple(features.map_shape) == tuple(features.image_shape):
        raise InputError(f"features of the shape of images, {tuple(features.map_shape)}", "of another shape")


def with_target(method, model, x, *args, **kwargs) -> dict:
    """Arguments by name; images become their own target if only weights are given, which Keras would drop."""
    given = inspect.signature(method).bind_partial(model, x, *args, **kwargs).arguments
    given |= given.pop("kwargs", {})
    del given["self"]
    if given.get("sample_weight") is not None and given.get("y") is None:
        given["y"] = x
    return given

"""The precision of exported models: float32, like that of the weights."""

import keras

from keras_ae._support.errors import InputError
from keras_ae._support.keras_private import sublayers


def check_float32(model: keras.Model) -> None:
    """Raises an `InputError` if a layer of a model computes in another precision than float32.

    Such a model rounds each layer's outputs to three digits, differently on each machine, and ONNX and LiteRT
    lack some of its operations.

    Example:
        >>> inputs = keras.Input((4,))
        >>> check_float32(keras.Model(inputs, keras.layers.Dense(2, dtype="mixed_bfloat16")(inputs)))
        Traceback (most recent call last):
        InputError: received a model that computes in bfloat16 to export; expected float32; ...
    """
    other = next((layer for layer in layers_of(model) if layer.compute_dtype != "float32"), None)
    if other is not None:
        received = f"a model that computes in {other.compute_dtype} to export"
        raise InputError(received, "float32", "export keras_ae.export.as_float32(model); its weights are the same")


def as_float32(model: keras.Model) -> keras.Model:
    """Returns a copy of a model, with the same weights, that computes in float32; a float32 model itself.

    Args:
        model: Any model whose layers can be serialised; in mixed precision, the weights are float32.

    Example:
        >>> inputs = keras.Input((4,))
        >>> mixed = keras.Model(inputs, keras.layers.Dense(2, dtype="mixed_bfloat16")(inputs))
        >>> as_float32(mixed).layers[-1].compute_dtype
        'float32'
    """
    if all(layer.compute_dtype == "float32" for layer in layers_of(model)):
        return model
    copy = keras.saving.deserialize_keras_object(_in_float32(keras.saving.serialize_keras_object(model)))
    copy.set_weights(model.get_weights())
    return copy


def layers_of(layer: keras.layers.Layer) -> list[keras.layers.Layer]:
    """Returns a layer and all layers within it."""
    return [layer, *(inner for sublayer in sublayers(layer) for inner in layers_of(sublayer))]


def _in_float32(config):
    """Returns a serialised object with the policy of every layer replaced by float32."""
    if isinstance(config, dict):
        if config.get("class_name") == "DTypePolicy":
            return {**config, "config": {**config["config"], "name": "float32"}}
        return {key: _in_float32(value) for key, value in config.items() if key != "compile_config"}
    return [_in_float32(item) for item in config] if isinstance(config, list | tuple) else config

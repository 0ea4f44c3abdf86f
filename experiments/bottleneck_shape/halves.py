"""Which half overfits, which the paper asks: one half as it was trained on few images, the other anew on many.

`retrained` is the builder that the study's runs name. A half that had overfitted holds its partner back.
"""

from pathlib import Path

import keras_ae as kae
from keras_ae._support.errors import InputError
from keras_ae.runs.halves import with_new_half


def retrained(input_shape, code_shape, trained: str, new: str, seed: int = 0) -> kae.Autoencoder:
    """A trained CAE with one half initialised anew, the other frozen.

    Args:
        input_shape: (height, width, channels) of the images.
        code_shape: Of the code.
        trained: File of the trained model.
        new: "encoder" or "decoder".
        seed: Of the new half's weights.

    Raises:
        InputError: If the model is not there, or has other shapes.
    """
    if not Path(trained).is_file():
        raise InputError(f"no {trained}", "a trained model", "run the study's preset cpu first, from here")
    model = kae.load_model(trained)
    if (model.image_shape, model.code_shape) != (tuple(input_shape), tuple(code_shape)):
        raise InputError(
            f"{trained}, of {model.image_shape} images and {model.code_shape} codes",
            f"{tuple(input_shape)} and {tuple(code_shape)}",
            "train it again",
        )
    return with_new_half(model, new, seed)

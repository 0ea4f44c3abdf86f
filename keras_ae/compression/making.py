"""Makes codecs from a trained autoencoder."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae._support.execution import require_tensorflow
from keras_ae.bottlenecks import EntropyCoded
from keras_ae.compression.codec import Codec
from keras_ae.compression.coder import require_coder
from keras_ae.compression.entropy import Independent
from keras_ae.compression.identity import identity_of
from keras_ae.compression.networks import Networks, networks_of
from keras_ae.compression.priors import entropy_of
from keras_ae.compression.tables import of_values


def codecs_at(model, images, steps: Iterable[float]) -> Iterator[Codec]:
    """Returns codecs that share their networks; see `Codec.at_steps`."""
    require_tensorflow("compress")
    require_coder()
    steps = tuple(steps)
    for step in steps:
        if not 0 < step < float("inf"):
            raise InputError(f"step={step}", "a number above 0")
    if isinstance(images, Iterator):  # images are read once for each step
        images = list(images)
    networks = networks_of(model)
    if images is None and not isinstance(model.bottleneck, EntropyCoded):
        received = f"no images for a codec with a {type(model.bottleneck).__name__} bottleneck"
        raise InputError(received, "images to count codes of", "give images, such as those of the training")
    traced = networks.traced()
    return (_codec(model, images, step, networks, traced) for step in steps)


def _codec(model, images, step: float, networks: Networks, traced: dict[str, Callable]) -> Codec:
    import tensorflow as tf

    coded = isinstance(model.bottleneck, EntropyCoded)
    width = step * model.bottleneck.step if coded else step
    constant = tf.constant(width, tf.float32)
    functions = {name: lambda array, f=function: f(array, constant) for name, function in traced.items()}
    parts = networks.image_shape, networks.code_shape, networks.stride
    if coded:
        entropy = entropy_of(model.bottleneck, step)
    else:
        counting = Codec(*parts, Independent(of_values(np.zeros((1, 1)))), functions, b"", None)
        codes = [arrays[0].reshape(-1, arrays[0].shape[-1]) for arrays, _ in counting._encoded(images)]
        entropy = Independent(of_values(np.concatenate(codes)))
    return Codec(*parts, entropy, functions, identity_of(model, entropy, step), (networks, width))

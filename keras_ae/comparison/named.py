"""Candidates with the bottlenecks that a user names: pure functions, without Keras."""

from keras_ae.catalogue import BOTTLENECKS
from keras_ae.code_shapes import strides_for
from keras_ae.comparison.candidate import (
    CONVOLUTIONAL_OPTIONS,
    STRIDED_FILTERS,
    Candidate,
    Codes,
    ImageShape,
    strided_layers,
    variational_beta,
)
from keras_ae.runs import ModelConfig, format_code


def named_candidates(image_shape: ImageShape, codes: Codes, bottlenecks: tuple[str, ...]) -> list[Candidate]:
    """A candidate for each code and each bottleneck: convolutional ones for maps, strided ones for vectors.

    The weight β of a divergence, if any, is the one that turns the mean squared error into the negative ELBO of a
    Gaussian with deviation 0.1 around each pixel; all other options are the bottlenecks' defaults. If the images'
    sides are not divisible by 4, fully connected networks make the vectors.

    Args:
        image_shape: (height, width, channels).
        codes: The codes; its `variational` is ignored.
        bottlenecks: Names in the catalogue, or MODULE:CLASS.

    Raises:
        InputError: There is no such bottleneck, or a code cannot be made from these images.

    Example:
        >>> codes = Codes(vectors=((8,),))
        >>> [c.name for c in named_candidates((8, 8, 1), codes, ("dense", "vector_quantized"))]
        ['strided-dense-8', 'strided-vector_quantized-8']
    """
    maps = [_convolutional(image_shape, shape, name) for shape in codes.maps for name in bottlenecks]
    return maps + [_vector(image_shape, shape, name) for shape in codes.vectors for name in bottlenecks]


def _convolutional(image_shape: ImageShape, shape, bottleneck: str) -> Candidate:
    layers = strided_layers(image_shape)
    strides_for(image_shape, shape[:2], layers)  # refuses shapes that the layers cannot make
    return _candidate(
        "convolutional", image_shape, shape, bottleneck, f"strided_layers={layers}", *CONVOLUTIONAL_OPTIONS
    )


def _vector(image_shape: ImageShape, shape, bottleneck: str) -> Candidate:
    if image_shape[0] % 4 or image_shape[1] % 4:
        return _candidate("fully_connected", image_shape, shape, bottleneck)
    return _candidate("strided", image_shape, shape, bottleneck, f"filters={STRIDED_FILTERS}")


def _candidate(architecture: str, image_shape: ImageShape, shape, bottleneck: str, *options: str) -> Candidate:
    if "beta" in BOTTLENECKS.keywords(bottleneck):  # refuses unknown names
        options += (f"bottleneck.beta={variational_beta(image_shape):.3g}",)
    code, short = format_code(shape), bottleneck.rpartition(":")[2]
    return Candidate(f"{architecture}-{short}-{code}", ModelConfig(architecture, code, bottleneck, options))

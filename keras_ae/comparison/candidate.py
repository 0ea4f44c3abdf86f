"""The bottlenecks worth trying on images of a given shape: pure functions, without Keras."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod

from keras_ae._support.errors import InputError
from keras_ae.code_shapes import check_divisible, code_channels, code_sizes, strides_for
from keras_ae.runs import ModelConfig, format_code, parse_code

SIZES = 3  # s_1, s_2 and s_3, as in the bottleneck-shape paper
COMPRESSIONS = (Fraction(1, 64), Fraction(1, 16), Fraction(1, 4))
MORE_COMPRESSIONS = (Fraction(1, 32), Fraction(1, 8), Fraction(1, 2))
ENOUGH = 6
# Networks that can follow each image's brightness, which the paper's instance normalisation takes away.
BRIGHTNESS_OPTIONS = ("normalize='batch'", "normalize_output=False", "output_activation='sigmoid'")
# Narrower and shallower than the paper's network, which has 50 million parameters.
CONVOLUTIONAL_OPTIONS = ("width=4", "residual_blocks=1", *BRIGHTNESS_OPTIONS)
STRIDED_FILTERS = 16
LONGEST_VECTOR = 512
DECODER_DEVIATION = 0.1  # of the Gaussian likelihood of each pixel that a variational autoencoder's β implies

ImageShape = tuple[int, int, int]


def family_of(name: str) -> str:
    """The name of a candidate without its code: "strided-dense" for "strided-dense-8"."""
    return name.rsplit("-", 1)[0]


@dataclass(frozen=True)
class Candidate:
    """A model to try.

    Attributes:
        name: Kind and code of the model, such as "strided-dense-16".
        model: Configuration of the model.
        learning_rate: Its own learning rate; None means the comparison's.

    Example:
        >>> Candidate("strided-dense-16", ModelConfig("strided", "16", "dense")).family
        'strided-dense'
    """

    name: str
    model: ModelConfig
    learning_rate: float | None = None

    @property
    def family(self) -> str:
        """Name without the code: "strided-dense"."""
        return family_of(self.name)


@dataclass(frozen=True)
class Codes:
    """Shapes of codes to try.

    Attributes:
        maps: (height, width, channels) of feature maps.
        vectors: (length,) of code vectors.
        variational: The vectors to try with a variational bottleneck as well.

    Example:
        >>> codes = Codes(maps=((2, 2, 4),), vectors=((8,),))
        >>> [candidate.name for candidate in build_candidates((8, 8, 1), codes)]
        ['convolutional-2x2x4', 'strided-dense-8', 'fully_connected-dense-8']
    """

    maps: tuple[tuple[int, ...], ...] = ()
    vectors: tuple[tuple[int, ...], ...] = ()
    variational: tuple[tuple[int, ...], ...] = ()


def parse_codes(texts: Sequence[str]) -> Codes:
    """The shapes that texts such as "4x4x16" and "32" stand for, without repeats; none of them variational.

    Raises:
        InputError: A text is not a code.

    Example:
        >>> parse_codes(("4x4x2", "8", "8"))
        Codes(maps=((4, 4, 2),), vectors=((8,),), variational=())
    """
    shapes = [parse_code(text) for text in dict.fromkeys(texts)]
    return Codes(*(tuple(shape for shape in shapes if len(shape) == rank) for rank in (3, 1)))


def build_candidates(image_shape: ImageShape, codes: Codes) -> list[Candidate]:
    """A convolutional autoencoder for each map; strided ones, and a fully connected one, for the vectors.

    Args:
        image_shape: (height, width, channels).
        codes: The codes to build. If the images' sides are not divisible by 4, fully connected networks make all
            vectors, and none is variational.

    Raises:
        InputError: A code cannot be made from these images.
    """
    return [
        *(_convolutional(image_shape, shape) for shape in codes.maps),
        *_vectors(image_shape, codes.vectors, codes.variational),
    ]


def strided_layers(image_shape: ImageShape) -> int:
    """How often to halve the images: down to a map of at least 3 positions a side (2 for tiny images).

    Raises:
        InputError: The images' sides cannot be halved even once.
    """
    check_divisible(image_shape, 2)
    side = min(image_shape[:2])
    least = 3 if side >= 12 else 2
    divides = [n for n in range(1, 6) if all(s % 2**n == 0 for s in image_shape[:2])]
    return max((n for n in divides if side // 2**n >= least), default=1)


def map_shapes(image_shape: ImageShape) -> tuple[tuple[int, ...], ...]:
    """Returns feature maps (h, w, c) of three sizes with 1/64, 1/16 and 1/4 of the image's values.

    If fewer than six of these exist, those with 1/32, 1/8 and 1/2 are added. The smallest size comes first.

    Example:
        >>> map_shapes((28, 28, 1))
        ((7, 7, 1), (7, 7, 2), (7, 7, 4), (7, 7, 8), (14, 14, 1), (14, 14, 2))
    """
    sizes = [size for size in code_sizes(image_shape, strided_layers(image_shape)) if prod(size) > 1][:SIZES]
    shapes = _with_compressions(image_shape, sizes, COMPRESSIONS)
    if len(shapes) < ENOUGH:
        shapes += _with_compressions(image_shape, sizes, MORE_COMPRESSIONS)
    return tuple(sorted(shapes, key=lambda shape: (prod(shape[:2]), shape[2])))


def vector_shapes(image_shape: ImageShape, parts: Sequence[int]) -> tuple[tuple[int], ...]:
    """Vectors with 1/part of the image's values for each of `parts`: at least 2, at most 512; shortest first.

    Example:
        >>> vector_shapes((28, 28, 1), parts=(64, 16))
        ((12,), (49,))
    """
    lengths = {min(max(2, prod(image_shape) // part), LONGEST_VECTOR) for part in parts}
    return tuple((length,) for length in sorted(lengths))


def variational_beta(image_shape: ImageShape) -> float:
    """The weight β that makes MSE + β KL the negative ELBO of a Gaussian likelihood, up to factor and constant."""
    return 2 * DECODER_DEVIATION**2 / prod(image_shape)


def _with_compressions(image_shape, sizes, compressions) -> list[tuple[int, int, int]]:
    shapes = []
    for size in sizes:
        for compression in compressions:
            try:
                shapes.append((*size, code_channels(image_shape, size, compression)))
            except InputError:
                continue  # not a whole number of channels: this pair does not exist
    return shapes


def _convolutional(image_shape, shape) -> Candidate:
    layers = strided_layers(image_shape)
    strides_for(image_shape, shape[:2], layers)  # refuses shapes that the layers cannot make
    options = (f"strided_layers={layers}", *CONVOLUTIONAL_OPTIONS)
    code = format_code(shape)
    return Candidate(f"convolutional-{code}", ModelConfig("convolutional", code, "identity", options))


def _vectors(image_shape, shapes, variational) -> list[Candidate]:
    """Candidates for the vectors: deterministic, variational, and a fully connected one with the shortest."""
    if not shapes:
        return []
    if image_shape[0] % 4 or image_shape[1] % 4:
        return [_vector("fully_connected", "dense", shape) for shape in shapes]
    options = (f"filters={STRIDED_FILTERS}",)
    beta_option = f"bottleneck.beta={variational_beta(image_shape):.3g}"
    return [
        *(_vector("strided", "dense", shape, options) for shape in shapes),
        *(_vector("strided", "variational", shape, (*options, beta_option)) for shape in variational),
        _vector("fully_connected", "dense", min(shapes)),
    ]


def _vector(architecture: str, bottleneck: str, shape, options: tuple[str, ...] = ()) -> Candidate:
    code = format_code(shape)
    return Candidate(f"{architecture}-{bottleneck}-{code}", ModelConfig(architecture, code, bottleneck, options))

"""Which bottlenecks are worth trying on images of a given shape: a pure function, without Keras."""

from dataclasses import dataclass
from fractions import Fraction
from math import prod

from keras_ae.code_shapes import check_divisible, code_channels, code_sizes, strides_for
from keras_ae.errors import InputError
from keras_ae.studies.config import ModelConfig, format_code, parse_code

SIZES = 3  # s_1, s_2 and s_3, as in the bottleneck-shape paper
COMPRESSIONS = (Fraction(1, 64), Fraction(1, 16), Fraction(1, 4))
MORE_COMPRESSIONS = (Fraction(1, 32), Fraction(1, 8), Fraction(1, 2))
ENOUGH = 6
# Narrower and shallower than the paper's network, which has 50 million parameters; and with an output that can
# follow each image's brightness, which instance normalisation takes away.
CONVOLUTIONAL_OPTIONS = ("width=4", "residual_blocks=1", "normalize_output=False", "output_activation='sigmoid'")
STRIDED_FILTERS = 16
LONGEST_VECTOR = 512
PARTS = {
    "reconstruct": (16, 4),
    "generate": (64, 16, 8),
    "detect": (96, 48, 24),
}  # of an image's values, as vectors
DECODER_DEVIATION = 0.1  # of the Gaussian around each pixel that a variational autoencoder's β stands for


@dataclass(frozen=True)
class Candidate:
    """A model to try, under a name that tells its kind and code."""

    name: str
    model: ModelConfig


def candidates(
    image_shape: tuple[int, int, int], purpose: str = "reconstruct", codes: tuple[str, ...] = ()
) -> list[Candidate]:
    """The bottlenecks that `compare` tries: feature maps of three sizes, code vectors, a variational code.

    Args:
        image_shape: (height, width, channels).
        purpose: What the bottleneck is for: "reconstruct"; "generate": densities can be fitted to vectors, so only
            these are tried, and each of them variational as well (where the images' sides divide by 4); "detect":
            feature maps, and vectors short enough that what is unusual does not fit into them.
        codes: Codes to try instead of the chosen ones: "HEIGHTxWIDTHxCHANNELS" becomes a convolutional
            autoencoder, "LENGTH" the deterministic and variational ones with such a vector.

    Raises:
        InputError: If the images' sides cannot be halved even once, or a code cannot be made of them.
    """
    if purpose not in PARTS:
        raise InputError(f"purpose {purpose!r}", " or ".join(map(repr, PARTS)))
    if codes:
        shapes = [parse_code(code) for code in dict.fromkeys(codes)]
        maps, vectors = ([s for s in shapes if len(s) == rank] for rank in (3, 1))
    else:
        maps = [] if purpose == "generate" else _map_shapes(image_shape)
        lengths = {min(max(2, prod(image_shape) // part), LONGEST_VECTOR) for part in PARTS[purpose]}
        vectors = [(length,) for length in sorted(lengths)]
    variational = vectors if purpose == "generate" else [min(vectors)] if vectors else []
    return [*(_convolutional(image_shape, shape) for shape in maps), *_vectors(image_shape, vectors, variational)]


def strided_layers(image_shape: tuple[int, int, int]) -> int:
    """How often to halve the images: down to a map of at least 3 positions a side (2 for tiny images)."""
    check_divisible(image_shape, 2)
    side = min(image_shape[:2])
    least = 3 if side >= 12 else 2
    divides = [n for n in range(1, 6) if all(s % 2**n == 0 for s in image_shape[:2])]
    return max((n for n in divides if side // 2**n >= least), default=1)


def _map_shapes(image_shape) -> list[tuple[int, int, int]]:
    sizes = [size for size in code_sizes(image_shape, strided_layers(image_shape)) if prod(size) > 1][:SIZES]
    shapes = _of_compressions(image_shape, sizes, COMPRESSIONS)
    if len(shapes) < ENOUGH:
        shapes += _of_compressions(image_shape, sizes, MORE_COMPRESSIONS)
    return sorted(shapes, key=lambda shape: (prod(shape[:2]), shape[2]))


def _of_compressions(image_shape, sizes, compressions) -> list[tuple[int, int, int]]:
    shapes = []
    for size in sizes:
        for compression in compressions:
            try:
                shapes.append((*size, code_channels(image_shape, size, compression)))
            except InputError:
                continue  # No whole number of channels: this pair does not exist.
    return shapes


def _convolutional(image_shape, shape) -> Candidate:
    layers = strided_layers(image_shape)
    strides_for(image_shape, shape[:2], layers)  # refuses what the layers cannot make
    options = (f"strided_layers={layers}", *CONVOLUTIONAL_OPTIONS)
    code = format_code(shape)
    return Candidate(f"convolutional-{code}", ModelConfig("convolutional", code, "identity", options))


def _vectors(image_shape, shapes, variational) -> list[Candidate]:
    """Deterministic vectors of each length, variational ones of some, a fully-connected one of the shortest."""
    if not shapes:
        return []
    if image_shape[0] % 4 or image_shape[1] % 4:
        return [_vector("fully_connected", "dense", shape) for shape in shapes]
    options = (f"filters={STRIDED_FILTERS}",)
    # A Gaussian likelihood of deviation σ turns the mean squared error plus β·KL into the negative ELBO.
    beta = 2 * DECODER_DEVIATION**2 / prod(image_shape)
    beta_option = f"bottleneck.beta={beta:.3g}"
    return [
        *(_vector("strided", "dense", shape, options) for shape in shapes),
        *(_vector("strided", "variational", shape, (*options, beta_option)) for shape in variational),
        _vector("fully_connected", "dense", min(shapes)),
    ]


def _vector(architecture: str, bottleneck: str, shape, options: tuple[str, ...] = ()) -> Candidate:
    code = format_code(shape)
    return Candidate(f"{architecture}-{bottleneck}-{code}", ModelConfig(architecture, code, bottleneck, options))

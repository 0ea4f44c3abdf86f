"""The code shapes that a strided network can produce: equations 5 and 6 of the bottleneck-shape paper.

An image of s_in pixels a side passes n strided layers. With all strides 2 the code has the size
s_1 = s_in / 2^n; turning the last stride into 1 gives s_2 = 2·s_1, the last two s_3 = 4·s_1, and so on. Sizes
are (height, width) pairs here, since images need not be square.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import inf, prod
from numbers import Integral, Real
from typing import Any

from keras_ae._support.errors import InputError


def code_sizes(image_shape: tuple[int, ...], strided_layers: int) -> list[tuple[int, int]]:
    """Returns all (height, width) that `strided_layers` layers of stride 2 or 1 make, smallest first (eq. 5)."""
    height, width = image_shape[:2]
    factors = [2**halvings for halvings in range(strided_layers, -1, -1)]
    return [(height // f, width // f) for f in factors if height % f == 0 and width % f == 0]


def code_channels(image_shape: tuple[int, int, int], size: tuple[int, int], compression) -> int:
    """Returns the channels of a code of the given size with `compression` times the image's values (eq. 6).

    Args:
        image_shape: (height, width, channels).
        size: (height, width) of the code.
        compression: Code values per image value, for example 1/64; a float, or exact as `fractions.Fraction`.

    Raises:
        InputError: If this is not a whole number of channels.
    """
    ratio = Fraction(compression).limit_denominator(1 << 20)
    channels = ratio * prod(image_shape) / prod(size)
    if channels.denominator != 1 or channels < 1:
        per_channel = Fraction(prod(size), prod(image_shape))
        raise InputError(
            f"compression {ratio} at code size {_x(size)}, which is {float(channels):g} channels",
            f"a multiple of {per_channel} for images of {_x(image_shape)}",
            "choose another compression or code size",
        )
    return int(channels)


def strides_for(image_shape: tuple[int, ...], size: tuple[int, int], strided_layers: int) -> tuple[int, ...]:
    """Returns the strides (2 first, then 1) by which `strided_layers` layers reduce an image to a code size.

    Raises:
        InputError: If the layers cannot produce that size; it names sizes that they can.
    """
    strided_layers = whole_number("strided_layers", strided_layers, 0)
    valid = code_sizes(image_shape, strided_layers)
    if tuple(size) not in valid:
        raise InputError(
            f"code size {_x(size)} for images of {_x(image_shape)} and {strided_layers} strided layers",
            f"one of {', '.join(map(_x, nearest(size, valid)))}",
            "choose one of these, or resize the images",
        )
    halvings = int(image_shape[0] // size[0]).bit_length() - 1
    return (2,) * halvings + (1,) * (strided_layers - halvings)


def halvings_between(image_shape: tuple[int, ...], size: tuple[int, ...]) -> int:
    """Returns how often to halve an image's sides, at least once, to get a code's (height, width) `size`.

    Raises:
        InputError: No number of halvings gives that size.
    """
    height, width = image_shape[:2]
    valid = [(height >> n, width >> n) for n in range(1, 9) if not (height % (1 << n) or width % (1 << n))]
    given = (int(size[0]), int(size[1]))
    if given not in valid:
        raise InputError(
            f"code size {_x(size)} for images of {_x((height, width))}",
            f"sides halved a few times: {', '.join(map(_x, nearest(size, valid)))}" if valid else "even sides",
            "choose one of these, or resize the images" if valid else "resize the images",
        )
    return valid.index(given) + 1


def check_divisible(image_shape: tuple[int, ...], factor: int) -> None:
    """Refuses images whose sides are not multiples of `factor`; the `InputError` names the nearest valid sizes."""
    if any(side < factor or side % factor for side in image_shape[:2]):
        below = [max(side // factor, 1) * factor for side in image_shape[:2]]
        above = [-(-side // factor) * factor for side in image_shape[:2]]
        sizes = " or ".join(dict.fromkeys([_x(below), _x(above)]))
        raise InputError(
            f"images of {_x(image_shape[:2])} pixels",
            f"height and width that {factor} divides",
            f"resize them to {sizes}",
        )


def check_convolutional(image_shape: tuple[int, ...], keywords: Mapping[str, Any]) -> None:
    """Refuses images and codes that architecture `convolutional` cannot join with its keywords (`InputError`)."""
    strides_for(image_shape, keywords["code_shape"][:2], keywords.get("strided_layers", 5))


def check_compressive(image_shape: tuple[int, ...], keywords: Mapping[str, Any]) -> None:
    """Refuses images and codes that architecture `compressive` cannot join with its keywords (`InputError`)."""
    halvings_between(image_shape, keywords["code_shape"][:2])


def check_cosine_blocks(image_shape: tuple[int, ...], keywords: Mapping[str, Any]) -> None:
    """Refuses images and codes that architecture `cosine_blocks` cannot join with its keywords (`InputError`)."""
    block_of(image_shape, keywords["code_shape"])


def block_of(image_shape: tuple[int, ...], code_shape: tuple[int, ...]) -> tuple[int, int]:
    """Returns the (rows, columns) of the block of pixels that each position of a code map represents.

    Raises:
        InputError: If the map's sides do not divide the image's, or a block has fewer values than channels.
    """
    sides, size, channels = image_shape[:2], code_shape[:2], code_shape[-1]
    if any(side % part for side, part in zip(sides, size, strict=True)):
        expected = "a map whose height and width divide the image's"
        raise InputError(f"code size {_x(size)} for images of {_x(sides)}", expected, "choose another --code")
    rows, columns = (side // part for side, part in zip(sides, size, strict=True))
    values = rows * columns * image_shape[-1]
    if channels > values:
        received = f"{channels} channels for blocks of {_x((rows, columns, image_shape[-1]))} values"
        raise InputError(received, f"at most {values}", "give fewer channels, or a smaller map")
    return rows, columns


def check_strided(image_shape: tuple[int, ...], keywords: Mapping[str, Any]) -> None:
    """Refuses images that architecture `strided` cannot halve as often as these keywords ask (`InputError`)."""
    strides = whole_number("image_strides", keywords.get("image_strides", 1))
    check_divisible(image_shape, strides * 2 ** decoder_halvings(image_shape, **_given(keywords)))


def decoder_halvings(
    image_shape: tuple[int, ...], decoder_layers: int | None = 2, strided_layers: int = 4, image_strides: int = 1
) -> int:
    """Returns how often a strided decoder doubles its first maps, apart from undoing the image's own strides.

    This is `decoder_layers`; None stands for as often as the encoder halves, as far as the image's sides are even.
    """
    if decoder_layers is not None:
        return whole_number("decoder_layers", decoder_layers)
    image_strides = whole_number("image_strides", image_strides)
    sides = [side // image_strides for side in image_shape[:2]]
    layers = whole_number("strided_layers", strided_layers)
    possible = [n for n in range(1, layers + 1) if not any(side % 2**n for side in sides)]
    return max(possible, default=1)


def _given(keywords: Mapping[str, Any]) -> dict[str, Any]:
    names = "decoder_layers", "strided_layers", "image_strides"
    return {name: keywords[name] for name in names if name in keywords}


def image_shape_of(shape) -> tuple[int, int, int]:
    """Returns (height, width, channels) as Python integers.

    Raises:
        InputError: The shape is invalid, or Keras is set to "channels_first".
    """
    check_channels_last()
    match shape:
        case (Integral() as height, Integral() as width, Integral() as channels) if min(shape) > 0:
            return int(height), int(width), int(channels)
    action = "add the channels: 1 for grey images, 3 for coloured ones"
    raise InputError(f"image shape {shape!r}", "(height, width, channels), such as (28, 28, 1)", action)


def map_shape_of(shape) -> tuple[int, int, int]:
    """Returns a code map's (height, width, channels) as Python integers; refuses other shapes (`InputError`)."""
    match shape:
        case (Integral() as height, Integral() as width, Integral() as channels) if min(shape) > 0:
            return int(height), int(width), int(channels)
    raise InputError(f"code shape {shape!r}", "(height, width, channels), such as (4, 4, 16)")


def check_channels_last() -> None:
    """Refuses Keras's setting "channels_first": images are [batch, height, width, channels] (`InputError`)."""
    import keras  # needed only to build models: most of this module runs before Keras is loaded

    if keras.config.image_data_format() != "channels_last":
        action = "call keras.config.set_image_data_format('channels_last') before building models"
        raise InputError("Keras's image_data_format 'channels_first'", "'channels_last'", action)


def vector_length(code_shape: tuple[int, ...]) -> int:
    """Returns the length of a vector code; refuses other shapes (`InputError`)."""
    match code_shape:
        case (length,) if isinstance(length, Integral) and length > 0:
            return int(length)
    raise InputError(f"code shape {code_shape!r}", "(length,), such as (10,)", "give the code's length alone")


def whole_number(name: str, value, least: int = 1) -> int:
    """Returns a whole number of at least `least`, 0 or 1, as a Python integer; refuses others (`InputError`)."""
    if not isinstance(value, Integral) or value < least:
        raise InputError(f"{name}={value!r}", "a whole number above 0" if least else "a whole number, 0 or above")
    return int(value)


def whole_numbers(name: str, values) -> tuple[int, ...]:
    """Returns a tuple of values, each a `whole_number`; a single value becomes a tuple of one."""
    values = values if isinstance(values, Iterable) else (values,)
    return tuple(whole_number(name, value) for value in values)


def not_negative(**numbers) -> None:
    """Refuses numbers below 0, NaN and infinite ones, by name (`InputError`)."""
    for name, number in numbers.items():
        if not (isinstance(number, Real) and 0 <= float(number) < inf):
            raise InputError(f"{name}={number!r}", "a number, 0 or more")


def shapes_agree(one, other) -> bool:
    """Whether two shapes may be equal, as far as their axes are known."""
    if len(one) != len(other):
        return False
    return all(None in (a, b) or a == b for a, b in zip(one, other, strict=True))


def nearest(size: tuple[int, ...], valid: Iterable[tuple[int, ...]], count: int = 4) -> list[tuple[int, ...]]:
    """Returns the `count` valid sizes nearest to `size` in area, in ascending order."""
    return sorted(sorted(valid, key=lambda v: abs(prod(v) - prod(size)))[:count])


def _x(shape) -> str:
    return "×".join(map(str, shape))

"""A bottleneck as a layer or by name, as architectures and the command line take it."""

from keras_ae.bottlenecks.base import Bottleneck
from keras_ae.catalogue import BOTTLENECKS
from keras_ae.errors import InputError


def as_bottleneck(bottleneck: Bottleneck | str, units: int, **options) -> Bottleneck:
    """A bottleneck of `units` code values (at each position), from its name; a layer is returned as it is.

    Raises:
        InputError: If it is neither, there is no bottleneck of that name, or it does not take one of the options.
    """
    if isinstance(bottleneck, Bottleneck):
        return bottleneck
    if not isinstance(bottleneck, str):
        raise _no_bottleneck(bottleneck)
    BOTTLENECKS.check_options(bottleneck, options)
    if "units" in BOTTLENECKS.keywords(bottleneck):
        options = {"units": units, **options}
    return BOTTLENECKS[bottleneck](name="bottleneck", **options)


def _no_bottleneck(given) -> InputError:
    if isinstance(given, type) and issubclass(given, Bottleneck):
        return InputError(f"the class {given.__name__}", "a bottleneck", f"make one: {given.__name__}(…)")
    expected = 'one of keras_ae.bottlenecks, such as Dense(32), or a name, such as "dense"'
    return InputError(f"{given!r} as bottleneck", expected)

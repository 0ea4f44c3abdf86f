"""Bottlenecks given as layers or by name, as architectures and the command line accept them."""

from keras_ae._support.errors import InputError
from keras_ae.bottlenecks.base import Bottleneck
from keras_ae.catalogue import BOTTLENECKS


def as_bottleneck(bottleneck: Bottleneck | str, units: int, **options) -> Bottleneck:
    """Returns the named bottleneck with `units` code values (at each position); returns a given layer unchanged.

    Raises:
        InputError: If the argument is neither a layer nor a known name, or an option is not accepted.

    Example:
        >>> kae.bottlenecks.as_bottleneck("variational", units=8, beta=0.5).beta
        0.5
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

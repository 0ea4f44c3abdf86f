"""A bottleneck as a layer or by name, as architectures and the command line take it."""

from keras_ae.bottlenecks.base import Bottleneck
from keras_ae.catalogue import BOTTLENECKS


def as_bottleneck(bottleneck: Bottleneck | str, units: int, **options) -> Bottleneck:
    """A bottleneck of `units` code values (at each position), from its name; a layer is returned as it is.

    Raises:
        InputError: If there is no bottleneck of that name, or it does not take one of the options.
    """
    if isinstance(bottleneck, Bottleneck):
        return bottleneck
    BOTTLENECKS.check_options(bottleneck, options)
    if "units" in BOTTLENECKS.keywords(bottleneck):
        options = {"units": units, **options}
    return BOTTLENECKS[bottleneck](name="bottleneck", **options)

"""Parts of graphs that several endpoints share."""

from collections.abc import Callable


def traced_once(function: Callable) -> Callable:
    """A function of tensors that is traced once for all graphs that call it, so that files have it once.

    Called outside of a graph it is as it was.
    """
    import tensorflow as tf

    traced = tf.function(function, autograph=False, reduce_retracing=True)

    def call(*tensors):
        return function(*tensors) if tf.executing_eagerly() else traced(*tensors)

    return call

"""A finished run as a codec."""

from itertools import islice

from keras_ae._support.directories import check_replaceable
from keras_ae._support.pixels import at_once
from keras_ae.bottlenecks import EntropyCoded
from keras_ae.compression import Codec, check_model
from keras_ae.runs.run import Run

COUNTED = 2048  # training images whose codes are counted


def export_codec(run, out, step: float = 1.0, progress: bool = True) -> Codec:
    """Writes the codec of a finished run's autoencoder to a directory, and returns it.

    Args:
        run: Directory of the run.
        out: Directory of the codec.
        step: Step to which code values are rounded; see `keras_ae.compression.Codec.of`.
        progress: Whether to show progress bars while images are loaded to count their codes, which is done unless
            the bottleneck has a prior of its own.

    Raises:
        InputError: `out` holds anything else, or `Codec.of` refuses the model or the step.

    Example:
        >>> run = kae.runs.pretrained_models()["variational_digits"]
        >>> codec = kae.runs.export_codec(run, "codec", step=0.1, progress=False)
        >>> codec.image_shape
        (8, 8, 1)
    """
    run = Run.open(run)
    check_replaceable(out)
    check_model(run.model)  # before its images are read
    images = None
    if not isinstance(run.model.bottleneck, EntropyCoded):
        config = run.config
        seen = run.load_data(progress)
        few = at_once(seen.image_shape, config.training.batch_size)
        images = list(islice(seen.pipeline("train", shuffle=False, batch_size=few), -(-COUNTED // few)))
    codec = Codec.of(run.model, images, step)
    codec.save(out)
    return codec

"""Inception features: from the graph of 2015-12-05, which defines the FID, and from Keras's ImageNet weights."""

import hashlib
import os
from pathlib import Path

import keras
import numpy as np

from keras_ae._support.errors import InputError
from keras_ae.data import cache_directory, data_directory
from keras_ae.evaluation.samples.feature_images import to_channels, to_size

FILE = "classify_image_graph_def.pb"
FILE_VARIABLE = "KERAS_AE_INCEPTION"
URL = f"https://openaipublic.blob.core.windows.net/diffusion/jul-2021/ref_batches/{FILE}"
# To check for the complete, published file; this guards against mistakes, not forgery.
BYTES, MD5 = 95_673_916, "e6bb154e85f5d4331c22abcddb5dcf31"
_IMAGES = 50  # at a time: activations of 299 × 299 pixels are large


class InceptionGraphFeatures:
    """The layer pool_3 of the Inception v3 graph of 2015-12-05: the features [n, 2048] of published FIDs.

    As in the code of Heusel et al., 2017, pixels are integers from 0 to 255 (rounded here, as if the images had
    been saved), and the graph itself resizes them to 299 × 299, bilinearly and without antialiasing. Grey images
    get three equal channels. It needs TensorFlow.

    Args:
        path: The file `classify_image_graph_def.pb`.
        md5: MD5 of the file, hexadecimal; None accepts any file.

    Raises:
        InputError: If the file is missing, damaged or a different one.
    """

    name = "inception-2015-12-05"

    def __init__(self, path, md5: str | None = MD5):
        content = _checked(Path(path), md5)
        import tensorflow as tf

        try:
            definition = tf.compat.v1.GraphDef.FromString(content)
            graph = tf.Graph()
            with graph.as_default():
                # A placeholder in place of the decoder, whose graph takes one image at a time.
                self._images = tf.compat.v1.placeholder(tf.float32, [None, None, None, 3])
                (self._pool,) = tf.graph_util.import_graph_def(
                    definition, {"ExpandDims:0": self._images}, ["pool_3:0"], name=""
                )
        except Exception as error:  # protobuf's own type, or ValueError for names that are not there
            action = "give the original file"
            raise InputError(f"{path} ({error})", "the Inception graph of 2015-12-05", action) from None
        # A session, since tf.function can no longer run the graph's normalisation.
        self._session = tf.compat.v1.Session(graph=graph)

    def __call__(self, images) -> np.ndarray:
        """Returns the features, float32 [n, 2048], of images, float32 [n, h, w, 1 or 3] in [0, 1]."""
        images = np.round(255.0 * np.clip(to_channels(images, 3), 0.0, 1.0))
        parts = [
            self._session.run(self._pool, {self._images: images[start : start + _IMAGES]})
            for start in range(0, len(images), _IMAGES)
        ]
        return np.concatenate(parts).reshape(len(images), -1)


class KerasInceptionFeatures:
    """The averaged last feature maps [n, 2048] of Keras's InceptionV3, for 299 × 299 images.

    It was trained on ImageNet, but not by the authors of the 2015-12-05 graph, so its distances are not comparable
    with published FIDs.

    Args:
        weights: "imagenet", which Keras downloads on first use; the path of a weights file without the top layer;
            or None for random weights.

    Raises:
        InputError: If the weights are missing and cannot be downloaded.
    """

    name = "keras-inception-v3"

    def __init__(self, weights="imagenet"):
        from keras.applications import inception_v3

        if weights not in (None, "imagenet") and not Path(weights).is_file():
            raise _missing(f"no file {weights}", "an existing file of InceptionV3 weights without the top")
        try:
            weights = weights if weights is None else str(weights)
            self._model = inception_v3.InceptionV3(
                include_top=False, weights=weights, pooling="avg", input_shape=(299, 299, 3)
            )
        except Exception as error:  # Keras raises a bare Exception where a download fails, ValueError for a file
            first_line = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise _missing(f"no weights of Keras's InceptionV3 ({first_line})", "them, from a file") from None

    def __call__(self, images) -> np.ndarray:
        """Returns the features, float32 [n, 2048], of images, float32 [n, h, w, 1 or 3] in [0, 1]."""
        images = to_channels(images, 3)
        starts = range(0, len(images), _IMAGES)
        parts = [to_size(images[start : start + _IMAGES], (299, 299)) for start in starts]
        return np.concatenate([self._model.predict_on_batch(2.0 * part - 1.0) for part in parts])


def find_graph(data_dir=None) -> Path | None:
    """Returns the Inception graph's file: KERAS_AE_INCEPTION, or one in the data or cache directory; else None.

    Raises:
        InputError: If KERAS_AE_INCEPTION names a file that does not exist.
    """
    configured = os.environ.get(FILE_VARIABLE)
    if configured:
        if not Path(configured).expanduser().is_file():
            received = f"{configured} from the environment variable {FILE_VARIABLE}"
            raise InputError(received, f"the file {FILE}", "correct or unset it")
        return Path(configured).expanduser()
    directory = data_directory(data_dir)
    places = [*([] if directory is None else [directory]), cache_directory(None)]
    return next((place / FILE for place in places if (place / FILE).is_file()), None)


def download_graph(data_dir=None) -> Path:
    """Downloads the Inception graph, 96 MB, into the data directory or else the user's cache directory.

    Raises:
        InputError: If it cannot be downloaded.
    """
    directory = cache_directory(data_directory(data_dir))
    try:
        path = keras.utils.get_file(FILE, URL, cache_dir=directory, cache_subdir="", file_hash=MD5)
    except Exception as error:  # Keras raises a bare Exception where a download fails, ValueError for a wrong file
        first_line = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise _missing(f"no Inception graph ({first_line})", f"the file {FILE}") from None
    return Path(path)


def _checked(path: Path, md5: str | None) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _missing(f"{path} ({error.strerror})", f"the file {FILE}") from None
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if md5 is not None and digest != md5:
        expected = f"{BYTES:,} bytes with {md5}" if md5 == MD5 else md5
        received = f"{path} of {len(content):,} bytes with the MD5 {digest}"
        raise InputError(received, expected, "download it again")
    return content


def _missing(received: str, expected: str) -> InputError:
    choice = "choose an extractor that comes with the library, such as cifar10-classifier (--extractor)"
    action = f"put it into the data directory or set {FILE_VARIABLE}, or {choice}"
    return InputError(received, expected, action if FILE in expected else choice)

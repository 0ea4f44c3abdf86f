"""Extractors of features: the real loading code on tiny graphs with the original's names, and the classifiers."""

import hashlib
import json

import keras
import numpy as np
import pytest

from keras_ae import data as image_data
from keras_ae._support.errors import InputError
from keras_ae.evaluation import feature_extractor
from keras_ae.evaluation.samples import classifier_features, inception_features
from keras_ae.evaluation.samples.classifier_features import (
    NETWORKS,
    ClassifierFeatures,
    build_classifier,
    load_weights,
)
from keras_ae.evaluation.samples.classifier_training import save_weights, train_classifier
from keras_ae.evaluation.samples.feature_images import to_channels, to_size
from keras_ae.evaluation.samples.inception_features import InceptionGraphFeatures, KerasInceptionFeatures

KERNEL = np.random.default_rng(0).normal(size=(100, 100, 3, 4)).astype("float32") / 1e4
BATCH_NORM = {"mean": 0.1, "variance": 2.0, "beta": 0.3, "gamma": 1.5}
ACCURACIES = {"digits": 0.98, "mnist": 0.98, "cifar10": 0.65}


def _images(n=3, side=20, channels=3):
    return np.random.default_rng(1).random((n, side, side, channels)).astype("float32")


@pytest.fixture(scope="module")
def graph_file(tmp_path_factory):
    """A graph as of 2015: one JPEG file at a time, and a normalisation that TensorFlow has since removed."""
    import tensorflow as tf

    graph = tf.Graph()
    with graph.as_default():
        jpeg = tf.io.decode_jpeg(tf.constant(b"", name="DecodeJpeg/contents"), channels=3, name="DecodeJpeg")
        image = tf.expand_dims(tf.cast(jpeg, tf.float32, name="Cast"), 0, name="ExpandDims")
        size = tf.constant([299, 299], name="ResizeBilinear/size")
        resized = tf.raw_ops.ResizeBilinear(images=image, size=size, name="ResizeBilinear")
        scaled = tf.multiply(tf.subtract(resized, 128.0, name="Sub"), 1 / 128, name="Mul")
        maps = tf.nn.conv2d(scaled, KERNEL, 100, "VALID", name="conv/Conv2D")
        tf.nn.avg_pool2d(maps, [1, 1], 1, "VALID", name="pool_3")
    definition = graph.as_graph_def(add_shapes=True)
    for name, value in BATCH_NORM.items():
        node = definition.node.add(name=f"conv/{name}", op="Const")
        node.attr["dtype"].type = tf.float32.as_datatype_enum
        node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(np.full(4, value, "float32")))
    norm = definition.node.add(name="conv/batchnorm", op="BatchNormWithGlobalNormalization")
    norm.input.extend(["conv/Conv2D", *(f"conv/{name}" for name in BATCH_NORM)])
    norm.attr["T"].type = tf.float32.as_datatype_enum
    norm.attr["variance_epsilon"].f = 0.001
    norm.attr["scale_after_normalization"].b = True
    next(node for node in definition.node if node.name == "pool_3").input[0] = "conv/batchnorm"
    definition.versions.producer = 8
    path = tmp_path_factory.mktemp("inception") / inception_features.FILE
    path.write_bytes(definition.SerializeToString())
    return path, hashlib.md5(path.read_bytes()).hexdigest()


def _resized_as_in_2015(images):
    """Bilinear with pixel i of the result at i · (side / 299) of the source, in NumPy."""
    side = images.shape[1]
    at = np.arange(299) * np.float32(side / 299)
    low = np.floor(at).astype(int)
    high, weight = np.minimum(low + 1, side - 1), (at - low)[:, None]
    rows = images[:, low] * (1 - weight[:, None]) + images[:, high] * weight[:, None]
    return rows[:, :, low] * (1 - weight) + rows[:, :, high] * weight


@pytest.mark.tensorflow
@pytest.mark.parametrize("channels", [1, 3])
def test_the_graph_of_2015_runs_on_batches_with_its_own_resizing(graph_file, channels):
    """Against NumPy; a stride of 100 pixels leaves 2 × 2 positions, and this pool_3 averages nothing."""
    path, md5 = graph_file
    images = _images(channels=channels)
    found = InceptionGraphFeatures(path, md5)(images).reshape(3, 2, 2, 4)
    pixels = _resized_as_in_2015(np.round(255 * np.broadcast_to(images, (3, 20, 20, 3)))) / 128 - 1
    patches = pixels[:, :200, :200].reshape(3, 2, 100, 2, 100, 3)
    maps = np.einsum("nyhxwc,hwcf->nyxf", patches, KERNEL)
    expected = (maps - 0.1) / np.sqrt(2.001) * 1.5 + 0.3
    np.testing.assert_allclose(found, expected, atol=2e-4)


@pytest.mark.tensorflow
def test_any_other_file_is_refused(graph_file, tmp_path):
    path, md5 = graph_file
    with pytest.raises(InputError, match="95,673,916 bytes"):
        InceptionGraphFeatures(path)
    damaged = tmp_path / "damaged.pb"
    damaged.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match=md5):
        InceptionGraphFeatures(damaged, md5)
    with pytest.raises(InputError, match="graph of 2015-12-05"):
        InceptionGraphFeatures(damaged, None)
    with pytest.raises(InputError, match="No such file"):
        InceptionGraphFeatures(tmp_path / "none.pb")


@pytest.mark.tensorflow
def test_the_graph_is_found_in_the_data_directory_or_the_environment(graph_file, monkeypatch, tmp_path):
    path, md5 = graph_file
    monkeypatch.setattr(inception_features.InceptionGraphFeatures.__init__, "__defaults__", (md5,))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_AE_INCEPTION", raising=False)
    monkeypatch.setenv("KERAS_AE_DATA", str(path.parent))
    assert feature_extractor("auto").name == "inception-2015-12-05"
    monkeypatch.delenv("KERAS_AE_DATA")
    assert inception_features.find_graph() is None
    monkeypatch.setenv("KERAS_AE_INCEPTION", str(path))
    assert feature_extractor("inception-2015-12-05").name == "inception-2015-12-05"
    monkeypatch.setenv("KERAS_AE_INCEPTION", str(tmp_path / "none"))
    with pytest.raises(InputError, match="KERAS_AE_INCEPTION"):
        feature_extractor("auto")


def test_what_cannot_be_downloaded_says_so(monkeypatch, tmp_path):
    def fail(*args, **options):
        raise Exception("URL fetch failure")

    monkeypatch.setattr(keras.utils, "get_file", fail)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(InputError, match="URL fetch failure"):
        inception_features.download_graph()
    monkeypatch.setattr(keras.applications.inception_v3, "InceptionV3", fail)
    with pytest.raises(InputError, match="an extractor that comes with the library"):
        feature_extractor("keras-inception-v3")
    with pytest.raises(InputError, match="no file"):
        KerasInceptionFeatures(tmp_path / "none.h5")


@pytest.mark.slow
def test_kerass_inception_takes_small_gray_images():
    extractor = KerasInceptionFeatures(weights=None)
    images = _images(2, 28, 1)
    features = extractor(images)
    assert features.shape == (2, 2048)
    large = to_size(to_channels(images, 3), (299, 299))
    expected = extractor._model.predict(2 * large - 1, verbose=0)
    np.testing.assert_allclose(features, expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("dataset", sorted(NETWORKS))
def test_the_library_carries_classifiers(dataset):
    extractor = ClassifierFeatures(dataset)
    assert extractor.name == f"{dataset}-classifier"
    assert extractor.accuracy > ACCURACIES[dataset]
    height, _, channels = NETWORKS[dataset].image_shape
    features = extractor(_images(2, height, channels))
    assert features.shape == (2, NETWORKS[dataset].filters[-1])
    assert extractor(_images(2, 50, 4 - channels)).shape == features.shape  # of another size and other channels


def test_its_accuracy_on_digits_is_what_it_says():
    extractor = ClassifierFeatures("digits")
    model = build_classifier("digits")
    model.set_weights(load_weights("digits")[0])
    digits = image_data.load("digits", progress=False)
    images = digits.images("test")
    hits = model.predict(images, verbose=0).argmax(axis=1) == digits.labels("test")
    assert np.mean(hits) == pytest.approx(extractor.accuracy, abs=0.003)
    features = extractor(images)  # and the classes are told by the features that it gives
    kernel, bias = model.get_layer("logits").get_weights()
    np.testing.assert_array_equal((features @ kernel + bias).argmax(axis=1) == digits.labels("test"), hits)


@pytest.mark.tensorflow
def test_a_trained_classifier_is_read_back(tmp_path, monkeypatch):
    digits = image_data.load("digits", limit=200, progress=False)
    model, accuracy = train_classifier("digits", digits, epochs=1)
    assert 0 <= accuracy <= 1
    save_weights(model, tmp_path / "feature_weights" / "digits.npz", {"accuracy": accuracy})
    monkeypatch.setattr(classifier_features, "files", lambda package: tmp_path)
    weights, about = load_weights("digits")
    assert about == json.loads(json.dumps({"accuracy": accuracy}))
    for ours, theirs in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    with pytest.raises(InputError, match="classifier_training mnist"):
        load_weights("mnist")


def test_auto_goes_by_the_source(monkeypatch, tmp_path):
    monkeypatch.delenv("KERAS_AE_INCEPTION", raising=False)
    monkeypatch.delenv("KERAS_AE_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    digits = image_data.load("digits", limit=20, progress=False)
    assert feature_extractor("auto", digits).name == "digits-classifier"
    with pytest.raises(InputError, match="mnist-classifier"):
        feature_extractor("mnist-classifer")


def test_gray_and_colour():
    gray, colour = _images(channels=1), _images()
    np.testing.assert_array_equal(to_channels(gray, 3), np.concatenate([gray] * 3, axis=-1))
    expected = colour @ [0.299, 0.587, 0.114]
    np.testing.assert_allclose(to_channels(colour, 1)[..., 0], expected, rtol=1e-5)
    with pytest.raises(InputError, match="1 or 3"):
        to_channels(colour[..., :2], 3)

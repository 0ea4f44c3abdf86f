"""Codecs: whole numbers that come back, files as long as was estimated, and refusals."""

import subprocess
import sys

import keras
import numpy as np
import pytest

import keras_ae as kae
from keras_ae._support.errors import InputError
from keras_ae.bottlenecks import Dense, EntropyCoded, FiniteScalar, ScaleHyperprior, Variational
from keras_ae.compression import HEADER_BYTES, Codec, Container

pytestmark = pytest.mark.tensorflow
IMAGES = np.random.default_rng(0).integers(0, 256, (3, 40, 27, 3), "uint8")
KINDS = [EntropyCoded, ScaleHyperprior, Dense, FiniteScalar, Variational]


def _model(kind=EntropyCoded):
    keras.utils.set_random_seed(0)
    return kae.architectures.compressive((32, 32, 3), (8, 8, 4), filters=8, bottleneck=kind(4))


class _Codecs(dict):
    """A codec of each kind, made when it is first asked for."""

    def __missing__(self, kind):
        self[kind] = Codec.of(_model(kind), IMAGES, step=0.05)
        return self[kind]


@pytest.fixture(scope="module")
def codecs():
    return _Codecs()


@pytest.fixture(scope="module")
def saved(codecs, tmp_path_factory):
    path = tmp_path_factory.mktemp("codecs") / "hyperprior"
    codecs[ScaleHyperprior].save(path)
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_whole_numbers_come_back_and_images_are_those_of_the_network(codecs, kind):
    codec = codecs[kind]
    sent = list(codec._encoded(IMAGES))
    files = codec.compress(IMAGES)
    for (arrays, size), content in zip(sent, files, strict=True):
        read = codec.read(content)
        np.testing.assert_array_equal(read.codes, arrays[-1])
        assert read.size == size
    padded = np.pad(IMAGES, ((0, 0), (0, 0), (0, 1), (0, 0)), mode="edge") / np.float32(255)
    wide = codec._call("from_integers", codec._call("to_integers", padded)["integers"])["images"]
    np.testing.assert_array_equal(codec.decompress(files), wide[:, :40, :27])


def test_layers_that_must_know_their_size_have_codecs_of_one_size():
    """Keras's bilinear upsampling runs on any size, but cannot be traced for all of them."""
    keras.utils.set_random_seed(0)
    options = {"strided_layers": 2, "residual_blocks": 1, "width": 1}
    model = kae.architectures.convolutional((8, 8, 1), (2, 2, 2), **options, bottleneck=Dense(2))
    images = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 1), "uint8")
    codec = Codec.of(model, images, step=0.1)
    assert codec.image_shape == (8, 8, 1)
    assert np.stack(codec.decompress(codec.compress(images))).shape == images.shape


def test_images_are_those_of_the_model_up_to_a_step_of_255():
    model = kae.architectures.compressive((32, 32, 3), (8, 8, 4), filters=8)
    images = np.random.default_rng(1).random((2, 32, 32, 3), "float32")
    codec = Codec.of(model)
    made = np.array(codec.decompress(codec.compress(images)))
    expected = np.clip(keras.ops.convert_to_numpy(model.reconstruct(images)), 0, 1) * 255
    assert np.abs(made - expected).max() <= 0.51


def test_a_list_of_sizes_and_a_model_of_one_size(codecs):
    codec = codecs[EntropyCoded]
    several = [IMAGES[0], IMAGES[0, :5, :9], IMAGES[1]]
    assert [each.shape for each in codec.decompress(codec.compress(several))] == [each.shape for each in several]
    dense = kae.architectures.fully_connected((4, 4, 1), (6,), hidden=(8,))
    images = np.random.default_rng(0).random((9, 4, 4, 1), "float32")
    codec = Codec.of(dense, images, step=0.01)
    assert len(codec.compress(images)) == len(codec.decompress(codec.compress(images))) == 9
    with pytest.raises(InputError, match=r"images of \(1, 8, 8, 1\); expected \(n, 4, 4, 1\)"):
        codec.compress(np.zeros((1, 8, 8, 1), "uint8"))


@pytest.mark.parametrize("kind", [EntropyCoded, ScaleHyperprior, Dense])
def test_files_are_as_long_as_the_tables_and_the_model_say(kind):
    rows, columns = np.mgrid[:256, :256] / 256
    image = np.stack([rows, columns, np.sin(20 * rows * columns) / 2 + 0.5], axis=-1)[None].astype("float32")
    image = (image + np.random.default_rng(0).normal(0, 0.1, image.shape)).clip(0, 1).astype("float32")
    model = _model(kind)
    codec = Codec.of(model, image, step=1.0 if kind is not Dense else 0.1)
    (content,), (bits,) = codec.compress(image), codec.bits(image)
    assert bits / 8 <= len(content) - HEADER_BYTES <= 1.01 * bits / 8
    if kind is EntropyCoded:
        wide = kae.architectures.compressive((256, 256, 3), (64, 64, 4), filters=8, bottleneck=model.bottleneck)
        wide.encoder.set_weights(model.encoder.get_weights())
        own = keras.ops.convert_to_numpy(model.bottleneck.bits(wide.encode(image))).sum()
        assert abs(8 * (len(content) - HEADER_BYTES) / own - 1) < 0.01


def test_smaller_steps_cost_more_and_are_nearer(codecs):
    model, sizes, errors = _model(Dense), [], []
    exact = None
    for step in (0.5, 0.05, 0.005):
        codec = Codec.of(model, IMAGES, step)
        files = codec.compress(IMAGES)
        sizes.append(sum(map(len, files)))
        made = np.array(codec.decompress(files)) / 255
        padded = np.pad(IMAGES, ((0, 0), (0, 0), (0, 5), (0, 0)), mode="edge")[:, :32, :32]
        exact = keras.ops.convert_to_numpy(model.reconstruct(padded)).clip(0, 1)[:, :24, :20]
        errors.append(np.abs(made[:, :24, :20] - exact).mean())
    assert sizes == sorted(sizes)
    assert errors == sorted(errors, reverse=True)


def test_a_saved_codec_reads_and_writes_the_same_files(codecs, saved, tmp_path):
    codec, loaded = codecs[ScaleHyperprior], Codec.load(saved)
    files = codec.compress(IMAGES)
    assert loaded.compress(IMAGES) == files
    np.testing.assert_array_equal(loaded.decompress(files), codec.decompress(files))
    loaded.save(tmp_path / "copy")
    assert Codec.load(tmp_path / "copy").identity == codec.identity


OTHERWISE = """
import sys, numpy, tensorflow as tf
tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.optimizer.set_jit("autoclustering")
tf.config.optimizer.set_experimental_options({"auto_mixed_precision_onednn_bfloat16": True})
from keras_ae.compression import Codec
codec = Codec.load(sys.argv[1])
files = [open(name, "rb").read() for name in sys.argv[2:-1]]
numpy.save(sys.argv[-1], [codec.read(each).codes for each in files])
"""


@pytest.mark.slow
def test_neither_threads_nor_xla_nor_precision_change_what_is_read(codecs, saved, tmp_path):
    codec, names = codecs[ScaleHyperprior], []
    for i, content in enumerate(codec.compress(IMAGES)):
        names.append(tmp_path / f"{i}.kaec")
        names[-1].write_bytes(content)
    read = tmp_path / "read.npy"
    subprocess.run([sys.executable, "-c", OTHERWISE, saved, *names, read], check=True)
    np.testing.assert_array_equal(np.load(read), [arrays[-1] for arrays, _ in codec._encoded(IMAGES)])


def test_what_another_codec_wrote_or_a_file_of_a_huge_image_is_refused(codecs):
    (content,) = codecs[EntropyCoded].compress(IMAGES[:1])
    with pytest.raises(InputError, match="take the codec that compressed it"):
        codecs[Dense].decompress([content])
    huge = Container(codecs[EntropyCoded].identity, 10**6, 10**6, b"").to_bytes()
    with pytest.raises(InputError, match="1000000×1000000 pixels"):
        codecs[EntropyCoded].decompress([huge])
    file = Container.from_bytes(content)
    longer = Container(file.identity, file.height, file.width, b"\x01\x02\x03\x04" + file.stream).to_bytes()
    with pytest.raises(InputError, match="do not end"):
        codecs[EntropyCoded].decompress([longer])


def test_codecs_of_several_steps_are_those_of_each_step():
    """Batches that can be read once alone are counted for every step."""
    model, steps = _model(Dense), (0.5, 0.05)
    batches = (IMAGES[i : i + 1] for i in range(len(IMAGES)))
    for step, codec in zip(steps, Codec.at_steps(model, batches, steps), strict=True):
        alone = Codec.of(model, IMAGES, step)
        assert codec.identity == alone.identity
        assert codec.compress(IMAGES) == alone.compress(IMAGES)


def test_codecs_that_cannot_be_made_are_refused(monkeypatch):
    model = kae.architectures.fully_connected((4, 4, 1), (6,), hidden=(8,))
    with pytest.raises(InputError, match="images to count codes of"):
        Codec.of(model)
    with pytest.raises(InputError, match="step=0"):
        Codec.of(model, IMAGES, step=0)
    with pytest.raises(InputError, match="an Autoencoder of images"):
        Codec.of(keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)]))
    monkeypatch.setattr("keras_ae.compression.coder.importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"keras-ae\[compression\]"):
        Codec.of(model)


def test_a_changed_codec_is_refused(saved, tmp_path):
    import shutil

    path = shutil.copytree(saved, tmp_path / "changed")
    tables = path / "codec.npz"
    tables.write_bytes(tables.read_bytes()[:-1] + b"!")
    with pytest.raises(InputError, match=r"codec\.npz with another checksum"):
        Codec.load(path)
    with pytest.raises(InputError, match=r"codec\.json"):
        Codec.load(tmp_path)

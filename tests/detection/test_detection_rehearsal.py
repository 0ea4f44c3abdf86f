"""What cannot be exported is refused before it is trained."""

from dataclasses import dataclass
from typing import ClassVar

import keras
import numpy as np
import pytest
from keras import ops

import keras_ae as kae
from keras_ae._support.errors import InputError
from keras_ae.detection import ReconstructionError
from keras_ae.detection.scores.reconstruction import StandardizedError
from keras_ae.runs.config import DataConfig, ModelConfig, RunConfig
from keras_ae.runs.detecting import train_detector
from keras_ae.runs.rehearsal import rehearse_export

pytestmark = [
    pytest.mark.tensorflow,
    # What TensorFlow says of its interpreter is nothing for those who export a detector.
    pytest.mark.filterwarnings("error:.*tf.lite.Interpreter is deprecated"),
]
SHAPE = (6, 6, 1)
FORMATS = ("savedmodel", "onnx", "litert")


def _spectral_norm(values):
    """Neither ONNX nor LiteRT has singular values."""
    return ops.svd(values, compute_uv=False)[..., :1]


@dataclass
class SpectralError(ReconstructionError):
    name: ClassVar[str] = "spectral_error"
    has_map: ClassVar[bool] = False

    def values(self, seen):
        return _spectral_norm(seen.residual[..., 0])[:, 0]


@dataclass
class VariableError(StandardizedError):
    """Its variable is none of the model's, so that no SavedModel would hold it."""

    name: ClassVar[str] = "variable_error"

    def fit(self, normal):
        self.factor = keras.Variable(2.0)
        return super().fit(normal)

    def values(self, seen):
        return super().values(seen) * self.factor


@dataclass
class TurnedError(ReconstructionError):
    """LiteRT makes the opposite of one less a transposed tensor."""

    name: ClassVar[str] = "turned_error"
    has_map: ClassVar[bool] = False

    def values(self, seen):
        errors = ops.matmul(ops.transpose(seen.residual, (0, 3, 1, 2)), np.ones((6, 2), np.float32))
        return ops.mean(1.0 - ops.transpose(errors, (0, 2, 3, 1)), axis=(1, 2, 3))


class SpectralCode(keras.layers.Layer):
    def call(self, features):
        return ops.tanh(features / _spectral_norm(features[:, None]))


def fully_connected(shape, code_shape=(3,), spectral=False):
    model = kae.architectures.fully_connected(shape, code_shape, hidden=(4,))
    if not spectral:
        return model
    encoder = keras.Model(model.encoder.input, SpectralCode()(model.encoder.output))
    return kae.Autoencoder(encoder, "dense", model.decoder)


def spectral(input_shape, code_shape):
    return fully_connected(input_shape, code_shape, spectral=True)


def _config(architecture="fully_connected", options=("hidden=4",)):
    return RunConfig(DataConfig("digits", limit=300), ModelConfig(architecture, "3", options=options))


USUAL = ("mse+nearest_codes", "ssim", "mixture", "joint_likelihood", "standardized_error")


@pytest.mark.parametrize(
    "score", [USUAL[0], *(pytest.param(score, marks=pytest.mark.slow) for score in USUAL[1:])]
)
def test_a_usual_detector_passes_the_rehearsal(score):
    rehearse_export(_config(), SHAPE, score, FORMATS)


@pytest.mark.parametrize(
    ("score", "name"),
    [(SpectralError(), "onnx"), (SpectralError(), "litert"), (VariableError(), "savedmodel")],
)
def test_a_score_that_a_format_lacks_is_refused_before_training(score, name, tmp_path):
    with pytest.raises(InputError, match=f"the output 'score' to export as {name}"):
        train_detector(_config(), tmp_path, score=score, formats=("savedmodel", name), progress=False)
    assert not (tmp_path / "run").exists()
    if name != "savedmodel":
        rehearse_export(_config(), SHAPE, score, ("savedmodel",))


def test_a_score_that_a_format_computes_wrongly_is_refused_before_training():
    rehearse_export(_config(), SHAPE, TurnedError(), ("savedmodel", "onnx"))
    with pytest.raises(InputError, match="as litert, which differs by"):
        rehearse_export(_config(), SHAPE, TurnedError(), ("litert",))


@pytest.mark.parametrize("name", ["onnx", "litert"])
def test_a_layer_that_a_format_lacks_is_refused_before_training(name, tmp_path, monkeypatch):
    config = _config(f"{__name__}:spectral", ())
    with pytest.raises(InputError, match=f"the output 'score' to export as {name}"):
        train_detector(config, tmp_path, score="mse", formats=(name,), progress=False)
    assert not (tmp_path / "run").exists()


def test_an_unknown_format_is_refused_before_training(tmp_path):
    with pytest.raises(InputError, match="format"):
        train_detector(_config(), tmp_path, formats=("tensorrt",), progress=False)
    assert not (tmp_path / "run").exists()


def test_the_rehearsal_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    rehearse_export(_config(), SHAPE, "mse", FORMATS)
    # TensorFlow's own traces of functions stay until the process ends.
    assert not [path for path in tmp_path.iterdir() if not path.name.startswith("__autograph")]


def test_an_unknown_score_is_refused_before_images_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(kae.runs.RunConfig, "load_whole", lambda *_: pytest.fail("images were read"))
    with pytest.raises(InputError, match=r"score 'msee'.*did you mean 'mse'"):
        kae.runs.export_run(kae.runs.pretrained_models()["variational_digits"], tmp_path / "out", score="msee")

"""An untrained autoencoder of cosines is a transform codec, with the best step for its weight."""

import keras
import numpy as np
import pytest
from scipy.fft import dctn, idctn

import keras_ae as kae
from keras_ae._support.errors import InputError
from keras_ae.bottlenecks import EntropyCoded, ScaleHyperprior


def _photograph(height: int, width: int) -> np.ndarray:
    """Waves of many lengths, float32 [1, height, width, 1] in [0, 1]."""
    rows, columns = np.mgrid[:height, :width]
    waves = sum(np.sin(0.9**k * (0.3 * k * rows + 0.7 * columns) / 2) / (k + 1) for k in range(8))
    return np.float32((waves - waves.min()) / np.ptp(waves))[None, ..., None]


@pytest.mark.parametrize("kind", [EntropyCoded, ScaleHyperprior])
def test_untrained_it_is_the_transform_rounded_to_the_best_step(kind):
    weight, image = 1e-3, _photograph(16, 16)
    model = kae.architectures.cosine_blocks((16, 16, 1), (2, 2, 64), filters=4, bottleneck=kind(64, weight=weight))
    step = np.sqrt(6 * weight / np.log(2))  # where step²/12 of error and one bit for twice as many steps are even
    block = dctn(image[0, :8, :8, 0] - 0.5, norm="ortho")
    codes = keras.ops.convert_to_numpy(model.encode(image))[0, 0, 0]
    np.testing.assert_array_equal(np.sort(codes), np.sort(np.round(block / step).ravel()))
    rounded = idctn(np.round(block / step) * step, norm="ortho") + 0.5
    found = keras.ops.convert_to_numpy(model.reconstruct(image))[0, :8, :8, 0]
    assert np.abs(found - rounded).max() < 0.1  # but for the factors that rare coefficients count by
    assert np.square(found - image[0, :8, :8, 0]).mean() < step**2 / 6


def test_a_dense_code_is_the_coefficients_themselves():
    image = _photograph(8, 12)
    model = kae.architectures.cosine_blocks((8, 12, 1), (2, 3, 16), filters=4, bottleneck="dense")
    np.testing.assert_allclose(keras.ops.convert_to_numpy(model.reconstruct(image)), image, atol=1e-5)
    assert not model.bottleneck.code.trainable
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(model))
    assert not again.bottleneck.code.trainable  # also after it is saved


def test_what_cannot_be_divided_into_such_blocks_is_refused():
    with pytest.raises(InputError, match="code size 3×4 for images of 16×16"):
        kae.architectures.cosine_blocks((16, 16, 1), (3, 4, 2))
    with pytest.raises(InputError, match=r"17 channels for blocks of 4×4×1 values; expected at most 16"):
        kae.architectures.cosine_blocks((16, 16, 1), (4, 4, 17))


@pytest.mark.tensorflow
def test_training_makes_files_smaller_at_less_error_and_images_may_have_any_size():
    keras.utils.set_random_seed(0)
    bottleneck = EntropyCoded(32, weight=1e-3, relaxation="straight_through", dead_zone=1 / 6)
    model = kae.architectures.cosine_blocks((16, 16, 1), (2, 2, 32), filters=8, bottleneck=bottleneck)
    images = np.concatenate([np.roll(_photograph(16, 16), k, axis=(1, 2)) for k in range(16)])
    loss = [_cost(model, images)]
    model.compile(kae.optimizers.Adam(3e-3, epsilon=1e-12), "mse", jit_compile=False)
    model.fit(np.tile(images, (100, 1, 1, 1)), batch_size=16, verbose=0)
    loss.append(_cost(model, images))
    assert loss[1] < 0.8 * loss[0]
    codec = kae.compression.Codec.of(model)
    assert codec.image_shape == (None, None, 1)
    (image,) = codec.decompress(codec.compress(_photograph(30, 21)))
    assert np.abs(image / 255 - _photograph(30, 21)[0]).mean() < 0.08


def _cost(model, images) -> float:
    """Mean squared error, and the weight times bits per pixel."""
    error = np.square(model.predict(images, verbose=0) - images).mean()
    bits = keras.ops.convert_to_numpy(model.bottleneck.bits(model.encode(images))).sum() / images[..., 0].size
    return float(error + model.bottleneck.weight * bits)

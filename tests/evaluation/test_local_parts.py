"""What the codes of a LEA know of the part under each window, with codes that are known."""

import keras
import numpy as np
import pytest

import keras_ae as kae
from keras_ae import InputError
from keras_ae.evaluation import local_disentanglement, part_codes

WINDOW = 4


def model(bottleneck="identity"):
    """A LEA whose codes are the values of its windows of 4×4 pixels."""
    encoder = keras.Sequential([keras.Input((WINDOW, WINDOW, 1)), keras.layers.Flatten()])
    decoder = keras.Sequential([keras.Input((WINDOW**2,)), keras.layers.Reshape((WINDOW, WINDOW, 1))])
    autoencoder = kae.Autoencoder(encoder, bottleneck, decoder)
    inputs = keras.Input((8, 12, 1))
    return keras.Model(inputs, kae.layers.LocallyEmbeddedAutoencoder(autoencoder, name="lea")(inputs))


def two_parts():
    """Part 1 fills the window at (0, 0), part 2 half of that at (1, 2) and one pixel of that at (1, 1)."""
    masks = np.zeros((1, 8, 12), int)
    masks[0, :4, :4] = 1
    masks[0, 4:6, 8:] = 2
    masks[0, 4, 7] = 2
    images = (masks > 0)[..., None].astype("float32") * np.arange(1, 13, dtype="float32")[:, None] / 12
    return images, masks, np.array([[[7, 8], [5, 6]]])


def test_windows_that_show_one_part_have_its_factors():
    images, masks, factors = two_parts()
    codes, known = part_codes(model(), "lea", images, masks, factors)
    np.testing.assert_allclose(codes[0].reshape(4, 4), images[0, :4, :4, 0])
    np.testing.assert_allclose(codes[1].reshape(4, 4), images[0, 4:, 8:, 0])
    assert known[0].tolist() == [7, 8, 0, 0]
    # Nine pixels: rows 4 (5 of them) and 5 (4), columns 7 to 11; the window's middle is at (5.5, 9.5).
    down, right = (5 * 4 + 4 * 5) / 9 - 5.5, (7 + 2 * (8 + 9 + 10 + 11)) / 9 - 9.5
    assert known[1].tolist() == [5, 6, round(down), round(right)]
    assert len(part_codes(model(), "lea", images, masks, factors, least=1 / 16)[0]) == 3


def test_windows_of_two_parts_are_left_out():
    images, masks, factors = two_parts()
    masks[0, 2:4, 2:4] = 2
    assert part_codes(model(), "lea", images, masks, factors)[1][:, 0].tolist() == [5]


def test_codes_that_are_factors_are_disentangled_and_mixtures_are_not():
    """Half of a window is as bright as one factor, half as another; then sums and differences of both."""
    random = np.random.default_rng(0)
    factors = random.integers(4, size=(80, 1, 2))
    images, masks = np.zeros((80, 8, 12, 1), "float32"), np.zeros((80, 8, 12), int)
    masks[:, :4, :4] = 1
    turned = factors @ np.array([[1, 1], [1, -1]])
    scores = []
    for values in (factors, turned):
        images[:, :4, 0, 0] = values[:, 0, :1]
        images[:, :4, 1, 0] = values[:, 0, 1:]
        network = model()
        scores.append(local_disentanglement(network, "lea", images, masks, factors, names=("a", "b")))
    assert scores[0].factors == ("a", "b")
    assert scores[0].windows == 80
    assert scores[0].dci.disentanglement > 0.9 > 0.6 > scores[1].dci.disentanglement


def test_masks_of_other_images_are_refused():
    images, masks, factors = two_parts()
    with pytest.raises(InputError, match="masks"):
        part_codes(model(), "lea", images, masks[:, :4], factors)
    with pytest.raises(InputError, match="no window"):
        part_codes(model(), "lea", images, np.zeros_like(masks), factors)

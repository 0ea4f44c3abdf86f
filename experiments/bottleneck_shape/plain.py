"""The paper's main model in plain Keras, for people who learn by reading scripts.

    python experiments/bottleneck_shape/plain.py [EPOCHS]

Two CAEs of CIFAR-10 with codes of equal size, 4×4×48 and 16×16×3, trained on 1,000 images: the larger map gives
back new images better. It needs CIFAR-10 (`KERAS_AE_DATA=DIRECTORY` with cifar10.npz or a folder cifar10/ in it,
or a connection) and takes about a minute an autoencoder and 50 epochs.
"""

import sys

import keras

import keras_ae as kae

EPOCHS = int(sys.argv[1]) if len(sys.argv) > 1 else 50

data = kae.data.load("cifar10", train="train[:1000]", test="test[:1000]", batch_size=32)

for code_shape in ((4, 4, 48), (16, 16, 3)):
    keras.utils.set_random_seed(0)
    # Three strided convolutions, each with four times the channels of the one before, and as many upsamplings. For
    # the larger map the last two strides are 1. `strided_layers=5, residual_blocks=2` is the paper's full network.
    model = kae.architectures.convolutional(data.image_shape, code_shape, strided_layers=3, residual_blocks=1)
    model.compile(keras.optimizers.Adam(5e-4), loss="mse")
    model.fit(data.train, epochs=EPOCHS, shuffle=False, verbose=2)
    scores = kae.evaluation.measure_reconstruction(model, data.test).summary()
    print(f"{code_shape}: test MSE {scores['mse']:.4f}, SSIM {scores['ssim']:.3f}")

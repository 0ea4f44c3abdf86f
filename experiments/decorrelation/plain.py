"""The paper's main model in plain Keras, for people who learn by reading scripts.

    python experiments/decorrelation/plain.py [EPOCHS]

784–128–64–8–64–128–784 on MNIST, once with the standard loss and once with the decorrelation penalty. It needs
MNIST (`KERAS_AE_DATA=DIRECTORY` with an mnist.npz in it, or a connection) and takes about a minute an autoencoder.
"""

import sys

import keras
import numpy as np

import keras_ae as kae

EPOCHS = int(sys.argv[1]) if len(sys.argv) > 1 else 100

# The last 10,000 training images are for validation, as in the paper: 50,000 are left to train on.
data = kae.data.load("mnist", train="train[:-10000]", validation="train[-10000:]", batch_size=128)

for alpha in (0.0, 0.005):
    keras.utils.set_random_seed(0)
    hidden = keras.layers.LeakyReLU(0.3)
    encoder = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(128, activation=hidden),
            keras.layers.Dense(64, activation=hidden),
        ]
    )
    # The penalty is α·½·Σ_{i≠j} C_ij² of the covariances C over a batch.
    bottleneck = kae.bottlenecks.Decorrelated(8, alpha) if alpha else kae.bottlenecks.Dense(8)
    decoder = keras.Sequential(
        [
            keras.Input((8,)),
            keras.layers.Dense(64, activation=hidden),
            keras.layers.Dense(128, activation=hidden),
            keras.layers.Dense(784, activation="sigmoid"),
            keras.layers.Reshape((28, 28, 1)),
        ]
    )
    model = kae.Autoencoder(encoder, bottleneck, decoder)
    model.compile(keras.optimizers.Adam(5e-4), loss="binary_crossentropy", metrics=["mse"])
    model.fit(data.train, validation_data=data.validation, epochs=EPOCHS, shuffle=False, verbose=2)
    mse = model.evaluate(data.test, verbose=0, return_dict=True)["mse"]
    print(f"α = {alpha}: test RMSE over all pixels {np.sqrt(mse):.4f}")

"""The six ways to learn from few labels and many images, each from images and labels to a row of measurements."""

from functools import cached_property

import keras
import numpy as np

import keras_ae as kae
from experiments.semi_supervised.setting import (
    CLASSIC,
    LEA,
    LEA_FROZEN,
    LEA_UNLABELLED,
    PSEUDO,
    TASKS,
    VAE,
    Scale,
)

CALL = 5  # training steps in a call of the compiled function
QUARTERS = 4  # of the training; the losses of the last two tell whether it has ended
AT_ONCE = 500  # images


class Learner:
    """All methods on one task; models are compiled once, and begin each time with the weights of a seed.

    Args:
        task: Name of the task.
        archive: Path of its images.
        scale: How much is trained.
    """

    def __init__(self, task: str, archive, scale: Scale):
        self.task, self.classes, self.scale = task, TASKS[task], scale
        self.data = kae.data.load(f"npz:{archive}", batch_size=scale.batch)
        self.test = self.data.images("test"), self.data.labels("test")
        self._leas, self._codes = {}, {}

    def measure(self, method: str, count: int, seed: int) -> dict[str, float]:
        """Accuracies on test images and on the labelled ones, and how much the loss still fell in the end."""
        few = self.data.with_seed(seed).semi_supervised(labelled=count, unlabelled=None)
        labelled = few.images("train"), few.labels("train")
        how = {
            CLASSIC: self._classic_alone,
            LEA: self._lea_alone,
            LEA_UNLABELLED: self._lea_mixed,
            LEA_FROZEN: self._lea_frozen,
            VAE: self._vae_linear,
            PSEUDO: self._pseudo_labels,
        }[method]
        return how(labelled, few, count, seed)

    def _classic_alone(self, labelled, few, count, seed):
        return self._fit(self.classic, _labelled(few), seed) | self._accuracies(self.classic, labelled)

    def _lea_alone(self, labelled, few, count, seed):
        return self._fit(self.cnn_lea, _labelled(few), seed) | self._accuracies(self.cnn_lea, labelled)

    def _lea_mixed(self, labelled, few, count, seed):
        mixed = self.data.with_seed(seed).semi_supervised(labelled=count)
        batches = mixed.pipeline("train", labels=True, repeat=True, batch_size=2 * self.scale.batch)
        return self._fit(self.cnn_lea, batches, seed) | self._accuracies(self.cnn_lea, labelled)

    def _lea_frozen(self, labelled, few, count, seed):
        if seed not in self._leas:
            images = self.data.with_seed(seed).pipeline("train", repeat=True, batch_size=2 * self.scale.batch)
            self._fit(self.cnn_lea, images.map(_without_labels), seed)
            self._leas[seed] = self.cnn_lea.get_weights()
        self.frozen.set_weights(self._leas[seed])
        result = self._fit(self.frozen, _labelled(few), None)
        return result | self._accuracies(self.frozen, labelled)

    def _vae_linear(self, labelled, few, count, seed):
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        if seed not in self._codes:
            images = self.data.with_seed(seed).pipeline("train", repeat=True, batch_size=self.scale.vae_batch)
            self._fit(self.vae, images, seed, self.scale.vae_steps)
            self._codes[seed] = self.vae.get_weights(), self._encode(self.test[0])
        weights, tested = self._codes[seed]
        self.vae.set_weights(weights)
        codes = self._encode(labelled[0])
        linear = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2_000)).fit(codes, labelled[1])
        accuracies = (linear.score(tested, self.test[1]), linear.score(codes, labelled[1]))
        return dict(zip(("accuracy", "training_accuracy"), accuracies, strict=True))

    def _encode(self, images):
        return keras.ops.convert_to_numpy(self.vae.encode(images))

    def _pseudo_labels(self, labelled, few, count, seed):
        """The Classic again, from the start, on labelled images and on those that the first one is sure about."""
        self._fit(self.classic, _labelled(few), seed)
        images = self.data.images_at("train", self._asked(seed))
        sure = keras.ops.convert_to_numpy(keras.ops.softmax(self.classic.predict(images, AT_ONCE, verbose=0)))
        chosen = sure.max(axis=1) >= self.scale.confidence
        added = images[chosen], sure.argmax(axis=1)[chosen].astype(np.int32)
        batches = _two(labelled, added, self.scale.batch, seed)
        result = self._fit(self.classic, batches, seed) | self._accuracies(self.classic, labelled)
        return result | {"pseudo_labels": int(chosen.sum())}

    def _asked(self, seed):
        """As many images as the steps take, drawn at random."""
        count = min(self.scale.steps * self.scale.batch, self.scale.unlabelled)
        return np.sort(np.random.default_rng(seed).permutation(self.scale.unlabelled)[:count])

    @cached_property
    def classic(self):
        return self._compiled(self._new_classic)

    @cached_property
    def cnn_lea(self):
        return self._compiled(self._new_lea)

    @cached_property
    def frozen(self):
        model = self._new_lea()
        for layer in model.layers:
            if isinstance(layer, kae.layers.LocallyEmbeddedAutoencoder):
                layer.trainable = False
        return self._compiled(lambda: model)

    @cached_property
    def vae(self):
        model = self._new_vae()
        model.compile(
            keras.optimizers.Adam(self.scale.rate), kae.losses.SumSquaredError(), steps_per_execution=CALL
        )
        return model

    def _new_classic(self):
        shape, scale = self.data.image_shape, self.scale
        return kae.architectures.classic(shape, self.classes, filters=scale.filters, units=scale.units)

    def _new_lea(self):
        shape, scale = self.data.image_shape, self.scale
        options = {"filters": scale.filters, "units": scale.units, "hidden": scale.hidden}
        return kae.architectures.cnn_lea(shape, (scale.code,), self.classes, window=4, strides=2, **options)

    def _new_vae(self):
        bottleneck = kae.bottlenecks.Variational(self.scale.vae_code, beta=1.0, seed=0)
        shape, code = self.data.image_shape, (self.scale.vae_code,)
        return kae.architectures.fully_connected(shape, code, hidden=(256, 128), bottleneck=bottleneck)

    def _compiled(self, make):
        model = make()
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        options = {"steps_per_execution": CALL, "jit_compile": False}
        model.compile(keras.optimizers.Adam(self.scale.rate), loss, **options)
        return model

    def _fit(self, model, batches, seed: int | None, steps: int | None = None) -> dict[str, float]:
        """Train from the start of a seed, or from the weights that there are; the loss of the last quarters."""
        if seed is not None:
            keras.utils.set_random_seed(seed)
            make = next(new for name, new in self._makers.items() if self.__dict__.get(name) is model)
            model.set_weights(make().get_weights())
        for optimizer in getattr(model, "optimizers", [model.optimizer]):
            for variable in optimizer.variables:
                if variable.path != optimizer.learning_rate.path:
                    variable.assign(keras.ops.zeros_like(variable))
        quarter = (steps or self.scale.steps) // QUARTERS
        losses = model.fit(batches, epochs=QUARTERS, steps_per_epoch=quarter, shuffle=False, verbose=0).history[
            "loss"
        ]
        return {"loss": losses[-1], "loss_before": losses[-2]}

    @property
    def _makers(self):
        return {"classic": self._new_classic, "cnn_lea": self._new_lea, "vae": self._new_vae}

    def _accuracies(self, model, labelled) -> dict[str, float]:
        names = {"accuracy": self.test, "training_accuracy": labelled}
        return {
            name: float(np.mean(model.predict(images, AT_ONCE, verbose=0).argmax(axis=1) == labels))
            for name, (images, labels) in names.items()
        }


def _labelled(few: kae.data.ImageData):
    """Batches of labelled images alone, without end."""
    return few.pipeline("train", labels=True, repeat=True)


def _without_labels(images):
    import tensorflow as tf

    return images, -tf.ones(tf.shape(images)[:1], tf.int32)


def _two(labelled, added, count: int, seed: int):
    """Batches of `count` labelled images and of as many added ones, if there are any, without end."""
    import tensorflow as tf

    def batches(kind, own_seed):
        return tf.data.Dataset.from_tensor_slices(kind).shuffle(len(kind[1]), own_seed).repeat().batch(count)

    def together(one, other):
        return tf.concat([one[0], other[0]], axis=0), tf.concat([one[1], other[1]], axis=0)

    if not len(added[1]):
        return batches(labelled, seed)
    return tf.data.Dataset.zip(batches(labelled, seed), batches(added, seed + 1)).map(together)

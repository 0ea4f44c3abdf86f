"""The task of a model in a run, and how it is measured: to reconstruct images, or to classify them."""

from math import prod
from typing import Any

import keras
import numpy as np

from keras_ae import optimizers, schedules
from keras_ae._support.errors import InputError, unknown_name
from keras_ae._support.execution import choose_execution, most_steps_a_call
from keras_ae._support.labels import has_label
from keras_ae.autoencoder import Autoencoder
from keras_ae.bottlenecks import Bottleneck
from keras_ae.data import ImageData
from keras_ae.evaluation import decoding_seconds, encoding_seconds, measure_reconstruction
from keras_ae.features import FeatureMaps
from keras_ae.losses import GaussianLikelihood, StructuralDissimilarity, SumSquaredError
from keras_ae.objectives import MultiObjective
from keras_ae.runs.training_config import TrainingConfig

ENCODING_BATCH = 256
TIMED_IMAGES = 8  # through a frozen network, which takes a tenth of a second each
OF_ANY_RANGE = ("mse", "mae", "sum_squared_error", "gaussian_likelihood")  # losses for values of any range
OWN_LOSSES = {
    "ssim": StructuralDissimilarity,
    "sum_squared_error": SumSquaredError,
    "gaussian_likelihood": GaussianLikelihood,
}


class Task:
    """What a model learns, and how it is measured: by its own losses unless a subclass says otherwise."""

    labels, trains, gives_images = False, True, False

    def batches(self, data: ImageData, split: str, training: TrainingConfig, **options):
        """The model's batches of a split; the options are those of `ImageData.pipeline`."""
        return data.pipeline(split, noise=training.noise, **options)

    def measure(self, model, data: ImageData, split: str, training: TrainingConfig) -> dict[str, float]:
        """Losses and metrics on one split."""
        batches = self.batches(data, split, training, shuffle=False)
        return model.evaluate(batches, return_dict=True, verbose=0) | {"images": data.sizes[split]}

    def describe(self, model) -> dict[str, Any]:
        """Size of a model."""
        return {"parameters": model.count_params()}

    def speed(self, model, data: ImageData) -> dict[str, float]:
        """Inference times of the trained model; none are measured here."""
        return {}


class Reconstruction(Task):
    """Autoencoders learn to reconstruct their images."""

    gives_images = True

    def loss_name(self, training: TrainingConfig) -> str:
        """What the model is trained on, for people."""
        return training.loss

    def losses(self, training: TrainingConfig) -> dict[str, Any]:
        """Loss and metrics, as `compile` takes them."""
        loss = OWN_LOSSES[training.loss]() if training.loss in OWN_LOSSES else training.loss
        return {"loss": loss, "metrics": ["mse"]}  # makes histories of different losses comparable

    def measure(self, model, data: ImageData, split: str, training: TrainingConfig) -> dict[str, float]:
        """The reconstruction scores of one split, as `ReconstructionScores.summary` gives them."""
        return measure_reconstruction(model, self.batches(data, split, training, shuffle=False)).summary()

    def describe(self, model) -> dict[str, Any]:
        """Size of a model and of its code."""
        values = prod(model.code_shape)
        return {
            "parameters": model.count_params(),
            "code_shape": list(model.code_shape),
            "code_values": values,
            "compression": values / prod(model.image_shape),
        }

    def speed(self, model, data: ImageData) -> dict[str, float]:
        """Inference times of the trained model."""
        images = data.images("train", ENCODING_BATCH)
        codes = np.zeros((len(images), *model.code_shape), "float32")
        return {
            "encoding_seconds_per_image": encoding_seconds(model, images),
            "decoding_seconds_per_image": decoding_seconds(model, codes),
        }


class FeatureReconstruction(Reconstruction):
    """Autoencoders of features learn to reconstruct the maps, which `seen_by` gives in place of images."""

    gives_images = False

    def losses(self, training: TrainingConfig) -> dict[str, Any]:
        """Loss and metrics, as `compile` takes them.

        Raises:
            InputError: The loss, or the noise, is for values between 0 and 1.
        """
        if training.loss not in OF_ANY_RANGE:
            raise InputError(f"loss {training.loss} of features", f"one of {', '.join(OF_ANY_RANGE)}", "take mse")
        if training.noise:
            raise InputError(f"noise {training.noise} on features", "none", "leave out --noise")
        return super().losses(training)

    def measure(self, model, data: ImageData, split: str, training: TrainingConfig) -> dict[str, float]:
        """Losses on the maps of one split."""
        return Task.measure(self, model, data, split, training)

    def describe(self, model) -> dict[str, Any]:
        """Size of a model and of its code, relative to the maps."""
        values = prod(model.code_shape)
        return super().describe(model) | {"compression": values / prod(model.features.map_shape)}

    def speed(self, model, data: ImageData) -> dict[str, float]:
        """Inference times of the trained model, from an image, frozen network included, and back to its maps."""
        images = np.zeros((TIMED_IMAGES, *model.image_shape), np.float32)
        codes = np.zeros((TIMED_IMAGES, *model.code_shape), np.float32)
        return {
            "encoding_seconds_per_image": encoding_seconds(model, images, repeats=2),
            "decoding_seconds_per_image": decoding_seconds(model, codes, repeats=2),
        }


class FeatureExtraction(Task):
    """Features alone learn nothing but the mean and deviation of each channel."""

    trains = False

    def measure(self, model, data: ImageData, split: str, training: TrainingConfig) -> dict[str, float]:
        """There is nothing to measure."""
        return {"images": data.sizes[split]}

    def describe(self, model) -> dict[str, Any]:
        """Size of a model and of its maps."""
        return super().describe(model) | {"map_shape": list(model.map_shape)}


class Classification(Task):
    """Classifiers, with or without local objectives, learn the images' labels: they output logits.

    Their loss is the sparse categorical cross-entropy in nats, whatever loss is configured.
    """

    labels = True

    def loss_name(self, training: TrainingConfig) -> str:
        """What the model is trained on, for people."""
        return "sparse_categorical_crossentropy"

    def losses(self, training: TrainingConfig) -> dict[str, Any]:
        """Loss and metrics, as `compile` takes them."""
        return {"loss": keras.losses.SparseCategoricalCrossentropy(from_logits=True), "metrics": ["accuracy"]}

    def batches(self, data: ImageData, split: str, training: TrainingConfig, **options):
        """Images and the labels to learn; the options are those of `ImageData.pipeline`.

        Raises:
            InputError: If images have several labels but none is chosen, or vice versa.
        """
        column = _label_column(data, split, training.label)
        batches = data.pipeline(split, labels=True, **options)
        return batches if column is None else batches.map(lambda images, labels: (images, labels[:, column]))


def check_labels(model: keras.Model, data: ImageData, training: TrainingConfig) -> None:
    """Refuse options on labels for a model that learns none, and unlabelled images for a model that needs labels.

    Raises:
        InputError: The data do not suit this model.
    """
    asked = training.labelled is not None or training.unlabelled is not None
    if not task_of(model).labels:
        if asked:
            received = f"labelled {training.labelled} for {type(model).__name__}, which learns no labels"
            raise InputError(received, "a classifier, such as cnn_lea or classic", "leave --labelled out")
        return
    if isinstance(model, MultiObjective):
        return
    if training.unlabelled is not None or not has_label(data.labels("train")).all():
        raise InputError(
            f"unlabelled images for {type(model).__name__}, which learns nothing from them",
            "a model with local objectives, such as cnn_lea or lea_fc",
            "leave --unlabelled out",
        )


def task_of(model: keras.Model):
    """What a model is trained to do.

    Raises:
        InputError: If it is not a model with one output.
    """
    if isinstance(model, FeatureMaps):
        return FeatureExtraction()
    if isinstance(model, Autoencoder):
        return Reconstruction() if model.features is None else FeatureReconstruction()
    if isinstance(model, keras.Model) and len(model.outputs) == 1:
        return Classification()
    raise InputError(
        f"a {type(model).__name__}", "an Autoencoder, or a classifier with one output", "build one of these"
    )


def _label_column(data: ImageData, split: str, label: str | None) -> int | None:
    """Column of a label, given by name or, without names, by number; None if images have one label each."""
    labels = data.labels(split)
    if labels.ndim == 1:
        if label is not None:
            raise InputError(f"label {label!r} of {data.source}", "none: its images have one each", "leave it out")
        return None
    names = list(data.label_names or map(str, range(labels.shape[1])))
    if label is None:
        raise InputError(
            f"{data.source}, whose images have several labels", "the one to learn", f"choose of {', '.join(names)}"
        )
    if label not in names:
        raise unknown_name(f"label of {data.source}", label, names)
    return names.index(label)


def compile_model(model: keras.Model, training: TrainingConfig) -> dict[str, Any]:
    """Compile a model for its task; return what "auto" resolved to, or nothing if there is nothing to train."""
    if not task_of(model).trains:
        return {}
    jit = {"auto": "auto", "yes": True, "no": False}[training.jit_compile]
    execution = choose_execution(model, jit, training.steps_per_execution)
    # A call must not run past the end of an epoch: Keras would train more steps than were asked for.
    calls = most_steps_a_call(execution.steps_per_execution, [training.steps_per_evaluation])
    resolved = {"jit_compile": execution.jit_compile, "steps_per_execution": calls}
    rates, objectives, begin = training.learning_rates(), _objectives(model, training), training.pretraining_steps
    if begin:
        objectives["objective_optimizers"] = optimizers.Adam(schedules.Between(rates, 0, begin))
        rates = schedules.Between(rates, begin)
    epsilon = getattr(getattr(model, "bottleneck", None), "adam_epsilon", Bottleneck.adam_epsilon)
    model.compile(
        optimizers.Adam(rates, epsilon=epsilon), **task_of(model).losses(training), **objectives, **resolved
    )
    return resolved


def _objectives(model: keras.Model, training: TrainingConfig) -> dict[str, Any]:
    """Keywords of `MultiObjective.compile` that say how objectives are trained together; none for other models.

    Raises:
        InputError: If such options are given for a model with one objective.
    """
    mode, weights, passes = training.objective_mode, training.objective_weights, training.objective_passes
    if isinstance(model, MultiObjective):
        return {"mode": mode, "passes": passes, "objective_weights": weights}
    if mode != "alternate" or weights is not None or passes != 1 or training.pretraining_steps:
        received = f"objective_mode {mode} with objective_weights {weights} and objective_passes {passes}"
        if training.pretraining_steps:
            received = f"pretraining_steps {training.pretraining_steps}"
        raise InputError(
            f"{received} for a {type(model).__name__}",
            "a model with local objectives",
            "choose one such as cnn_lea or lea_only, or leave them out",
        )
    return {}

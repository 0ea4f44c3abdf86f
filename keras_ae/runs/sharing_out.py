"""What several replicas cannot train together, refused before Keras is loaded or a cluster is started."""

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae._support.labels import has_label
from keras_ae.data import ImageData, mixed_counts
from keras_ae.runs.config import RunConfig
from keras_ae.runs.stopping import stopping_rows
from keras_ae.runs.training_config import TrainingConfig

MAPS = "feature_autoencoder"


def check_replicas(config: RunConfig, count: int) -> None:
    """Refuse (`InputError`) a configuration that this many replicas cannot train as one process would."""
    training = config.training
    if training.batch_size % count:
        raise InputError(
            f"batch_size {training.batch_size} for {count} replicas",
            "equally many images for each",
            f"give --batch-size {max(1, round(training.batch_size / count)) * count}",
        )
    if training.unlabelled is not None:
        labelled, _ = mixed_counts(training.labelled_share, training.batch_size)
        if labelled % count:
            received = f"{labelled} labelled images of each batch for {count} replicas"
            raise InputError(received, "equally many for each", "give another --labelled-share")
    if training.jit_compile == "yes":
        raise InputError("jit_compile yes for several replicas", "no: Keras has no XLA for them", "leave it out")
    if training.steps_per_execution not in (1, "auto"):
        received = f"steps_per_execution {training.steps_per_execution} for several replicas"
        raise InputError(received, "1: they meet at each step", "leave it out")
    if training.precision == "mixed_float16":
        action = "take mixed_bfloat16, or float32"
        raise InputError("mixed_float16 for several replicas", "steps that all of them make or leave out", action)
    if config.model.architecture == MAPS:
        action = "leave --replicas out: maps are made once, and no image is read any more"
        raise InputError(f"architecture {MAPS} for several replicas", "a model of images", action)


def check_shares(data: ImageData, training: TrainingConfig, count: int) -> None:
    """Refuse (`InputError`) too few images for each replica to get some."""
    rows = stopping_rows(data, training)
    sizes = {"train": data.sizes.train, "validation": data.sizes.validation if rows is None else len(rows)}
    for split, size in sizes.items():
        if size < count and (size or split == "train"):
            received = f"{size} {split} images for {count} replicas"
            raise InputError(received, "at least one for each", "give more images, or fewer --replicas")


def check_all_labelled(data: ImageData, training: TrainingConfig) -> None:
    """Refuse (`InputError`) training images without a label: a batch's mean is over its labelled images."""
    if training.unlabelled is None and not np.all(has_label(data.labels("train"))):
        raise InputError(
            "training images of which some have no label, for several replicas",
            "labels of all, or as many in each batch",
            "give --labelled and --unlabelled",
        )

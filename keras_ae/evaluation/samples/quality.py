"""Quality of the images that an autoencoder decodes from sampled codes, compared with real images."""

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import keras
import numpy as np

from keras_ae._support.errors import InputError, listed_names, unknown_name
from keras_ae._support.execution import compiled
from keras_ae._support.pixels import BATCH
from keras_ae.data import ImageData
from keras_ae.density import ALL_DENSITIES, DENSITIES, Density
from keras_ae.evaluation.codes.interpolation import interpolate_codes
from keras_ae.evaluation.inference import encode
from keras_ae.evaluation.samples.feature_extractors import FeatureExtractor, feature_extractor
from keras_ae.evaluation.samples.frechet import (
    FeatureMoments,
    fid_caution,
    frechet_distance,
    frechet_distance_of_moments,
)
from keras_ae.evaluation.samples.kernel import kernel_distance
from keras_ae.evaluation.samples.precision_recall import precision_and_recall

_SUBSETS = 100  # for the kernel distance
_NEIGHBORS = 3  # for precision and recall


@dataclass(frozen=True)
class SampleQuality:
    """Results of comparing generated with real images, by the features of one extractor.

    Attributes:
        extractor: Name of the extractor. Values of different extractors are not comparable.
        real, generated: Numbers of images. Fréchet distances for different numbers are not comparable.
        fid: Fréchet distance, 0 or larger.
        kid, kid_std: Kernel distance: mean and standard deviation over subsets.
        precision, recall: In [0, 1]; NaN for fewer than 4 images.

    Example:
        >>> quality = kae.evaluation.SampleQuality("mnist-classifier", 100, 100, 7.5, 0.1, 0.01, 0.8, 0.6)
        >>> quality.columns("gaussian")["gaussian_fid[mnist-classifier]"]
        7.5
    """

    extractor: str
    real: int
    generated: int
    fid: float
    kid: float
    kid_std: float
    precision: float
    recall: float

    def columns(self, source: str) -> dict[str, float]:
        """Returns the values by column name, such as "mixture_fid[mnist-classifier]"."""
        names = ("fid", "kid", "kid_std", "precision", "recall")
        return {column(source, name, self.extractor): getattr(self, name) for name in names}


def column(source: str, measure: str, extractor: str) -> str:
    """Returns the name of a column, from the source of the images, the measure and the extractor."""
    return f"{source}_{measure}[{extractor}]"


def compare_features(real, generated, extractor: str, generator: np.random.Generator | int = 0) -> SampleQuality:
    """Compares generated images' features [m, d] with those of real images [n, d], by all measures.

    Args:
        real, generated: Features from the same extractor.
        extractor: Name of the extractor.
        generator: Generator, or its seed, that draws the subsets of the kernel distance.

    Raises:
        InputError: If the arrays have other shapes or fewer than two rows, or a value is infinite or NaN.

    Example:
        >>> real, generated = np.random.default_rng(0).normal(size=(2, 50, 3))
        >>> quality = kae.evaluation.compare_features(real, real, "mnist-classifier")
        >>> round(quality.fid, 6), quality.precision
        (0.0, 1.0)
    """
    kernel = kernel_distance(real, generated, _SUBSETS, generator=generator)
    enough = min(len(real), len(generated)) > _NEIGHBORS
    shares = precision_and_recall(real, generated, _NEIGHBORS) if enough else {}
    return SampleQuality(
        extractor,
        len(real),
        len(generated),
        frechet_distance(real, generated),
        kernel["mean"],
        kernel["std"],
        shares.get("precision", float("nan")),
        shares.get("recall", float("nan")),
    )


def fit_densities(
    model, data: ImageData, densities: Iterable[str] = tuple(DENSITIES), images: int | None = None
) -> dict[str, Density]:
    """Fits densities to the codes of training images (for a variational bottleneck, to the means).

    Args:
        model: An `Autoencoder`.
        data: The `ImageData` of its images.
        densities: Names from `keras_ae.density.ALL_DENSITIES`, by default those that are fitted within seconds
            (`DENSITIES`). Those that need more codes than there are get skipped, and so do those of integers
            unless the bottleneck is discrete.
        images: Maximum number of training images, drawn with the data's seed; all by default.

    Raises:
        InputError: If a name is unknown, a code is not finite, or the data are not an `ImageData`.

    Example:
        >>> model = kae.architectures.fully_connected((8, 8, 1), (2,), hidden=(8,))
        >>> data = kae.data.load("digits", progress=False)
        >>> list(kae.evaluation.fit_densities(model, data, ["gaussian"], images=50))
        ['gaussian']
    """
    _check_data(data)
    fitted: dict[str, Density] = {}
    chosen = listed_names(densities)
    for name in chosen:
        if name not in ALL_DENSITIES:
            raise unknown_name("density", name, ALL_DENSITIES)
    of_kind = {}  # codes, and the integers that they stand for
    for density in (ALL_DENSITIES[name]() for name in chosen):
        if density.discrete and not getattr(model, "indices_shape", None):
            continue
        if density.discrete not in of_kind:
            batches = images_of(data, "train", images or data.sizes.train)
            of_kind[density.discrete] = encode(model, batches, indices=density.discrete)
        codes = of_kind[density.discrete]
        if len(codes) >= density.fewest(codes[0].size):
            fitted[density.name] = density.fit(codes)
    return fitted


def measure_samples(
    model,
    data: ImageData,
    densities=tuple(DENSITIES),
    samples: int = 10_000,
    extractor: str | FeatureExtractor = "auto",
    seed: int = 0,
    split: str = "test",
    reconstructions: bool = True,
    interpolation: str = "linear",
) -> dict[str, float | int | str]:
    """Samples codes from densities, decodes them and compares with real images: tables 2 and 3 of Daly et al.

    With `reconstructions` it adds Fréchet distances: "real", between training images and images of `split`, the
    lowest to be expected of samples; "train_reconstruction", between training images and their
    reconstructions; "reconstruction", the same for images of `split`; and "interpolation", between images of
    `split` and images decoded halfway between the codes of random pairs of them (after Ghosh et al., 2019, section
    5). Distances of few images are too large: a warning is given below 10,000 images, or the number of features.
    Images are clipped to [0, 1]. All features are held in memory at once, but never all images.

    Args:
        model: An `Autoencoder`.
        data: The `ImageData` of its images.
        densities: Names of densities to fit to the codes of all training images, or what `fit_densities` returned.
        samples: Images to generate per density, and maximum number to take from a split: its first ones, or
            training images drawn with the data's seed.
        extractor: A feature extractor, or a name that `feature_extractor` takes.
        seed: Seed of the samples, pairs and subsets.
        split: "test" or "validation".
        reconstructions: Whether to measure reconstructions and interpolations as well.
        interpolation: "linear" or "spherical".

    Returns:
        "extractor", "features" (their number), "real_images", "generated_images", and columns such as
        "gaussian_fid[mnist-classifier]", "…_kid[…]", "…_kid_std[…]", "…_precision[…]", "…_recall[…]",
        "reconstruction_fid[…]".

    Raises:
        InputError: If the extractor, a density or the split is unknown, there are fewer than two samples, or
            `data` is not an `ImageData`.

    Example:
        >>> model = kae.architectures.fully_connected((8, 8, 1), (2,), hidden=(8,))
        >>> data = kae.data.load("digits", progress=False)
        >>> columns = kae.evaluation.measure_samples(
        ...     model, data, ["gaussian"], samples=20, extractor="digits-classifier", reconstructions=False
        ... )
        >>> columns["gaussian_fid[digits-classifier]"] > 0
        True
    """
    _check_data(data)
    if samples < 2:
        raise InputError(f"{samples} samples", "at least 2", "give more")
    extractor = feature_extractor(extractor, data) if isinstance(extractor, str) else extractor
    fitted = densities if isinstance(densities, dict) else fit_densities(model, data, densities)
    real = _features(extractor, images_of(data, split, samples))
    columns = {"extractor": extractor.name, "features": real.shape[1]}
    columns |= {"real_images": len(real), "generated_images": samples}
    if caution := fid_caution(min(len(real), samples), real.shape[1]):
        warnings.warn(caution, stacklevel=2)
    for name, density in fitted.items():
        generated = _features(extractor, decoded(model, density.sample(samples, seed)))
        quality = compare_features(real, generated, extractor.name, np.random.default_rng(seed))
        columns |= quality.columns(name)
    if reconstructions:
        distances = _without_densities(model, data, split, samples, extractor, real, seed, interpolation)
        columns |= {column(name, "fid", extractor.name): value for name, value in distances.items()}
    return columns


def images_of(data: ImageData, split: str, count: int) -> Iterator[np.ndarray]:
    """Yields `count` images in batches: the first of a split, or training images drawn with the data's seed."""
    for images in data.pipeline(split, epoch=0 if split == "train" else None).as_numpy_iterator():
        yield images[:count]
        count -= len(images)
        if count <= 0:
            break


def decoded(model, codes: np.ndarray) -> Iterator[np.ndarray]:
    """Decodes codes [n, d], or a discrete model's integers, into batches of images [b, h, w, c] in [0, 1]."""
    shape = model.code_shape if codes.dtype.kind == "f" else model.indices_shape
    codes = codes.reshape(-1, *shape)
    decode = compiled(model.decode)
    for start in range(0, len(codes), BATCH):
        yield _clipped(keras.ops.convert_to_numpy(decode(codes[start : start + BATCH])))


def _check_data(data) -> None:
    if not isinstance(data, ImageData):
        raise InputError(f"a {type(data).__name__} for data", "an ImageData", "load it with keras_ae.data.load")


def _without_densities(model, data, split, samples, extractor, real, seed, interpolation) -> dict[str, float]:
    """Returns the Fréchet distances of real images, reconstructions and interpolations."""
    moments = FeatureMoments().update(real)
    train, train_reconstructed, reconstructed = FeatureMoments(), FeatureMoments(), FeatureMoments()
    for images in images_of(data, "train", samples):
        train.update(extractor(images))
        train_reconstructed.update(extractor(_clipped(model.predict_on_batch(images))))
    for images in images_of(data, split, samples):
        reconstructed.update(extractor(_clipped(model.predict_on_batch(images))))
    codes = encode(model, images_of(data, split, samples))
    order = np.random.default_rng(seed).permutation(len(codes))
    halfway = interpolate_codes(codes[order], codes[np.roll(order, 1)], 3, interpolation)[1]
    between = FeatureMoments()
    for images in decoded(model, halfway):
        between.update(extractor(images))
    return {
        "real": frechet_distance_of_moments(train, moments),
        "train_reconstruction": frechet_distance_of_moments(train, train_reconstructed),
        "reconstruction": frechet_distance_of_moments(moments, reconstructed),
        "interpolation": frechet_distance_of_moments(moments, between),
    }


def _features(extractor: FeatureExtractor, batches: Iterable[np.ndarray]) -> np.ndarray:
    return np.concatenate([extractor(batch) for batch in batches])


def _clipped(images: np.ndarray) -> np.ndarray:
    """Clips images to [0, 1], which a linear output may leave, as a display would."""
    return np.clip(np.asarray(images, np.float32), 0.0, 1.0)

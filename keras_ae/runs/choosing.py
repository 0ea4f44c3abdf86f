"""Chooses the score and pooling that find a few known defects best; normal images alone set the threshold."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from keras_ae._support.errors import InputError
from keras_ae.data import ArrayImages, ImageData, Split
from keras_ae.detection import (
    as_score,
    fit_scores,
    poolings,
    roc_auc,
    roc_auc_standard_error,
    score_images,
    simulate_defects,
)
from keras_ae.runs.data_config import DataConfig
from keras_ae.runs.stopping import choosing_rows

SIMULATED = "simulated"  # given in place of a source of known defects
# In order of preference: the first of those that are about equally good is taken.
OF_IMAGES = ("mse+nearest_codes", "ssim+nearest_codes", "ssim", "mse", "standardized_error", "nearest_codes")
OF_FEATURES = ("position_gaussian", "nearest_patches")


@dataclass(frozen=True)
class Choice:
    """The chosen score, and the evidence for it.

    Attributes:
        score: Its label, as `as_score` takes it.
        roc_auc: Area under the ROC curve for the defects against held-out normal images, from 0 to 1.
        standard_error: Standard error of this area (`roc_auc_standard_error`).
        defects, normal: Numbers of defect images and of normal images.
        roc_aucs: The area for each score tried, by label.
        simulated: Whether the defects are simulated ones.

    Example:
        >>> choice = kae.runs.Choice("ssim:max", 0.9, 0.05, 10, 40, {"ssim": 0.7, "ssim:max": 0.9})
        >>> choice.in_words()
        'score chosen by 10 defects and 40 normal images: ssim:max, ROC AUC 0.900 ± 0.050, of 2'
    """

    score: str
    roc_auc: float
    standard_error: float
    defects: int
    normal: int
    roc_aucs: dict[str, float]
    simulated: bool = False

    def in_words(self) -> str:
        """A line for people to read."""
        kind = "simulated defects" if self.simulated else "defects"
        images = f"{self.defects:,} {kind} and {self.normal:,} normal images"
        area = f"ROC AUC {self.roc_auc:.3f} ± {self.standard_error:.3f}"
        return f"score chosen by {images}: {self.score}, {area}, of {len(self.roc_aucs):,}"

    def as_record(self) -> dict[str, Any]:
        """Values by name, for a card."""
        return asdict(self)


def sees_features(model) -> bool:
    """Whether a model works on feature maps: the maps alone, or an autoencoder of them."""
    return getattr(model, "features", None) is not None or not hasattr(model, "decode")


def candidates(score: str, of_features: bool) -> list[str]:
    """The scores to try, with each pooling: all that suit the model, or a named one alone.

    Args:
        score: Label of the score; the default one stands for all.
        of_features: Whether the model works on feature maps.
    """
    usual = OF_FEATURES if of_features else OF_IMAGES
    return with_poolings(usual if score == usual[0] else (score,))


def with_poolings(names: Iterable[str]) -> list[str]:
    """The labels of scores, and for scores that pool a map also those with each other pooling.

    Example:
        >>> with_poolings(["mse", "nearest_codes"])[:3], with_poolings(["nearest_codes"])
        (['mse', 'mse:max', 'mse:top_1'], ['nearest_codes'])
    """
    labels = []
    for name in names:
        labels.append(name)
        made = as_score(name)
        if hasattr(made, "pooling"):
            labels += [replace(made, pooling=pooling).label for pooling in poolings() if pooling != made.pooling]
    return list(dict.fromkeys(labels))


def load_defects(config: DataConfig, source: str, data: ImageData, seed: int) -> ImageData:
    """The known defects, prepared like the run's images.

    Args:
        config: Configuration of the run's images.
        source: Source of the defects, such as a folder; or "simulated", for copies with simulated defects of the
            validation images that a score is chosen by.
        data: The images of the run; none of the defects may be among its test images.
        seed: Seed of the run.

    Raises:
        InputError: The source cannot be read, or some of its files are test images.
    """
    if source == SIMULATED:
        return simulated_defects(data)
    own = DataConfig(
        source,
        **{
            name: getattr(config, name)
            for name in ("data_dir", "pad", "crop", "image_size", "resize", "white_level")
        },
        max_pixels=config.max_pixels,
        channels=1 if data.image_shape[2] == 1 else 3 if data.image_shape[2] == 3 else None,
        train="all",
        validation_fraction=0.0,
        skip_bad=config.skip_bad,
    )
    defects = own.load(seed=seed, progress=False)
    if defects.image_shape != data.image_shape:
        received = f"defects of {defects.image_shape} for images of {data.image_shape}"
        raise InputError(received, "images of one shape", "give --image-size")
    tested = _paths(data, "test")
    both = [path for path in _paths(defects, "train") if path in tested]
    if both:
        received = f"{len(both):,} defects that are test images, such as {str(both[0])!r}"
        raise InputError(
            received, "others: those that choose a score cannot test it", "move them out of the source"
        )
    return defects


def simulated_defects(data: ImageData) -> ImageData:
    """Copies, with simulated defects, of the validation images that a score is chosen by, as training images."""
    made = simulate_defects(data.images_at("validation", choosing_rows(data)), seed=data.seed)
    splits = {name: Split(ArrayImages(made.images[:0]), None) for name in ("validation", "test")}
    first = {"train": Split(ArrayImages(made.images), None)}
    return ImageData(SIMULATED, first | splits, batch_size=data.batch_size, seed=data.seed)


def _paths(data: ImageData, split: str) -> dict[Path, None]:
    files = data.files(split) if data.sizes[split] else None
    return {} if files is None else dict.fromkeys(file.resolve() for file in files)


def choose_score(model, names: list[str], data: ImageData, defects: ImageData) -> Choice:
    """Returns the score that best separates known defects from held-out normal images.

    It is the first whose ROC AUC is within one standard error of the best. The normal images are validation images
    that do not set the threshold (`choosing_rows`), so its promise still holds.

    Args:
        model: Trained model.
        names: Labels of the scores; those that the model does not have are left out.
        data: The run's images, their tiles, or their feature maps; an image is as anomalous as its worst tile.
        defects: Known defects, or their tiles, as the training images of an `ImageData`.

    Raises:
        InputError: There are no names, the model has none of these scores, or there are no images to choose by.
    """
    if not names:
        raise InputError("no scores to choose from", "at least one", "name one, such as mse")
    fitted = fit_scores(model, names, data.pipeline("train", shuffle=False))
    if not fitted:
        as_score(names[0]).check(model)  # says what the model lacks
    normal = score_images(model, fitted, data.pipeline("validation", rows=choosing_rows(data)))
    anomalous = score_images(model, fitted, defects.pipeline("train", shuffle=False))
    counts = []
    for scores, tiles in ((normal, data.tiles_an_image), (anomalous, defects.tiles_an_image)):
        scores |= {name: values.reshape(-1, tiles).max(axis=1) for name, values in scores.items()}
        counts.append(len(next(iter(scores.values()))))
    areas = {name: roc_auc(normal[name], anomalous[name]) for name in fitted}
    best = max(areas.values())
    error = roc_auc_standard_error(best, *counts)
    chosen = next(name for name, area in areas.items() if area >= best - error)
    simulated = defects.source == SIMULATED
    return Choice(chosen, areas[chosen], error, counts[1], counts[0], areas, simulated)

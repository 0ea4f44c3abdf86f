"""Typed records of candidates and their measurements."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keras_ae._support.fields import settle_fields
from keras_ae.comparison.candidate import family_of
from keras_ae.runs import ModelConfig


@dataclass(frozen=True)
class Reconstruction:
    """How well the images of a split are reconstructed: means over `images` images in [0, 1]; PSNR in dB.

    For autoencoders of features, `mse` is over normalised feature maps, and the others are None.
    """

    images: int
    mse: float
    mse_standard_error: float | None = None
    rmse: float | None = None
    psnr: float | None = None
    ssim: float | None = None

    def __post_init__(self):
        settle_fields(self)


@dataclass(frozen=True)
class Probe:
    """How well a linear classifier reads labels from the codes of test images: means over `seeds`, and deviations.

    Attributes:
        macro_f1, macro_f1_std: For classes; None for attributes.
        roc_auc, roc_auc_std: For attributes; None for classes.
        per_class: The F1 of each class, or the ROC AUC of each attribute; None if no seed has a value.
    """

    accuracy: float
    accuracy_std: float
    seeds: int
    per_class: tuple[float | None, ...] = ()
    macro_f1: float | None = None
    macro_f1_std: float | None = None
    roc_auc: float | None = None
    roc_auc_std: float | None = None

    def __post_init__(self):
        settle_fields(self)


@dataclass(frozen=True)
class SeedResult:
    """The result of one seed of a candidate.

    Attributes:
        error, standard_error: The error by which the purpose selects, on the validation images.
        test_mse: MSE on the test images; None until the end.

    Example:
        >>> SeedResult(seed=1, error=0.01, standard_error=0.001).test_mse is None
        True
    """

    seed: int
    error: float
    standard_error: float
    test_mse: float | None = None


@dataclass(frozen=True)
class Tested:
    """What is measured of a candidate's model on test images, whatever the purpose.

    Attributes:
        test, probe, step_bytes: See `TrainedCandidate`.
    """

    test: Reconstruction
    probe: Probe | None = None
    step_bytes: float | None = None


@dataclass(frozen=True)
class TrainedCandidate:
    """A trained candidate and its measures.

    Attributes:
        code_values, compression: Number of values of its code, and its ratio to the number of values that are
            reconstructed: those of the image or, for features, of the maps.
        encoding_seconds_per_image, decoding_seconds_per_image: Time for one image in large batches; older
            comparisons lack the latter.
        learning_rate: Its own learning rate; None means the comparison's.
        step_bytes: Approximate memory of a training step; older comparisons lack it.
        validation, test: Reconstructions; `test` is None until a candidate is selected.
        selection: What the purpose measured on validation images; None if it selects by reconstructions.
        outcome: What the purpose measured on test images.
        probe: How well a linear classifier reads labels from the codes; None without labels.
        seeds: Results of each seed, if there are several; the other measures are those of the first.

    Example:
        >>> scores = Reconstruction(images=100, mse=0.01, mse_standard_error=0.001, rmse=0.1, psnr=20.0, ssim=0.9)
        >>> model = ModelConfig("strided", "8", "dense")
        >>> one = TrainedCandidate("strided-dense-8", model, 5000, (8,), 8, 0.125, 1.0, 0.01, 100, 1e-5, scores)
        >>> one.family, one.validation.psnr, one.test
        ('strided-dense', 20.0, None)
    """

    name: str
    model: ModelConfig
    parameters: int
    code_shape: tuple[int, ...]
    code_values: int
    compression: float
    training_seconds: float
    final_loss: float
    steps: int
    encoding_seconds_per_image: float
    validation: Reconstruction
    test: Reconstruction | None = None
    probe: Probe | None = None
    selection: Any = None
    outcome: Any = None
    decoding_seconds_per_image: float | None = None
    step_bytes: float | None = None
    learning_rate: float | None = None
    best_step: int | None = None
    resumed_inexactly: tuple[str, ...] = ()
    seeds: tuple[SeedResult, ...] = ()

    @property
    def gives_images(self) -> bool:
        """Whether it reconstructs images; autoencoders of features reconstruct features."""
        return self.validation.psnr is not None

    @property
    def family(self) -> str:
        """The name without the code: "strided-dense"."""
        return family_of(self.name)


@dataclass(frozen=True)
class FailedCandidate:
    """A candidate that could not be trained, and why."""

    name: str
    model: ModelConfig
    failed: str


@dataclass(frozen=True)
class DroppedCandidate:
    """A candidate that halving dropped, and why.

    Attributes:
        code_values: Number of values of its code.
        steps: Training steps after which it was dropped.
        error: Its error on the validation images at that point.
        beaten_by: A candidate with as small a code and a lower error, `beaten_by_error`, at that point.

    Example:
        >>> model = ModelConfig("strided", "8", "dense")
        >>> DroppedCandidate("strided-dense-8", model, 8, 150, 0.03, "fully_connected-dense-8", 0.02).family
        'strided-dense'
    """

    name: str
    model: ModelConfig
    code_values: int
    steps: int
    error: float
    beaten_by: str
    beaten_by_error: float

    @property
    def family(self) -> str:
        """The name without the code: "strided-dense"."""
        return family_of(self.name)


@dataclass(frozen=True)
class ComparedImages:
    """The images of a comparison: source, (height, width, channels), images per split, remarks about them."""

    source: str
    image_shape: tuple[int, int, int]
    sizes: Mapping[str, int]
    notes: tuple[str, ...] = ()

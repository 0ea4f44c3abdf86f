"""The purpose "generate": a bottleneck whose codes can be sampled."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from keras_ae._support.errors import InputError, unknown_name
from keras_ae.comparison.candidate import Codes, vector_shapes
from keras_ae.comparison.parts import Column, Criterion, Pictures
from keras_ae.comparison.purpose import Judge, Purpose, option
from keras_ae.comparison.selection import Measured

PARTS = (64, 16, 8)  # of an image's values, as vectors to which densities can be fitted
SHOWN = 10  # samples of each density in the picture
FITTED = {"gaussian": "Gaussian", "mixture": "mixture"}
LEARNED = {"flow_matching": "flow matching", "two_stage": "two-stage VAE", "autoregressive": "autoregressive"}
DENSITY_NAMES = {"standard_normal": "N(0, I)", **FITTED, **LEARNED}
SOURCE_NAMES = DENSITY_NAMES | {
    "real": "real images",
    "train_reconstruction": "train reconstruction",
    "reconstruction": "test reconstruction",
    "interpolation": "interpolation",
}


@dataclass(frozen=True)
class GenerationSelection:
    """How samples compare with validation images.

    Attributes:
        density: The density of codes with the lowest Fréchet distance.
        fid: That distance.
    """

    density: str
    fid: float


@dataclass(frozen=True)
class GenerationOutcome:
    """How samples compare with test images.

    Attributes:
        best: The density of codes that was chosen on validation images.
        fid: Its Fréchet distance to the test images.
        columns: All results of `keras_ae.evaluation.measure_samples`, for all densities.
    """

    best: str
    fid: float
    columns: Mapping[str, float | int | str | None]

    @property
    def extractor(self) -> str:
        """The extractor of the compared features."""
        return str(self.columns["extractor"])

    @property
    def real_images(self) -> int:
        """Number of test images."""
        return int(self.columns["real_images"] or 0)

    @property
    def generated_images(self) -> int:
        """Number of samples of each density."""
        return int(self.columns["generated_images"] or 0)

    def value(self, source: str, measure: str) -> float | None:
        """A measure ("fid", "kid", …) of generated images ("gaussian", "reconstruction", …), if there is one."""
        value = self.columns.get(f"{source}_{measure}[{self.extractor}]")
        return None if value is None else float(value)


@dataclass(frozen=True)
class Generate(Purpose):
    """The code whose samples are nearest to the images."""

    name: ClassVar[str] = "generate"
    aim: ClassVar[str] = "generate such images"
    rule: ClassVar[str] = (
        "the lowest Fréchet distance of samples to the validation images, by its best density of codes"
    )
    criterion: ClassVar[Criterion] = Criterion("FID", "lowest validation FID")
    selection_type: ClassVar[type] = GenerationSelection
    outcome_type: ClassVar[type] = GenerationOutcome
    outcome_key: ClassVar[str] = "generation"

    extractor: str = option("auto", "features by which samples are compared, such as inception-2015-12-05")
    samples: int = option(10_000, "images to sample from each density of codes")
    densities: tuple[str, ...] = option(
        tuple(FITTED),
        "densities of codes beside N(0, I): gaussian, mixture, flow_matching or two_stage (minutes a candidate), "
        "or autoregressive for discrete codes (minutes too)",
    )

    def __post_init__(self):
        super().__post_init__()
        for name in self.densities:
            if name not in DENSITY_NAMES:
                raise unknown_name("density", name, DENSITY_NAMES)
        if self.samples < 2:
            raise InputError(f"samples={self.samples}", "at least 2", "give more --samples")

    def codes(self, image_shape) -> Codes:
        vectors = vector_shapes(image_shape, PARTS)
        return Codes(vectors=vectors, variational=vectors)

    def asked_for(self, codes: Codes) -> Codes:
        return Codes(codes.maps, codes.vectors, codes.vectors)

    def judge(self, config, data) -> "GenerationJudge":
        from keras_ae.evaluation import feature_extractor

        return GenerationJudge(data, feature_extractor(self.extractor, data), self.samples, self.densities)

    def measured(self, candidate) -> Measured:
        return Measured(candidate.name, candidate.code_values, candidate.selection.fid)

    def summary_columns(self):
        return (
            Column("test MSE", lambda c: c.test and c.test.mse, "{:.5f}".format),
            Column("val. FID", lambda c: c.selection.fid, "{:.4g}".format),
            Column("test FID", lambda c: c.outcome.fid, "{:.4g}".format),
        )

    def columns(self, candidates):
        """All Fréchet distances, and the other measures of the density that validation chose, by the extractor."""
        extractor = candidates[0].outcome.extractor
        sources = [s for s in SOURCE_NAMES if any(c.outcome.value(s, "fid") is not None for c in candidates)]
        return [
            Column(f"validation FID [{extractor}]", lambda c: c.selection.fid, "{:.4g}".format),
            *(_of_source(source, "fid", f"{SOURCE_NAMES[source]} FID [{extractor}]") for source in sources),
            *(
                _of_best(measure, f"{heading} [{extractor}]")
                for measure, heading in (("kid", "KID"), ("precision", "precision"), ("recall", "recall"))
            ),
            Column("density chosen", lambda c: DENSITY_NAMES[c.outcome.best]),
        ]

    def explanations(self, candidates) -> str:
        from keras_ae.evaluation import fid_caution

        outcome = candidates[0].outcome
        fewest = min(outcome.real_images, outcome.generated_images)
        caution = fid_caution(fewest, outcome.columns.get("features") or 0)  # older comparisons lack it
        return (
            f"*FID* is the Fréchet distance between features, by {outcome.extractor}, of "
            f"{outcome.generated_images:,} samples and of {outcome.real_images:,} test images: lower is "
            "better, and distances of other extractors or other numbers of images do not compare. Codes are "
            "sampled from a standard normal, N(0, I), and from densities that are fitted to training codes: a "
            "Gaussian, a mixture of ten, or learned ones: a flow (flow matching), a second VAE (two-stage), for "
            "discrete codes a masked transformer (autoregressive). *KID*, *precision* and *recall* are of the "
            "density with the lowest distance to the validation images. Interpolations are decoded halfway "
            "between the codes of two test images. The FID of real images, training against test images, is the "
            "lowest that can be expected of samples."
            f"{' ' + caution + '.' if caution else ''}"
        )

    def evidence(self, comparison) -> str:
        chosen = comparison[comparison.recommended]
        outcome, distance = chosen.outcome, comparison.errors()[chosen.name].error
        return (
            f"It has {self.rule}: {distance:.4g}, by features of {outcome.extractor}. That density is "
            f"{DENSITY_NAMES[outcome.best]}; on the test images it has a Fréchet distance of {outcome.fid:.4g} "
            f"({outcome.generated_images:,} samples, {outcome.real_images:,} images). The "
            f"code has {chosen.code_values:,} values."
        )

    def pictures(self):
        text = (
            "Decoded from codes that were sampled from, row by row, a standard normal, a Gaussian and a mixture, "
            "or the densities that were asked for: all but the first are fitted to the codes of training images, "
            "where these are enough."
        )
        return [Pictures("Samples", text, {"samples": "samples"}, _caption)]


class GenerationJudge(Judge):
    """Compares images of sampled codes with real ones.

    Args:
        data: The comparison's images.
        extractor: An extractor of features.
        samples: Number of images to sample from each density.
        densities: Names of the densities to fit, beside the standard normal.
    """

    def __init__(self, data, extractor, samples: int, densities: tuple[str, ...] = tuple(FITTED)):
        self.data, self.extractor, self.samples, self.densities = data, extractor, samples, densities

    def choose(self, path: Path, model) -> GenerationSelection:
        from keras_ae.comparison.samples import candidate_densities, choose_density

        densities = candidate_densities(model, self.data, path, self.densities)
        return choose_density(model, self.data, densities, self.extractor, self.samples)

    def measure(self, path: Path, model, selection: GenerationSelection) -> GenerationOutcome:
        from keras_ae._support.pictures import save_picture
        from keras_ae.comparison.samples import candidate_densities, measure_densities, samples_picture

        densities = candidate_densities(model, self.data, path, self.densities)
        save_picture(path / "figures" / "samples.png", samples_picture(model, densities, SHOWN, self.data.seed))
        best = selection.density
        return measure_densities(model, self.data, densities, self.extractor, self.samples, best)


def _of_source(source: str, measure: str, heading: str) -> Column:
    return Column(heading, lambda c: c.outcome.value(source, measure), "{:.4g}".format)


def _of_best(measure: str, heading: str) -> Column:
    return Column(heading, lambda c: c.outcome.value(c.outcome.best, measure), "{:.4g}".format)


def _caption(candidate) -> str:
    outcome = candidate.outcome
    return f"{candidate.code_values:,} values, FID {outcome.fid:.4g} ({DENSITY_NAMES[outcome.best]})"

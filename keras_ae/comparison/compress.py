"""The purpose "compress": a bottleneck whose codes make small files of the images."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, prod
from pathlib import Path
from typing import ClassVar

from keras_ae._support.errors import InputError, unknown_name
from keras_ae.comparison.candidate import Candidate, Codes, ImageShape
from keras_ae.comparison.codec_curves import (
    CompressionOutcome,
    CompressionSelection,
    bd_rates,
    bytes_ratio,
    family,
    family_curves,
)
from keras_ae.comparison.parts import Column, Criterion, Drawing, Pictures
from keras_ae.comparison.purpose import Judge, Purpose, option
from keras_ae.comparison.selection import Choice, Measured
from keras_ae.evaluation import STANDARD_TITLES, BDRate
from keras_ae.runs import ModelConfig, format_code

WEIGHTS = (2.5e-4, 1e-3, 4e-3)
# Halvings of the image's sides: blocks of 32, 16 and 8 pixels, or the largest three possible.
HALVINGS, MAPS = (5, 4, 3, 2, 1), 3
PART = 2  # half of a block's coefficients are kept; the other half is the finest, and nearly always 0
COSINES, STRIDED, VECTOR = "cosine_blocks", "compressive", "fully_connected"
ROUNDED = ("bottleneck.relaxation='straight_through'", "bottleneck.dead_zone=0.167")
STEP, EIGHTH = 0.125, 8  # of a strided network: it begins with values of about 1, and has an eighth of the image's
LOSSY = tuple(name for name in STANDARD_TITLES if name != "png")


@dataclass(frozen=True)
class Compress(Purpose):
    """The map whose files are smallest at equal quality, with the λ that suits."""

    name: ClassVar[str] = "compress"
    aim: ClassVar[str] = "compress these images"
    rule: ClassVar[str] = (
        "the map with the lowest BD-rate on the validation images, and of its weights the one with fewest bytes "
        "beside the reference format's"
    )
    criterion: ClassVar[Criterion] = Criterion("bytes / reference's", "fewest bytes at equal PSNR", False)
    selection_type: ClassVar[type] = CompressionSelection
    outcome_type: ClassVar[type] = CompressionOutcome
    outcome_key: ClassVar[str] = "files"

    weights: tuple[float, ...] = option(
        WEIGHTS, "weights of the bits per pixel beside the mean squared error; each makes a candidate of every map"
    )
    reference: str = option("webp", "format to compare with: jpeg, jpeg2000, webp or avif")
    least_psnr: float | None = option(None, "lowest PSNR in dB that the recommended candidate may have")

    def __post_init__(self):
        super().__post_init__()
        if not self.weights or min(self.weights) <= 0:
            raise InputError(f"weights {list(self.weights)}", "numbers above 0", "give other --weights")
        if self.reference not in LOSSY:
            raise unknown_name("reference", self.reference, LOSSY)

    def codes(self, image_shape) -> Codes:
        sizes = _sizes(image_shape)
        if not sizes:
            return Codes(vectors=((max(2, prod(image_shape) // EIGHTH),),))
        return Codes(maps=tuple((*size, prod(image_shape) // PART // prod(size)) for size in sizes))

    def asked_for(self, codes: Codes) -> Codes:
        return codes

    def build(self, image_shape: ImageShape, codes: Codes) -> Sequence[Candidate]:
        """Cosine blocks of each size, those of the middle size also with a hyperprior, and a strided network."""
        tried = [
            (COSINES if _has_blocks(image_shape, each) else STRIDED, "entropy_coded", each) for each in codes.maps
        ]
        if codes == self.codes(image_shape) and codes.maps:
            rows, columns, channels = middle = codes.maps[len(codes.maps) // 2]
            fewer = max(1, channels * PART // EIGHTH)
            tried += [(COSINES, "scale_hyperprior", middle), (STRIDED, "entropy_coded", (rows, columns, fewer))]
        tried += [(VECTOR, "entropy_coded", each) for each in codes.vectors]
        return [_candidate(*each, weight) for each in tried for weight in self.weights]

    def judge(self, config, data) -> Judge:
        if config.halving:
            received = "--halving to compress"
            raise InputError(received, "every weight of a map, which make its curve together", "leave it out")
        from keras_ae.comparison.compression_judge import CompressionJudge  # imports Keras

        return CompressionJudge(data, self.reference)

    def measured(self, candidate) -> Measured:
        return Measured(candidate.name, candidate.code_values, candidate.selection.bytes_ratio)

    def select(self, candidates, errors, max_code=None) -> Choice:
        allowed = [one for one in errors if max_code is None or one.code_values <= max_code]
        names, ratios = {one.name for one in allowed}, {one.name: one.error for one in allowed}
        eligible = [one for one in candidates if one.name in names]
        good = [one for one in eligible if self._quality(one) >= (self.least_psnr or 0.0)]
        if not good:  # the nearest to the wanted quality
            good = [max(eligible, key=self._quality)]
        changes = self._changes(candidates)
        best = min(good, key=lambda one: (changes.get(family(one), inf), ratios[one.name])).name
        return Choice(best, best, ratios[best])

    @staticmethod
    def _quality(candidate) -> float:
        return max(point.psnr for point in candidate.selection.curve.points)

    def rates(self, candidates) -> dict[str, BDRate]:
        """The BD-rate of each family that has one, on the validation images."""
        return bd_rates(family_curves(candidates), candidates[0].selection.reference)

    def _changes(self, candidates) -> dict[str, float]:
        """The BD-rate of each family that has one; if none has, `bytes_ratio` − 1 for all."""
        rates = self.rates(candidates)
        if rates:
            return {name: rate.change for name, rate in rates.items()}
        curves, reference = family_curves(candidates), candidates[0].selection.reference
        return {name: bytes_ratio(curve, reference) - 1 for name, curve in curves.items()}

    def summary_columns(self):
        return (
            Column("ratio", lambda c: c.selection.bytes_ratio, "{:.2f}".format),
            Column("bits/pixel", lambda c: c.outcome.point.bits_per_pixel, "{:.3f}".format),
            Column("PSNR", lambda c: c.outcome.point.psnr, "{:.2f}".format),
        )

    def columns(self, candidates):
        change = {name: rate.change for name, rate in self.rates(candidates).items()}
        title = STANDARD_TITLES[self.reference]
        return (
            Column("BD-rate of its map", lambda c: change.get(family(c)), "{:+.1%}".format),
            Column(f"validation bytes / {title}'s", lambda c: c.selection.bytes_ratio, "{:.3f}".format),
            Column("bits per pixel", lambda c: c.outcome.point.bits_per_pixel, "{:.3f}".format),
            Column("files' PSNR, dB", lambda c: c.outcome.point.psnr, "{:.2f}".format),
            Column("files' MS-SSIM", lambda c: c.outcome.point.ms_ssim, "{:.4f}".format),
            Column("to a file, ms", lambda c: 1e3 * c.outcome.point.encoding_seconds, "{:.2f}".format),
            Column("from a file, ms", lambda c: 1e3 * c.outcome.point.decoding_seconds, "{:.2f}".format),
        )

    def explanations(self, candidates) -> str:
        title = STANDARD_TITLES[self.reference]
        missing = candidates[0].outcome.missing
        lacks = f" This Pillow was built without {', '.join(missing)}." if missing else ""
        return (
            f"*BD-rate of its map* is the mean difference of bits to {title} at equal PSNR on the validation "
            "images, over the curve of all weights of a map: −20 % are a fifth fewer bits. It is empty where the "
            f"curve has no quality in common with {title}'s, and other maps are preferred. *validation bytes* "
            f"are those of the one candidate, as parts of {title}'s at its PSNR (beyond {title}'s qualities its "
            "curve goes on straight). *bits per pixel* are of whole files with their headers, for which small "
            f"images pay much. Times are for one image of 32 at a time.{lacks}"
        )

    def evidence(self, comparison) -> str:
        chosen, title = comparison[comparison.recommended], STANDARD_TITLES[self.reference]
        change = self._changes(comparison.trained).get(family(chosen), chosen.selection.bytes_ratio - 1)
        rates, point = self.rates(comparison.trained), chosen.outcome.point
        rate = rates.get(family(chosen))
        text = f"{abs(change):.1%} {'fewer' if change < 0 else 'more'} bits than {title} at equal PSNR"
        if rate:
            best = "the lowest BD-rate" if change <= min(one.change for one in rates.values()) else "a BD-rate"
            text = f"Its map has {best} on the validation images: {text}, "
            text += f"from {rate.low:.1f} to {rate.high:.1f} dB. "
        else:
            text = f"Its map needs {text} on the validation images, where {title}'s curve is drawn on: "
            text += "it has no quality in common with it, and so no BD-rate. "
        if self.least_psnr is not None:
            reached = "reaches" if self._quality(chosen) >= self.least_psnr else "does not reach"
            text += f"It {reached} the {self.least_psnr:g} dB that were asked for. "
        return text + (
            f"On {point.images:,} test images its files have {point.bits_per_pixel:.3f} bits per pixel, "
            f"{point.psnr:.2f} dB and an MS-SSIM of {point.ms_ssim:.4f}."
        )

    def drawings(self, comparison) -> Sequence[Drawing]:
        from keras_ae.comparison.compression_figures import curves_figure

        text = (
            "Test images: PSNR, and MS-SSIM in dB, against the bits per pixel of whole files. Lines join the "
            "weights of a map; the recommended candidate is circled."
        )
        return [Drawing("Rate and distortion", text, curves_figure(comparison))]

    def pictures(self):
        text = (
            "Parts of test images, each beside what the standard formats make of it with at most as many bytes; "
            "where their smallest file is larger, that one, and how many bytes it has."
        )
        return [Pictures("At equal bytes", text, {"crops": "the recommended candidate"}, enlarged=True)]

    def next_step(self, recommended, run: Path) -> str:
        points = recommended.outcome.curve.points
        step = f" --step {recommended.outcome.point.setting:g}" if len(points) > 1 else ""
        codec = f"keras-ae export {run} --codec{step} --out CODEC"
        return f"as a codec: {codec}\nas files: keras-ae compress CODEC folder:IN/ --out DIR"


def _sizes(image_shape: ImageShape) -> list[tuple[int, int]]:
    """Sizes of maps, smallest first, with at least two positions a side."""
    height, width = image_shape[:2]
    possible = [n for n in HALVINGS if not (height % 2**n or width % 2**n) and min(height, width) >> n >= 2]
    return [(height >> n, width >> n) for n in possible[:MAPS]]


def _has_blocks(image_shape: ImageShape, shape: tuple[int, ...]) -> bool:
    """Whether each position of a map stands for a block of pixels with at least as many values."""
    height, width, channels = image_shape
    rows, columns, units = shape
    return not (height % rows or width % columns) and units * rows * columns <= height * width * channels


def _candidate(architecture: str, bottleneck: str, shape: tuple[int, ...], weight: float) -> Candidate:
    code = format_code(shape)
    rounded = ROUNDED if architecture == COSINES else (f"bottleneck.step={STEP:g}",)
    model = ModelConfig(architecture, code, bottleneck, (f"bottleneck.weight={weight:g}", *rounded))
    kind = "hyperprior-" if bottleneck == "scale_hyperprior" else ""
    return Candidate(f"{architecture}-{kind}w{weight:g}-{code}", model)

"""The purpose "reconstruct": a bottleneck that loses little of the images."""

from dataclasses import dataclass
from typing import ClassVar

from keras_ae.comparison.candidate import Codes, map_shapes, vector_shapes
from keras_ae.comparison.parts import Column, Criterion
from keras_ae.comparison.purpose import Purpose
from keras_ae.comparison.selection import Measured

PARTS = (16, 4)  # of an image's values, as vectors


@dataclass(frozen=True)
class Reconstruct(Purpose):
    """The smallest code that reconstructs the images as well as the best."""

    name: ClassVar[str] = "reconstruct"
    aim: ClassVar[str] = "reconstruct these images"
    rule: ClassVar[str] = "the smallest code whose validation error is within one standard error of the lowest"
    criterion: ClassVar[Criterion] = Criterion("MSE", "lowest validation error")

    def codes(self, image_shape) -> Codes:
        vectors = vector_shapes(image_shape, PARTS)
        return Codes(map_shapes(image_shape), vectors, vectors[:1])

    def measured(self, candidate) -> Measured:
        scores = candidate.validation
        return Measured(candidate.name, candidate.code_values, scores.mse, scores.mse_standard_error or 0.0)

    def summary_columns(self):
        return (
            Column("val. MSE", lambda c: c.validation.mse, "{:.5f}".format),
            Column("test MSE", lambda c: c.test and c.test.mse, "{:.5f}".format),
            Column("SSIM", lambda c: c.test and c.test.ssim, "{:.3f}".format),
            Column("train, s", lambda c: c.training_seconds, "{:.0f}".format),
        )

    def evidence(self, comparison) -> str:
        best, chosen = comparison[comparison.best], comparison[comparison.recommended]
        errors, limit = comparison.errors(), ""
        if comparison.max_code:
            limit = f", among codes of at most {comparison.max_code:,} values"
        text = (
            f"It is {self.rule}{limit}. {best.name} has the lowest validation error, "
            f"{errors[best.name].error:.5f} ± {errors[best.name].standard_error:.5f} (standard error); the "
            f"limit is therefore {comparison.threshold:.5f}. "
        )
        if chosen is best:
            text += "No smaller code reaches it. "
        else:
            text += (
                f"{chosen.name} has {errors[chosen.name].error:.5f} with {chosen.code_values:,} instead of "
                f"{best.code_values:,} code values. "
            )
        return text + (
            f"Its code holds {chosen.compression:.1%} as many values as the image. On the test images its error "
            f"is {chosen.test.mse:.5f}, {chosen.test.psnr:.1f} dB, SSIM {chosen.test.ssim:.3f}. "
            "If the code must be smaller, follow the grey line below: it joins the best candidate of every size."
        )

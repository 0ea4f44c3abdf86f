"""A toy purpose in one file: the model with the fewest parameters below an error."""

from dataclasses import dataclass
from typing import ClassVar

from keras_ae.comparison import Codes, Column, Criterion, Measured, Purpose, option, vector_shapes


@dataclass(frozen=True)
class Smallest(Purpose):
    """The fewest parameters with an error below a limit; parameters of the others count a million times."""

    name: ClassVar[str] = "smallest"
    aim: ClassVar[str] = "reconstruct these images with few parameters"
    rule: ClassVar[str] = "the model with the fewest parameters whose validation error is below the limit"
    criterion: ClassVar[Criterion] = Criterion("parameters", "fewest parameters")

    highest_error: float = option(0.1, "the highest validation error allowed")

    def codes(self, image_shape) -> Codes:
        return Codes(vectors=vector_shapes(image_shape, (32, 8)))

    def asked_for(self, codes: Codes) -> Codes:
        return codes

    def measured(self, candidate) -> Measured:
        penalty = 1 if candidate.validation.mse <= self.highest_error else 1e6
        return Measured(candidate.name, candidate.code_values, penalty * candidate.parameters)

    def summary_columns(self):
        return (Column("parameters", lambda candidate: candidate.parameters, "{:,}".format),)

    def evidence(self, comparison) -> str:
        return f"It has {comparison[comparison.recommended].parameters:,} parameters."

"""DeepFool with Foolbox 1.8's parameters."""

from typing import Literal

from foolbox.attacks import L2DeepFoolAttack


class DeepFool(L2DeepFoolAttack):
    """Steps to the nearest boundary of the classifier linearised at the current image, in the Euclidean norm.

    This is Foolbox 3's attack with the defaults of Foolbox 1.8's. One difference remains: 1.8 adds 1.05 times each
    step to the clipped image; Foolbox 3 adds 1.05 times the sum of all steps, then clips.

    Source: Moosavi-Dezfooli et al., "DeepFool: a simple and accurate method to fool deep neural networks", 2015,
    algorithm 2.

    Args:
        steps: Maximum number of steps.
        candidates: Number of classes with the largest logits, among which the boundary is sought.
        overshoot: Fraction by which each step overshoots.
        loss: What is linearised: differences of "crossentropy" or of "logits".
    """

    def __init__(
        self,
        steps: int = 100,
        candidates: int = 10,
        overshoot: float = 0.05,
        loss: Literal["logits", "crossentropy"] = "crossentropy",
    ):
        super().__init__(steps=steps, candidates=candidates, overshoot=overshoot, loss=loss)

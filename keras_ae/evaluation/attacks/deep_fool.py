"""DeepFool with Foolbox 1.8's parameters."""

from typing import Literal

from foolbox.attacks import L2DeepFoolAttack


class DeepFool(L2DeepFoolAttack):
    """Steps to the nearest boundary of the classifier made linear at the current image, in the Euclidean norm.

    Foolbox 3's attack with the defaults of Foolbox 1.8's. The differences that remain: 1.8 takes the step of 1.05
    times the way from the clipped image, Foolbox 3 clips 1.05 times the sum of all ways.

    Source: Moosavi-Dezfooli et al., "DeepFool: a simple and accurate method to fool deep neural networks", 2015,
    algorithm 2.

    Args:
        steps: At most.
        candidates: The classes with the largest logits, among which is the boundary.
        overshoot: By which part each step is too long.
        loss: Whose differences are made linear: "crossentropy" or "logits".
    """

    def __init__(
        self,
        steps: int = 100,
        candidates: int = 10,
        overshoot: float = 0.05,
        loss: Literal["logits", "crossentropy"] = "crossentropy",
    ):
        super().__init__(steps=steps, candidates=candidates, overshoot=overshoot, loss=loss)

"""Thirteen adversarial attacks on image classifiers, as Foolbox 3 attacks with the defaults of Foolbox 1.8.0.

They are those of Penhouët's thesis, section 4.6, in its order, all untargeted. Foolbox 3 keeps only some of
Foolbox 1.8's attacks, several of them with other schedules; here each does what 1.8.0 did, whole batches at a
time. Call each like any Foolbox 3 attack, with `epsilons=None`:

    attack = ATTACKS["deep_fool"]()
    adversarial, _, success = attack(as_foolbox(classifier), images, labels, epsilons=None)

The images and labels are TensorFlow tensors, float32 [n, h, w, c] in [0, 1] and int64 [n];
`keras_ae.evaluation.measure_robustness` takes NumPy arrays. Importing an attack imports Foolbox and TensorFlow.
"""

from keras_ae._support.errors import unknown_name
from keras_ae._support.lazy import lazy_names
from keras_ae.catalogue import ATTACKS

GRADIENT, SCORE, DECISION = "gradient", "score", "decision"
# What an attack needs from the classifier.
FAMILIES = {
    **dict.fromkeys(
        ("gradient_sign", "projected_gradient_descent", "deep_fool", "adef", "slsqp", "saliency_map"), GRADIENT
    ),
    **dict.fromkeys(("single_pixel", "local_search"), SCORE),
    **dict.fromkeys(
        ("spatial", "gaussian_blur", "contrast_reduction", "additive_gaussian_noise", "salt_and_pepper_noise"),
        DECISION,
    ),
}
_TITLES = {"adef": "ADef", "slsqp": "SLSQP", "salt_and_pepper_noise": "Salt and Pepper Noise"}
_ELSEWHERE = {"as_foolbox": "classifier", "logits_model": "classifier"}

__all__ = ["ATTACKS", "DECISION", "FAMILIES", "GRADIENT", "SCORE", *sorted(_ELSEWHERE), "title"]
__getattr__ = lazy_names(__name__, _ELSEWHERE)


def title(name: str) -> str:
    """Returns an attack's name as the thesis writes it: "Gradient Sign" for "gradient_sign".

    Raises:
        InputError: If there is no such attack.
    """
    if name not in FAMILIES:
        raise unknown_name(ATTACKS.kind, name, ATTACKS)
    return _TITLES.get(name, name.replace("_", " ").title())

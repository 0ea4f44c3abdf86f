"""Numbers of steps after which halving drops candidates."""

from keras_ae._support.errors import InputError
from keras_ae.runs import TrainingConfig

PARTS = (4, 2)  # of the steps
FEWEST = 4  # evaluations
# Assumptions: the fraction of all candidates' steps that is made (digits, MNIST and CIFAR-10 took less), and how
# often a candidate is compiled on average: once for each part of its training.
PART_LEFT, PARTS_OF_A_RUN = 0.7, 2


def check_halving(training: TrainingConfig) -> None:
    """Refuse (`InputError`) too few evaluations for halving."""
    if training.rounds < FEWEST:
        received = f"halving with {training.rounds} evaluations in {training.steps} steps"
        raise InputError(received, f"at least {FEWEST}", "give more --evaluations, or more --steps")


def rungs(training: TrainingConfig) -> tuple[int, ...]:
    """The numbers of steps after which candidates are dropped, always after a whole evaluation."""
    return tuple(-(-training.rounds // part) * training.steps_per_evaluation for part in PARTS)

"""Models with several objectives: one for the model, and one for each layer that owns an objective."""

from keras_ae.objectives.modes import JointWeights
from keras_ae.objectives.multi_objective import MultiObjective

__all__ = ["JointWeights", "MultiObjective"]

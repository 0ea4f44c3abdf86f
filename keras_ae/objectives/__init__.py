"""Models with several objectives: those of layers that own one, or that of a critic of reconstructions."""

from keras_ae.objectives.criticized import CriticizedAutoencoder
from keras_ae.objectives.modes import JointWeights
from keras_ae.objectives.multi_objective import MultiObjective

__all__ = ["CriticizedAutoencoder", "JointWeights", "MultiObjective"]

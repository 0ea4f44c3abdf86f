"""Optimizers with the results of Keras's own, in less time."""

from keras_ae.optimizers.adam import Adam, AdamW, is_fused

__all__ = ["Adam", "AdamW", "is_fused"]

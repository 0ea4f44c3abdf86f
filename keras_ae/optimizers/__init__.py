"""Optimizers that give what Keras's own give, in less time."""

from keras_ae.optimizers.adam import Adam, AdamW, is_fused

__all__ = ["Adam", "AdamW", "is_fused"]

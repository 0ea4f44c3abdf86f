"""Figures and pages made from saved results alone."""

from keras_ae.report.comparison import write_comparison

__all__ = ["write_comparison"]

"""Figures and pages made from saved results alone."""

from keras_ae.report.comparison import write_comparison
from keras_ae.report.gallery import write_gallery

__all__ = ["write_comparison", "write_gallery"]

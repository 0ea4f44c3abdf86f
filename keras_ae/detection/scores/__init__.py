"""Scores of images, which detectors judge by, one family per file."""

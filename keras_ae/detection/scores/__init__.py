"""Scores of images: what a detector judges by, a file each."""

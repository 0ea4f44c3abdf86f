"""Codes: linear probes, disentanglement, normality, quantisation, projections and interpolation."""

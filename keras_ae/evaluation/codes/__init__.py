"""Codes: linear probes, disentanglement, normality, quantization, projections and paths through them."""

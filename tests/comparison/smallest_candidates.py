"""Candidates that train in a second or two: two codes, each made by two networks, one of which must be better."""

from keras_ae.comparison import Candidate
from keras_ae.runs import ModelConfig

CANDIDATES = [
    Candidate(f"{name}-{code}", ModelConfig("fully_connected", code, "dense", (f"hidden=({units},)",)))
    for name, units in (("narrow", 4), ("wide", 16))
    for code in ("2", "6")
]

"""Comparing bottlenecks: which to try for a purpose, how they perform, which one to take.

Importing this package does not import Keras: configurations are checked before anything heavy is loaded.
"""

from keras_ae._support.lazy import lazy_names

_WHERE = {
    "Candidate": "candidate",
    "Codes": "candidate",
    "Column": "parts",
    "CompareConfig": "config",
    "Comparison": "results",
    "Criterion": "parts",
    "Drawing": "parts",
    "DroppedCandidate": "records",
    "Judge": "purpose",
    "Measured": "selection",
    "Pictures": "parts",
    "Purpose": "purpose",
    "SeedResult": "records",
    "TrainedCandidate": "records",
    "candidates": "config",
    "compare": "comparing",
    "frontier": "selection",
    "map_shapes": "candidate",
    "open_comparison": "report",
    "option": "purpose",
    "search": "searching",
    "select": "selection",
    "vector_shapes": "candidate",
    "write_comparison": "report",
}
# What other packages of this library need, and users do not.
_SHARED = {
    "DEFAULT_TRAINING": "config",
    "Space": "space",
    "TRIALS": "space",
    "certainty": "sentences",
    "check_comparison_directory": "config",
    "check_minutes": "budget",
    "check_search": "space",
    "fit_minutes": "budget",
    "not_trained": "sentences",
    "parse_codes": "candidate",
    "run_path": "paths",
    "trains_here": "training",
}
__all__ = sorted(_WHERE)
__getattr__ = lazy_names(__name__, {**_WHERE, **_SHARED})

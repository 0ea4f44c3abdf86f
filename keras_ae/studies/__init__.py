"""Runs and comparisons: what is trained, where it is kept, and what comes out.

Importing this package does not import Keras: configurations are checked before anything heavy is loaded.
"""

import importlib

_WHERE = {
    "CompareConfig": "config",
    "DataConfig": "config",
    "ModelConfig": "config",
    "RunConfig": "config",
    "RunDirectory": "run_directory",
    "Study": "study",
    "StudyRun": "study",
    "TrainingConfig": "config",
    "TrainingDivergedError": "training",
    "candidates": "candidates",
    "check_shared": "sharing",
    "compare": "compare",
    "estimate": "estimate",
    "evaluate_run": "training",
    "export_run": "detecting",
    "find_studies": "discovery",
    "load_report": "discovery",
    "load_study": "discovery",
    "results": "runner",
    "run_study": "runner",
    "select": "selection",
    "share_run": "sharing",
    "train": "training",
    "train_detector": "detecting",
    "vary": "study",
    "with_new_half": "halves",
}
__all__ = sorted(_WHERE)


def __getattr__(name: str):
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_WHERE[name]}"), name)
    globals()[name] = value  # A function may be named as its module: keep the function.
    return value

"""Runs and studies: what is trained, where it is kept, and what comes out.

Importing this package does not import Keras: configurations are checked before anything heavy is loaded.
"""

from keras_ae._lazy import lazy_names

_WHERE = {
    "CompareConfig": "keras_ae.comparison.config",
    "DataConfig": "config",
    "ModelConfig": "config",
    "Run": "run",
    "RunConfig": "config",
    "RunDirectory": "run_directory",
    "RunRecord": "run_record",
    "Study": "study",
    "StudyRun": "study",
    "TrainingConfig": "config",
    "TrainingDivergedError": "training",
    "attack_run": "attacking",
    "candidates": "keras_ae.comparison.config",
    "check_shared": "sharing",
    "compare": "keras_ae.comparison.comparing",
    "estimate": "estimate",
    "evaluate_run": "training",
    "export_run": "detecting",
    "find_studies": "discovery",
    "load_pretrained": "pretrained",
    "load_report": "discovery",
    "load_run": "training",
    "load_study": "discovery",
    "pretrained_models": "pretrained",
    "results": "runner",
    "run_study": "runner",
    "select": "keras_ae.comparison.selection",
    "share_run": "sharing",
    "train": "training",
    "train_detector": "detecting",
    "vary": "study",
    "with_new_half": "halves",
}
__all__ = sorted(_WHERE)
__getattr__ = lazy_names(__name__, _WHERE)

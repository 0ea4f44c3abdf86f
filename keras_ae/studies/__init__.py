"""Studies: many runs for one question, the measurements of them, and which of a paper's claims they bear out.

Importing this package does not import Keras: configurations are checked before anything heavy is loaded.
"""

from keras_ae._support.lazy import lazy_names

_WHERE = {
    "Study": "study",
    "StudyRun": "study",
    "estimate": "cost",
    "find_studies": "discovery",
    "load_report": "discovery",
    "load_study": "discovery",
    "results": "table",
    "run_study": "runner",
    "vary": "study",
    "write_gallery": "gallery",
}
# Names of runs and comparisons, which were here before they had packages of their own.
_ELSEWHERE = {
    "CompareConfig": "keras_ae.comparison",
    "DataConfig": "keras_ae.runs",
    "ModelConfig": "keras_ae.runs",
    "Run": "keras_ae.runs",
    "RunConfig": "keras_ae.runs",
    "RunDirectory": "keras_ae.runs",
    "RunRecord": "keras_ae.runs",
    "TrainingConfig": "keras_ae.runs",
    "TrainingDivergedError": "keras_ae.runs",
    "attack_run": "keras_ae.runs",
    "candidates": "keras_ae.comparison",
    "check_shared": "keras_ae.runs",
    "compare": "keras_ae.comparison",
    "evaluate_run": "keras_ae.runs",
    "export_run": "keras_ae.runs",
    "load_pretrained": "keras_ae.runs",
    "load_run": "keras_ae.runs",
    "pretrained_models": "keras_ae.runs",
    "select": "keras_ae.comparison",
    "share_run": "keras_ae.runs",
    "train": "keras_ae.runs",
    "train_detector": "keras_ae.runs",
    "with_new_half": "keras_ae.runs",
}
# What other packages of this library need, and users do not.
_SHARED = {
    "FINISHED": "study",
    "config_key": "study",
    "is_finished": "table",
    "load_collect": "discovery",
}
__all__ = sorted(_WHERE)
__getattr__ = lazy_names(__name__, {**_ELSEWHERE, **_WHERE, **_SHARED})

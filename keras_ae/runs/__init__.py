"""One training: its configuration, its directory, and what is done with it when it has finished.

Importing this package does not import Keras: configurations are checked before anything heavy is loaded.
"""

from keras_ae._support.lazy import lazy_names

_WHERE = {
    "Choice": "choosing",
    "DataConfig": "data_config",
    "ModelConfig": "config",
    "Run": "run",
    "RunConfig": "config",
    "RunDirectory": "directory",
    "RunRecord": "record",
    "TrainingConfig": "training_config",
    "TrainingDivergedError": "keras_ae._support.errors",
    "attack_run": "attacking",
    "check_shared": "sharing",
    "evaluate_detector": "outcome",
    "evaluate_run": "training",
    "export_run": "detecting",
    "load_pretrained": "pretrained",
    "load_run": "training",
    "pretrained_models": "pretrained",
    "share_run": "sharing",
    "train": "training",
    "train_detector": "detecting",
    "with_new_half": "halves",
}
# What other packages of this library share, and nobody else needs.
_SHARED = {
    "Cost": "model_cost",
    "DIVERGED": "worker",
    "EXPORTED": "detector_directory",
    "TRAINING_PASSES": "model_cost",
    "Environment": "environment",
    "Job": "worker",
    "LoadsData": "config",
    "Outcome": "worker",
    "POLL": "processes",
    "Processes": "processes",
    "REFUSED": "worker",
    "as_json": "config",
    "calibration_rows": "stopping",
    "check_detector_directory": "detector_directory",
    "check_normal": "normal_images",
    "check_sizes": "normal_images",
    "check_workers": "processes",
    "code_as_text": "config",
    "compile_model": "tasks",
    "cost": "model_cost",
    "current_environment": "environment",
    "first_difference": "directory",
    "format_code": "config",
    "label_names": "outcome",
    "last_lines": "processes",
    "last_step": "processes",
    "load_normal": "normal_images",
    "normal_in_words": "normal_images",
    "normal_labels": "outcome",
    "parse_code": "config",
    "plain": "config",
    "read_check": "sharing",
    "read_metrics": "run",
    "run_job": "worker",
    "step_bytes": "model_cost",
    "step_seconds": "step_time",
    "task_of": "tasks",
    "train_at_once": "processes",
    "workers_that_pay": "processes",
}
__all__ = sorted(_WHERE)
__getattr__ = lazy_names(__name__, {**_WHERE, **_SHARED})

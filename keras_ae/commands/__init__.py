"""The commands of the command line, by name; importing them loads neither Keras nor TensorFlow."""

from keras_ae.commands.compare import Compare, Search
from keras_ae.commands.compress import Compress, Decompress
from keras_ae.commands.data import DataList, DataShard
from keras_ae.commands.detect import DetectTrain, Export
from keras_ae.commands.detect_evaluate import DetectEvaluate
from keras_ae.commands.explore import Explore
from keras_ae.commands.monitor import Monitor
from keras_ae.commands.recalibrate import Recalibrate
from keras_ae.commands.score import Score
from keras_ae.commands.share import Share
from keras_ae.commands.storage import on_local_paths
from keras_ae.commands.study import StudyList, StudyReport, StudyRun
from keras_ae.commands.train import Evaluate, Train

COMMANDS: dict[str, type] = {
    "compare": Compare,
    "search": Search,
    "train": Train,
    "evaluate": Evaluate,
    "share": Share,
    "detect train": DetectTrain,
    "detect evaluate": DetectEvaluate,
    "export": Export,
    "score": Score,
    "compress": Compress,
    "decompress": Decompress,
    "monitor": Monitor,
    "recalibrate": Recalibrate,
    "explore": Explore,
    "data list": DataList,
    "data shard": DataShard,
    "study list": StudyList,
    "study run": StudyRun,
    "study report": StudyReport,
}

__all__ = ["COMMANDS", "on_local_paths"]

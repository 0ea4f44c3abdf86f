"""Keras is imported without what it only wraps."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.tensorflow

WRAPPED = "('matplotlib.pyplot', 'pandas', 'sklearn')"


def _printed(code: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_what_trains_and_measures_candidates_imports_no_data_frames_estimators_or_plots():
    code = (
        "import sys; from keras_ae.runs.worker import prepare; prepare(); import keras_ae.comparison.measuring\n"
    )
    code += f"print(*(name in sys.modules for name in {WRAPPED}))\n"
    code += "import matplotlib.pyplot, pandas, sklearn.base; print(pandas.DataFrame.__name__)"
    assert _printed(code) == ["False", "False", "False", "DataFrame"]


def test_what_is_imported_already_stays():
    code = "import sys, pandas; from keras_ae._support.keras_import import import_keras; import_keras()\n"
    code += "import keras, numpy; from keras.src.trainers.data_adapters import array_slicing\n"
    code += "print(sys.modules['pandas'] is pandas is array_slicing.pandas, 'sklearn' in sys.modules)"
    assert _printed(code) == ["True", "False"]

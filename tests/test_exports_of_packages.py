"""What packages say they export is where they say."""

import importlib
import subprocess
import sys

import pytest

import keras_ae

PACKAGES = [name for name in keras_ae.__all__ if name in keras_ae._MODULES]


@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.tensorflow
def test_every_exported_name_is_there(package):
    module = importlib.import_module(f"keras_ae.{package}")
    for name in (
        *getattr(module, "__all__", ()),
        *getattr(module, "_SHARED", ()),
        *getattr(module, "_ELSEWHERE", ()),
    ):
        assert getattr(module, name) is not None


def test_a_mistyped_command_is_refused_before_keras_is_imported():
    code = "import sys; from keras_ae import cli; print(cli.main(['compre']), 'keras' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["2", "False"]

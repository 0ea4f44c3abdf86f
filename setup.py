"""Puts the small models that the wheel carries beside the package; everything else is in pyproject.toml."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
MODELS = ("variational_digits", "variational_dsprites")  # under 1 MB together


class BuildWithModels(build_py):
    """Copies `saved_models/NAME` to `keras_ae/saved_models/NAME`; an editable installation uses the clone's."""

    def run(self):
        super().run()
        if self.editable_mode:
            return
        for name in MODELS:
            target = Path(self.build_lib) / "keras_ae" / "saved_models" / name
            shutil.copytree(ROOT / "saved_models" / name, target, dirs_exist_ok=True)


setup(cmdclass={"build_py": BuildWithModels})

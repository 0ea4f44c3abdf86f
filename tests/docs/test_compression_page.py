"""The page about compression: its commands are parsed; its decoder needs TensorFlow and constriction alone."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tyro

import keras_ae as kae
from keras_ae.commands import COMMANDS
from keras_ae.compression import Codec

PAGE = (Path(__file__).parents[2] / "docs" / "compression.md").read_text(encoding="utf-8")
DECODER = re.findall(r"```python\n(import constriction.*?)```", PAGE, re.DOTALL)[0]


def test_the_commands_can_be_parsed():
    lines = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
    commands = [shlex.split(line) for line in lines if line.startswith("keras-ae")]
    assert len(commands) >= 4
    for _, name, *arguments in commands:
        tyro.cli(COMMANDS[name], args=arguments)


@pytest.mark.slow  # loads TensorFlow anew
def test_the_decoder_of_the_page_makes_the_same_image_without_this_library(tmp_path):
    codec = Codec.of(kae.architectures.compressive((32, 32, 3), (2, 2, 6), filters=4))
    codec.save(tmp_path / "codecs" / "photos")
    image = np.random.default_rng(0).integers(0, 256, (150, 200, 3), "uint8")
    (content,) = codec.compress(image)
    (tmp_path / "photo.kaec").write_bytes(content)
    script = f"{DECODER}\nimport sys\nassert 'keras_ae' not in sys.modules\nnumpy.save('image.npy', image)\n"
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    subprocess.run([sys.executable, "-c", script], check=True, cwd=tmp_path, env=environment)
    np.testing.assert_array_equal(np.load(tmp_path / "image.npy"), codec.decompress([content])[0])

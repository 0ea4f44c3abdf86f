"""What the page about comparisons says is what the code does."""

import re
import shlex
from pathlib import Path

import tyro

from keras_ae.catalogue import PURPOSES
from keras_ae.commands import COMMANDS
from keras_ae.comparison import CompareConfig, candidates, detect, generate, reconstruct
from keras_ae.comparison.candidate import COMPRESSIONS, LONGEST_VECTOR, MORE_COMPRESSIONS
from keras_ae.runs.config import DataConfig

PAGE = (Path(__file__).parents[2] / "docs" / "compare.md").read_text(encoding="utf-8")


def test_the_rules_and_the_candidates_are_those_of_the_code():
    for name, purpose in PURPOSES.items():
        assert f"| `{name}` | {purpose.rule} |" in PAGE
    for module in (reconstruct, generate, detect):
        lengths = ", ".join(f"1/{part}" for part in module.PARTS)
        assert re.search(rf"\| `{module.__name__.rpartition('.')[2]}`.* \| {lengths} \|", PAGE)
    assert f"at most {LONGEST_VECTOR}" in PAGE
    text = " ".join(PAGE.split())
    for several in (COMPRESSIONS, MORE_COMPRESSIONS):
        *first, last = sorted(several)
        assert f"{', '.join(map(str, first))} and {last}" in text
    training = CompareConfig(DataConfig("digits")).training
    assert f"{training.steps} steps of {training.batch_size} images" in text
    names = [candidate.name for purpose in PURPOSES for candidate in candidates((64, 64, 3), purpose)]
    for name in re.findall(r"`((?:convolutional|strided)-[\w-]+)`", PAGE):
        assert name in names


def test_the_commands_can_be_parsed():
    blocks = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    commands = [shlex.split(line) for block in blocks for line in block.splitlines()]
    assert len(commands) == 9
    for _, name, *arguments in commands:
        tyro.cli(COMMANDS[name], args=arguments)

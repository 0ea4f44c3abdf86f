"""What the page about comparisons says is what the code does."""

import re
import shlex
from pathlib import Path

import tyro

from keras_ae.commands import COMMANDS
from keras_ae.studies.candidates import COMPRESSIONS, LONGEST_VECTOR, MORE_COMPRESSIONS, PARTS, candidates
from keras_ae.studies.config import CompareConfig, DataConfig
from keras_ae.studies.selection import RULES

PAGE = (Path(__file__).parents[2] / "docs" / "compare.md").read_text(encoding="utf-8")


def test_the_rules_and_the_candidates_are_those_of_the_code():
    for purpose, rule in RULES.items():
        assert f"| `{purpose}` | {rule} |" in PAGE
    for purpose, parts in PARTS.items():
        lengths = ", ".join(f"1/{part}" for part in parts)
        assert re.search(rf"\| `{purpose}`.* \| {lengths} \|", PAGE)
    assert f"at most {LONGEST_VECTOR}" in PAGE
    text = " ".join(PAGE.split())
    for several in (COMPRESSIONS, MORE_COMPRESSIONS):
        *first, last = sorted(several)
        assert f"{', '.join(map(str, first))} and {last}" in text
    training = CompareConfig(DataConfig("digits")).training
    assert f"{training.steps} steps of {training.batch_size} images" in text
    names = [candidate.name for purpose in PARTS for candidate in candidates((64, 64, 3), purpose)]
    for name in re.findall(r"`((?:convolutional|strided)-[\w-]+)`", PAGE):
        assert name in names


def test_the_commands_can_be_parsed():
    blocks = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    commands = [shlex.split(line) for block in blocks for line in block.splitlines()]
    assert len(commands) == 6
    for _, name, *arguments in commands:
        tyro.cli(COMMANDS[name], args=arguments)

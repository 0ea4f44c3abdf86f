"""The page about bottlenecks lists what the catalogue has."""

import re
import shlex
from pathlib import Path

import tyro

from keras_ae.catalogue import BOTTLENECKS, PURPOSES
from keras_ae.commands import COMMANDS

PAGE = (Path(__file__).parents[2] / "docs" / "bottlenecks.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in row.strip("|").split("|")] for row in re.findall(r"^\| `.*\|$", PAGE, re.MULTILINE)
]


def test_every_bottleneck_has_a_row_that_says_whether_it_is_discrete_and_penalizes():
    assert sorted(row[0].strip("`") for row in ROWS) == sorted(BOTTLENECKS)
    for name, _, source, penalty, _, discrete, purposes in ROWS:
        kind = BOTTLENECKS[name.strip("`")]
        part = kind.examples()[0].build(kind)
        assert discrete == ("yes" if part.sizes else "no"), name
        assert penalty.startswith("none") != part.penalizes, name
        assert source
        assert purposes == "all" or set(purposes.split(", ")) <= set(PURPOSES), name


def test_the_commands_can_be_parsed():
    commands = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
    assert len(commands) == 2
    for _, name, *arguments in map(shlex.split, commands):
        tyro.cli(COMMANDS[name], args=arguments)

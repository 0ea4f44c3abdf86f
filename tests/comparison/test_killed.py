"""Comparisons and searches with workers, killed and given again: the results of those that were not."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

TIMES = ("training_seconds", "encoding_seconds_per_image", "decoding_seconds_per_image")
SMALL = ["--data", "digits", "--limit", "200", "--codes", "4x4x2", "4", "--evaluations", "8", "--steps", "32"]
COMMANDS = {
    "compare": ["compare", *SMALL],
    "halving": ["compare", *SMALL, "--halving"],
    "search": ["search", *SMALL, "--trials", "4"],
}


def _command(name: str, out: Path) -> list[str]:
    return [sys.executable, "-m", "keras_ae", *COMMANDS[name], "--workers", "2", "--out", str(out), "--json"]


def _results(out: Path) -> dict:
    """`results.json` without the times."""
    results = json.loads((out / "results.json").read_text())
    for row in results["candidates"]:
        row |= {name: None for name in TIMES if name in row}
    return results


def _rows(out: Path) -> int:
    """Evaluations that all runs of a comparison have made."""
    return sum(len(file.read_text().splitlines()) - 1 for file in out.glob("candidates/*/history.csv"))


def _kill_after(rows: int, name: str, out: Path) -> None:
    """Kill the command, whose workers end with it, once so many evaluations were made."""
    process = subprocess.Popen(
        _command(name, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    limit = time.monotonic() + 300
    while _rows(out) < rows and process.poll() is None and time.monotonic() < limit:
        time.sleep(0.05)
    assert process.poll() is None, "it ended before it was killed"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    time.sleep(3)  # the workers see that their parent has gone


@pytest.mark.parametrize("name", COMMANDS)
def test_what_was_killed_twice_ends_with_the_same_results(name, tmp_path):
    subprocess.run(_command(name, tmp_path / "whole"), check=True, stdout=subprocess.DEVNULL)
    whole = _rows(tmp_path / "whole")
    for part in (0.25, 0.6):
        _kill_after(int(part * whole), name, tmp_path / "killed")
    subprocess.run(_command(name, tmp_path / "killed"), check=True, stdout=subprocess.DEVNULL)
    assert _results(tmp_path / "killed") == _results(tmp_path / "whole")
    assert not list((tmp_path / "killed").rglob("worker*.log"))

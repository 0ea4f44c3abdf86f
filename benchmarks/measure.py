"""What the benchmarks share: timing, memory, tables."""

import json
import resource
import time
from collections.abc import Callable
from pathlib import Path


def seconds_a_call(function: Callable, warm_up: int = 2, calls: int = 10, repeats: int = 3) -> float:
    """The fastest of several rounds of calls, compilation left out: the machine's noise only ever adds."""
    for _ in range(warm_up):
        function()
    fastest = float("inf")
    for _ in range(repeats):
        started = time.perf_counter()
        for _ in range(calls):
            function()
        fastest = min(fastest, (time.perf_counter() - started) / calls)
    return fastest


def in_turns(ways: dict[str, Callable], rounds: int = 7) -> dict[str, float]:
    """Milliseconds of the fastest call of each, a few calls of one after a few of the other."""
    fastest = dict.fromkeys(ways, float("inf"))
    for _ in range(rounds):
        for name, way in ways.items():
            fastest[name] = min(fastest[name], 1000 * seconds_a_call(way, warm_up=1, calls=2, repeats=1))
    return fastest


def peak_memory() -> float:
    """The largest resident size of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def show(title: str, rows: list[dict], out: Path | None = None) -> None:
    """Print rows as a table, and write them as JSON where a file is given."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title)
    for name in rows[0]:
        table.add_column(name, justify="right" if isinstance(rows[0][name], int | float) else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(f"{value:,.3g}" if isinstance(value, float) else str(value) for value in row.values()))
    Console(width=140).print(table)
    if out is not None:
        out.write_text(json.dumps(rows, indent=2) + "\n")

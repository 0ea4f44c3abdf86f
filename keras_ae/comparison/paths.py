"""Where a comparison keeps the runs of its candidates, and how many images its pictures show."""

from pathlib import Path

SHOWN = 10  # test images in a picture


def run_path(out: Path, name: str, seed: int = 0) -> Path:
    """The directory of a candidate's run; `seed` counts from 0."""
    return out / "candidates" / name if seed == 0 else out / "seeds" / str(seed) / name

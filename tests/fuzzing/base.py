"""What is damaged: images, and a run, a comparison, detectors and a model made of them by the real commands."""

import io
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from .case import Case
from .supervisor import Supervisor

SHAPE = (16, 16)
IMAGES = 24
BOMB = (13_300, 13_300)
TRAINING = ("--steps", "2", "--evaluations", "1", "--architecture", "fully_connected", "--code", "4", "--json")
RATE = ("--false-positive-rate", "0.5")  # so that few images are enough
MAKERS = {
    "run": ("train", "--data", "folder:photos", *TRAINING, "--out", "run"),
    "detector": ("export", "run", "--score", "mse", *RATE, "--formats", "savedmodel", "onnx", "--out", "detector"),
    "trained": (
        "detect",
        "train",
        "--data",
        "folder:photos",
        *TRAINING,
        *RATE,
        "--score",
        "mse",
        "--out",
        "trained",
    ),
    "exported": ("export", "run", "--out", "exported"),
    "shared": ("share", "run", "--out", "shared"),
    "comparison": (
        *("compare", "--data", "folder:photos", "--steps", "2", "--evaluations", "1", "--codes", "4", "8"),
        *("--json", "--out", "comparison"),
    ),
}


EVALUATE = ("evaluate", "run", "--json")


@dataclass(frozen=True)
class Base:
    """Where the undamaged things lie, and what the commands say of them.

    Attributes:
        root: Directory with photos/, data.npz and what `MAKERS` makes.
    """

    root: Path

    def has(self, name: str) -> bool:
        """Whether it was made."""
        return (self.root / name).exists()

    def copy(self, name: str, directory: Path, to: str | None = None) -> Path:
        """Copy one of them into a case's directory, without the logs, which are large."""
        source, target = self.root / name, directory / (to or name)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("logs"))
        else:
            shutil.copy(source, target)
        return target


def make_base(root: Path, supervisor: Supervisor, names: Sequence[str] = tuple(MAKERS)) -> Base:
    """Make the undamaged things, unless they are there.

    Args:
        root: The directory for them.
        supervisor: Runs the commands that make them.
        names: Which of `MAKERS` to run, the first one of them "run".

    Raises:
        RuntimeError: If one of the commands fails.
    """
    root.mkdir(parents=True, exist_ok=True)
    if not (root / "photos").is_dir():
        _write_images(root)
    request = {"run": str(root / "run"), "method": "GET", "path": "/_dash-dependencies", "body": "", "headers": {}}
    texts = {"evaluate.json": ("command", list(EVALUATE)), "callbacks.json": ("request", request)}
    for name in names:
        if not (root / name).exists():
            _made(supervisor, root, "command", list(MAKERS[name]))
    for name, question in texts.items():
        if not (root / name).exists():
            (root / name).write_text(_made(supervisor, root, *question))
    return Base(root)


def _made(supervisor: Supervisor, root: Path, action: str, arguments) -> str:
    """What a command or a request prints."""
    outcome = supervisor.run(Case("base", "", action, arguments), root, seconds=600)
    if outcome.status or outcome.ended:
        raise RuntimeError(f"{arguments}: {outcome.ended} {outcome.stderr}")
    return outcome.stdout


def picture_bomb(base: Base) -> Path:
    """A PNG of 0.2 MB that decodes to 177 MB; made once."""
    path = base.root / "bomb.png"
    if not path.exists():
        Image.new("L", BOMB).save(path)
    return path


def photo(generator: np.random.Generator, shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    """A uint8 picture of stripes with noise."""
    rows = np.arange(shape[0]).reshape(-1, *[1] * (len(shape) - 1))
    stripes = 50 * np.sin(rows / 2 + 6 * generator.random())
    return np.clip(128 + stripes + 20 * generator.standard_normal(shape), 0, 255).astype(np.uint8)


def write_arrays(root: Path) -> np.ndarray:
    """Write data.npz, and return its images."""
    generator = np.random.default_rng(0)
    photos = np.stack([photo(generator) for _ in range(IMAGES)])
    train, test = photos[:18], photos[18:]
    np.savez(root / "data.npz", x_train=train, y_train=np.arange(18) % 3, x_test=test, y_test=np.arange(6))
    return photos


def _write_images(root: Path) -> None:
    unready = root / "unready"
    unready.mkdir()
    for i, pixels in enumerate(write_arrays(root)):
        Image.fromarray(pixels).save(unready / f"{i:02}.png")
    unready.rename(root / "photos")


def png(pixels: np.ndarray) -> bytes:
    """A picture as the bytes of a PNG file."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png")
    return file.getvalue()

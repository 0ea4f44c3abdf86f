"""The same images through the loader and through the exported graph: in how many decisions they differ.

    python benchmarks/parity.py --data DIR [--images 582] [--side 256] [--out FILE.json]

`DIR` holds `magnetic_tile.zip`. A detector of features is fitted to normal photographs, and exported. Other
photographs, normal and defective, are written as files, in turn as PNG and JPEG, gray and in colour, in sizes from
100 to 2,000 pixels. The loader reads, converts and resizes them as it does for training; the graph is given their
pixels as they are.
"""

import argparse
import io
import tempfile
import zipfile
from itertools import cycle
from pathlib import Path

import numpy as np
from measure import show
from PIL import Image

import keras_ae as kae
from keras_ae.detection import ExportedDetector

FITTED, CALIBRATED, NORMAL = 120, 99, 190  # photographs that are fitted to, that set the threshold, and others
KINDS = ("gray.png", "gray.jpg", "colour.png", "colour.jpg")


def photographs(archive: Path) -> tuple[list[Image.Image], list[Image.Image]]:
    """Normal ones and defective ones."""
    found: tuple[list, list] = ([], [])
    with zipfile.ZipFile(archive) as opened:
        for name in sorted(each for each in opened.namelist() if each.endswith(".jpg")):
            image = Image.open(io.BytesIO(opened.read(name))).convert("L")
            found["MT_Free" not in name].append(image)
    return found


def write(image: Image.Image, kind: str, side: int, path: Path) -> None:
    """An image as a file whose longer side is `side`."""
    scale = side / max(image.size)
    sized = image.resize(tuple(max(1, round(each * scale)) for each in image.size), Image.Resampling.BICUBIC)
    if kind.startswith("colour"):
        sized = Image.merge("RGB", [sized.point(lambda value, gain=gain: gain * value) for gain in (0.9, 1, 0.8)])
    sized.save(path, quality=90) if kind.endswith("jpg") else sized.save(path)


def write_all(normal: list, defective: list, count: int, root: Path) -> None:
    """Normal photographs to fit to, as they are, and others in all sizes and kinds."""
    generator = np.random.default_rng(0)
    generator.shuffle(normal)
    fitted, tested = normal[: FITTED + CALIBRATED], [*normal[FITTED + CALIBRATED :][:NORMAL], *defective]
    for folder, images in (("normal", fitted), ("new", tested[:count])):
        (root / folder).mkdir()
        for i, (image, kind) in enumerate(zip(images, cycle(KINDS), strict=False)):
            side = int(np.exp(generator.uniform(np.log(100), np.log(2000))))
            if folder == "normal":
                side, kind = max(image.size), KINDS[0]
            write(image, kind, side, root / folder / f"{i:04}.{kind}")


def fitted_detector(images: np.ndarray, weights: str | None) -> kae.AnomalyDetector:
    """A detector of features of these normal images."""
    features = kae.architectures.features(size=16, image_shape=images.shape[1:], neighbours=3, weights=weights)
    features.adapt(images[:FITTED])
    detector = kae.AnomalyDetector(features, "position_gaussian", 0.05, holdout=0, batch_size=16)
    return detector.fit(images[:FITTED]).calibrate(images[FITTED:])


def compare(exported: ExportedDetector, loaded, kind: str) -> dict:
    """How far scores and decisions of the loader's images are from those of the files' pixels."""
    files = loaded.files("train")
    some = [i for i, file in enumerate(files) if file.name.endswith(kind)]
    by_loader = np.concatenate([exported.score(loaded.images_at("train", [i])) for i in some])
    decoded = (np.asarray(Image.open(files[i])) for i in some)
    by_graph = np.concatenate([exported.score(each.reshape(1, *each.shape[:2], -1)) for each in decoded])
    decisions = [scores > np.float32(exported.threshold) for scores in (by_loader, by_graph)]
    return {
        "files": kind,
        "images": len(some),
        "anomalies": int(decisions[0].sum()),
        "decisions that differ": int(np.sum(decisions[0] != decisions[1])),
        "largest difference, in spreads": float(np.abs(by_loader - by_graph).max() / exported.calibration.spread),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--images", type=int, default=582)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--channels", type=int, choices=(1, 3), default=1)
    parser.add_argument("--weights", default="imagenet", help="random tries the script out")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    size = (options.side, options.side)
    how = {"image_size": size, "resize": "stretch", "channels": options.channels, "test_fraction": 0.0}
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        write_all(*photographs(options.data / "magnetic_tile.zip"), options.images, root)
        normal = kae.data.load(f"folder:{root / 'normal'}", **how, progress=False).images("train")
        detector = fitted_detector(normal, None if options.weights == "random" else options.weights)
        about = {"preparation": {"image_size": size, "resize": "stretch"}}
        detector.export(root / "detector", images=normal[:2], about=about)
        loaded = kae.data.load(f"folder:{root / 'new'}", **how, progress=False)
        exported = ExportedDetector(root / "detector")
        rows = [compare(exported, loaded, kind) for kind in KINDS]
    show("The loader and the graph", rows, options.out)


if __name__ == "__main__":
    main()

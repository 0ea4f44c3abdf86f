"""Images a second of each input pipeline alone, and of training on it: does the pipeline hold training up?

    python benchmarks/pipelines.py [--images 20000] [--side 32] [--out FILE.json]

Each source is measured in a process of its own, so that its memory is its own. "waiting" is the share of the
training time that goes when the same batches lie ready in memory: near 0 means that the pipeline keeps up.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from measure import peak_memory, show

SOURCES = ("npz", "folder cached", "folder streamed")
BATCH, STEPS = 64, 100


def make_sources(directory: Path, images: int, side: int) -> None:
    """The same random smooth images as an .npz and as a tree of JPEG files."""
    from PIL import Image

    generator = np.random.default_rng(0)
    small = generator.integers(0, 256, (images, 4, 4, 3), dtype=np.uint8)
    pictures = [Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC) for pixels in small]
    np.savez(directory / "images.npz", images=np.stack([np.asarray(picture) for picture in pictures]))
    for i, picture in enumerate(pictures):
        folder = directory / "tree" / f"class{i % 10}"
        folder.mkdir(parents=True, exist_ok=True)
        picture.save(folder / f"{i:06}.jpg", quality=90)


def load(source: str, directory: Path):
    """The source as image data."""
    import keras_ae as kae

    if source == "npz":
        return kae.data.load(f"npz:{directory / 'images.npz'}", batch_size=BATCH, progress=False)
    streamed = source == "folder streamed"
    return kae.data.load(f"folder:{directory / 'tree'}", batch_size=BATCH, cache=not streamed, progress=False)


def images_a_second(dataset, steps: int) -> float:
    """Draw batches and do nothing with them."""
    batches = iter(dataset)
    next(batches)
    started = time.perf_counter()
    seen = sum(len(next(batches)) for _ in range(steps))
    return seen / (time.perf_counter() - started)


def training_rate(model, dataset, steps: int) -> float:
    """Images a second of `fit`, compilation left out."""
    model.fit(dataset, steps_per_epoch=3, epochs=1, verbose=0, shuffle=False)
    started = time.perf_counter()
    model.fit(dataset, steps_per_epoch=steps, epochs=1, verbose=0, shuffle=False)
    return BATCH * steps / (time.perf_counter() - started)


def measure(source: str, directory: Path) -> dict:
    """All numbers of one source."""
    started = time.perf_counter()
    data = load(source, directory)
    loading = time.perf_counter() - started
    import tensorflow as tf

    import keras_ae as kae

    stream = data.pipeline("train", repeat=True)
    pipeline = images_a_second(stream, STEPS)
    memory = peak_memory()
    model = kae.architectures.strided(data.image_shape, (32,), filters=16)
    model.compile("adam", "mse")
    ready = tf.data.Dataset.from_tensors(next(iter(stream))).repeat()
    without, with_pipeline = training_rate(model, ready, STEPS), training_rate(model, stream, STEPS)
    return {
        "source": source,
        "loading, s": round(loading, 2),
        "pipeline, images/s": round(pipeline),
        "training, images/s": round(with_pipeline),
        "batches ready, images/s": round(without),
        "waiting": f"{max(0.0, 1 - with_pipeline / without):.0%}",
        "memory of the pipeline, MiB": round(memory),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--side", type=int, default=32)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--source", help=argparse.SUPPRESS)
    parser.add_argument("--directory", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.source:
        print(json.dumps(measure(options.source, options.directory)))
        return
    with tempfile.TemporaryDirectory() as directory:
        make_sources(Path(directory), options.images, options.side)
        rows = []
        for source in SOURCES:
            command = [sys.executable, __file__, "--source", source, "--directory", directory]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            rows.append(json.loads(done.stdout.splitlines()[-1]))
    side = options.side
    show(f"{options.images} images of {side}×{side}×3, batches of {BATCH}", rows, options.out)


if __name__ == "__main__":
    main()

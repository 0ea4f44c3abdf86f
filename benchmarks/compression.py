"""Megapixels a second that a codec encodes and decodes, how long files are, and whether all come back.

    python benchmarks/compression.py [CODEC] [--images folder:photos/] [--size 768 512] [--round-trips 10000]
                                     [--corrupted 500] [--out FILE.json]

Without CODEC, the small codec (32 filters, a map a sixteenth as high and wide, 32 channels) with the weights that
it starts with: they cost the network as much as trained ones, and the coder more. Each stage is timed by itself.
One in a hundred of the round trips is of an image of `--images` or, without them, of noise on a gradient, of 16 to
320 pixels a side; the others are of noise, 1 to 64 pixels a side.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
from measure import seconds_a_call, show
from PIL import Image

import keras_ae as kae
from keras_ae.compression import HEADER_BYTES, Codec

REAL = 100  # of all round trips, one in so many is of a real image


def small_codec(bottleneck: str) -> Codec:
    keras.utils.set_random_seed(0)
    return Codec.of(kae.architectures.compressive((128, 128, 3), (8, 8, 32), bottleneck=bottleneck))


def rates(codec: Codec, images: np.ndarray) -> list[dict]:
    """A row a stage: megapixels a second of a batch."""
    pixels = images.shape[0] * images.shape[1] * images.shape[2] / 1e6
    files, sent = codec.compress(images), list(codec._encoded(images))
    read = [codec.read(file) for file in files]
    stages = {
        "encode: network": lambda: list(codec._encoded(images)),
        "encode: coder": lambda: [codec._coder.encode(codec.entropy.parts(arrays)) for arrays, _ in sent],
        "encode": lambda: codec.compress(images),
        "decode: coder": lambda: [codec.read(file) for file in files],
        "decode: network": lambda: list(codec.images(read)),
        "decode": lambda: codec.decompress(files),
        "encode and decode": lambda: codec.decompress(codec.compress(images)),
    }
    return [
        {"stage": name, "MP/s": pixels / seconds_a_call(stage, warm_up=1, calls=1, repeats=5)}
        for name, stage in stages.items()
    ]


def lengths(codec: Codec, images: np.ndarray) -> dict:
    """Bytes of files beside what the tables say."""
    files, bits = codec.compress(images), codec.bits(images)
    beyond = np.array([8 * (len(file) - HEADER_BYTES) for file in files]) - bits
    pixels = np.prod(images.shape[1:3])
    return {
        "bits per pixel": float(8 * np.mean([len(file) for file in files]) / pixels),
        "longer than the estimate and the header, %": float(100 * max(beyond / bits)),
    }


def pictures(folder: str | None, count: int, channels: int) -> Iterator[np.ndarray]:
    """Images [h, w, c] of random sizes: crops of those of a folder, or of noise on gradients."""
    generator = np.random.default_rng(0)
    paths = sorted(Path(folder.removeprefix("folder:")).rglob("*.[jp][pn]g")) if folder else []
    for i in range(count):
        height, width = (int(side) for side in generator.integers(16, 320, 2))
        if paths:
            image = np.asarray(Image.open(paths[i % len(paths)]).convert("L" if channels == 1 else "RGB"))
            image = image.reshape(*image.shape[:2], channels)
            yield image[:height, :width]
        else:
            rows, columns = np.mgrid[:height, :width]
            noise = generator.normal(0, 16, (height, width, channels))
            yield np.uint8(np.clip((rows + columns)[..., None] / 4 + noise, 0, 255))


def round_trips(codec: Codec, count: int, folder: str | None) -> tuple[int, list[bytes]]:
    """The number of images whose whole numbers came back, of `count`, and a few files."""
    channels, generator, good, files = codec.image_shape[-1], np.random.default_rng(1), 0, []

    def noise() -> Iterator[np.ndarray]:
        for _ in range(count - count // REAL):
            yield generator.integers(0, 256, (*generator.integers(1, 65, 2), channels), "uint8")

    for images in (pictures(folder, count // REAL, channels), noise()):
        for image in images:
            ((sent, size),) = codec._encoded(image)
            (file,) = codec.compress(image)
            read = codec.read(file)
            good += np.array_equal(read.codes, sent[-1]) and read.size == size == image.shape[:2]
            if len(files) < 20:
                files.append(file)
    return good, files


def corrupted(codec: Codec, files: list[bytes], count: int) -> dict[str, int]:
    """What became of damaged files: refused, the same code in spite of it, or another one without a word."""
    generator, outcome = np.random.default_rng(2), {"refused": 0, "harmless": 0, "another image": 0}
    for i in range(count):
        whole = files[i % len(files)]
        content = bytearray(whole)
        if i % 4 == 0:
            content[generator.integers(len(content))] ^= 1 << generator.integers(8)
        elif i % 4 == 1:
            content = content[: generator.integers(len(content))]
        elif i % 4 == 2:
            start = generator.integers(len(content))
            content[start : start + 8] = generator.bytes(8)
        else:
            content = bytearray(whole[: generator.integers(5, 14)] + generator.bytes(generator.integers(1, 500)))
        try:
            read = codec.read(bytes(content))
        except kae.InputError:
            outcome["refused"] += 1
        else:
            same = np.array_equal(read.codes, codec.read(whole).codes)
            outcome["harmless" if same else "another image"] += 1
    return outcome


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("codec", nargs="?", type=Path)
    parser.add_argument("--bottleneck", default="entropy_coded", help="without CODEC; or scale_hyperprior")
    parser.add_argument("--images", help="folder:PATH of real images")
    parser.add_argument("--size", type=int, nargs=2, default=(768, 512), metavar=("WIDTH", "HEIGHT"))
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--round-trips", type=int, default=0)
    parser.add_argument("--corrupted", type=int, default=0)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    codec = Codec.load(options.codec) if options.codec else small_codec(options.bottleneck)
    width, height = options.size
    found = pictures(options.images, options.batch, codec.image_shape[-1])
    images = np.stack([_resized(image, (height, width)) for image in found])
    show(f"{len(images)} images of {width}×{height}", rates(codec, images), options.out)
    show("lengths", [lengths(codec, images)])
    if options.round_trips:
        good, files = round_trips(codec, options.round_trips, options.images)
        show("round trips", [{"images": options.round_trips, "the same whole numbers": good}])
        show("corrupted files", [corrupted(codec, files, options.corrupted)])


def _resized(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """An image enlarged to (height, width), as the same file for all sizes of a benchmark."""
    if image.shape[-1] == 1:
        return np.asarray(Image.fromarray(image[..., 0]).resize(size[::-1]))[..., None]
    return np.asarray(Image.fromarray(image).resize(size[::-1]))


if __name__ == "__main__":
    main()

"""Codecs for images of one kind beside the standard formats: magnetic tiles, and photographs.

python -m experiments.rate_distortion.codecs tiles DATA --out DIR reads `magnetic_tile.zip` (Huang et al., 2018) in
the directory DATA; `photographs` in place of `tiles` reads `bsds500.zip` (Arbeláez et al., 2011). Models that are
in DIR are not trained again; the table goes to results/ and into README.md.
"""

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas
from matplotlib.figure import Figure

import keras_ae as kae
from experiments.rate_distortion.figures import by_rate
from experiments.rate_distortion.images import halved_photographs
from experiments.real_defects.tiles import divide, load_tiles
from keras_ae._support.errors import InputError
from keras_ae._support.files import write_text
from keras_ae.evaluation import RateCurve, standard_curve, standard_formats
from keras_ae.report.results import fill_page, write_results

BATCH, STEPS, RATE = 8, 1_500, 2e-3
WEIGHTS = (1e-3, 2.5e-4, 4e-3)
ROUNDING = {"relaxation": "straight_through", "dead_zone": 1 / 6}
MOST = 64  # test images
LOSSLESS = 99.0  # dB
RESULTS = Path(__file__).parent / "results"
METRICS: tuple[Literal["psnr", "ms_ssim"], ...] = ("psnr", "ms_ssim")

Images = Sequence[np.ndarray]  # uint8 [height, width, channels] each


def tiles(data: Path, seed: int) -> tuple[Images, Images]:
    """Tiles without defects of 256×256 pixels to train on, and of other tiles to test."""
    found = load_tiles(data / "magnetic_tile.zip", 256)
    division = divide(found, seed)
    return found.images[np.concatenate([division.train, division.calibration])], found.images[division.test]


def photographs(data: Path, seed: int) -> tuple[Images, Images]:
    """Photographs of 240×160 pixels or 160×240, shrunk by two; the official division, whatever the seed."""
    found = halved_photographs(data / "bsds500.zip")
    train, test = ([_lying(image)[:160, :240] for image in found[split]] for split in ("train", "test"))
    return train, test


def _lying(image: np.ndarray) -> np.ndarray:
    return image if image.shape[0] < image.shape[1] else np.rot90(image)


@dataclass(frozen=True)
class Kind:
    """Images of one kind, and the blocks that suit them.

    Attributes:
        split: From the data directory and a seed to images to train on and to test.
        side: Pixels a side of the parts of images to train on.
        block: Pixels a side of a block.
        units: Coefficients to keep of each.
    """

    split: Callable[[Path, int], tuple[Images, Images]]
    side: int
    block: int
    units: int


KINDS = {"tiles": Kind(tiles, 256, 32, 768), "photographs": Kind(photographs, 128, 16, 384)}


def parts(images: Images, side: int, seed: int):
    """Batches of random parts of images, flipped and turned at random: pairs float32 [8, side, side, channels]."""
    import tensorflow as tf

    generator = np.random.default_rng(seed)

    def batches() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        while True:
            chosen = generator.integers(0, len(images), BATCH)
            batch = np.stack([_part(images[i], side, generator) for i in chosen])
            yield batch, batch

    spec = tf.TensorSpec((BATCH, side, side, images[0].shape[-1]), tf.float32)
    return tf.data.Dataset.from_generator(batches, output_signature=(spec, spec)).prefetch(4)


def _part(image: np.ndarray, side: int, generator: np.random.Generator) -> np.ndarray:
    top, left = (generator.integers(0, whole - side + 1) for whole in image.shape[:2])
    part = np.rot90(image[top : top + side, left : left + side], generator.integers(4))
    return np.float32(part[::-1] if generator.integers(2) else part) / 255


def build(kind: Kind, channels: int, weight: float, bottleneck: str):
    """The untrained codec for images of a kind."""
    import keras

    keras.utils.set_random_seed(0)
    made = kae.bottlenecks.as_bottleneck(bottleneck, kind.units, weight=weight, **ROUNDING)
    positions = kind.side // kind.block
    shape = (kind.side, kind.side, channels)
    return kae.architectures.cosine_blocks(shape, (positions, positions, kind.units), bottleneck=made)


def train(
    kind: Kind, images: Images, out: Path, bottleneck: str, steps: int, seed: int, weights: Sequence[float]
) -> dict[float, Path]:
    """Trains a model for each weight, as far as there is none yet; returns their files."""
    import keras

    paths: dict[float, Path] = {}
    for weight in weights:
        path = paths[weight] = out / f"{bottleneck}-w{weight:g}-seed{seed}.keras"
        if path.exists():
            continue
        model, warmup = build(kind, images[0].shape[-1], weight, bottleneck), steps // 20
        rate = keras.optimizers.schedules.CosineDecay(0.0, steps - warmup, warmup_target=RATE, warmup_steps=warmup)
        model.compile(kae.optimizers.Adam(rate, epsilon=model.bottleneck.adam_epsilon), loss="mse")
        started = time.perf_counter()
        model.fit(parts(images, kind.side, seed), steps_per_epoch=steps // 10, epochs=10, verbose=2)
        print(f"{path.name}: {steps} steps in {time.perf_counter() - started:.0f} s", flush=True)
        model.save(path)
    return paths


def curves(paths: dict[float, Path], images: np.ndarray, name: str) -> list[RateCurve]:
    """The codec's curve over its weights, and those of the standard formats."""
    codecs = ((weight, kae.compression.Codec.of(kae.load_model(path))) for weight, path in paths.items())
    ours = kae.evaluation.rate_curve(name, codecs, images)
    return [ours, *(standard_curve(each, images) for each in standard_formats())]


def as_table(found: list[RateCurve]) -> pandas.DataFrame:
    """A row for each point, with the BD-rate of the first curve against each other one."""
    rows = []
    for curve in found:
        compared = curve is not found[0] and len(curve.points) > 1
        changes = {
            f"BD-rate by {metric}": _bd_rate(found[0], curve, metric) if compared else "" for metric in METRICS
        }
        rows += [{"codec": curve.name, **asdict(point), **changes} for point in curve.points]
    return pandas.DataFrame(rows)


def _bd_rate(curve: RateCurve, reference: RateCurve, metric: Literal["psnr", "ms_ssim"]) -> str:
    try:
        return str(kae.evaluation.bd_rate(curve, reference, metric))
    except InputError:
        return "no quality in common"


def figure(table: pandas.DataFrame) -> Figure:
    """PSNR against bits per pixel; lossless points are left out."""
    drawn = Figure(figsize=(6.4, 4.2), layout="constrained")
    axes = drawn.subplots()
    for i, (name, points) in enumerate(table[table["psnr"] < LOSSLESS].groupby("codec", sort=False)):
        line = (
            {"color": "C3", "linewidth": 2}
            if i == 0
            else {"color": "0.4", "linestyle": ("-", "--", "-.", ":")[i % 4]}
        )
        axes.plot(points["bits_per_pixel"], points["psnr"], marker=".", label=name, **line)
    axes.set(xlabel="bits per pixel", ylabel="PSNR, dB")
    by_rate(axes)
    axes.grid(color="0.92")
    axes.legend(fontsize=8, frameon=False)
    return drawn


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images", choices=list(KINDS))
    parser.add_argument("data", type=Path, help="directory with their archive")
    parser.add_argument("--out", type=Path, default=Path("runs/codecs"), help="directory for the models")
    parser.add_argument("--bottleneck", default="scale_hyperprior", choices=["entropy_coded", "scale_hyperprior"])
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--weights", type=float, nargs="+", default=WEIGHTS, help="of the bits per pixel")
    parser.add_argument("--seed", type=int, default=0, help="divides the tiles, and draws the batches")
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    out, kind = options.out / options.images, KINDS[options.images]
    out.mkdir(parents=True, exist_ok=True)
    training, test = kind.split(options.data, options.seed)
    test = np.stack([test[i] for i in np.linspace(0, len(test) - 1, min(MOST, len(test))).astype(int)])
    print(f"{len(training)} images to train on, {len(test)} to test", flush=True)
    paths = train(kind, training, out, options.bottleneck, options.steps, options.seed, options.weights)
    table = as_table(curves(paths, test, f"keras_ae, {options.bottleneck}"))
    name = f"codecs_{options.images}"
    write_text(options.results / f"{name}.csv", table.to_csv(index=False, float_format="%.6g"))
    write_results(options.results, {name: table}, {name: figure(table)})
    print((options.results / f"{name}.md").read_text(encoding="utf-8"))
    fill_page(options.results)


if __name__ == "__main__":
    main()

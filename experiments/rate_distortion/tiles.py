"""A codec of magnetic tiles beside the standard formats: 256 pixels, no tile both in training and in the test.

python -m experiments.rate_distortion.tiles DATA --out DIR reads `magnetic_tile.zip` (Huang et al., 2018) in the
directory DATA. Models that are in DIR are not trained again; the table goes to results/ and into README.md.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Literal

import numpy as np
import pandas
from matplotlib.figure import Figure

import keras_ae as kae
from experiments.real_defects.tiles import divide, load_tiles
from keras_ae._support.errors import InputError
from keras_ae._support.files import write_text
from keras_ae.evaluation import RateCurve, standard_curve, standard_formats
from keras_ae.report.results import fill_page, write_results

SIDE, BLOCK, UNITS, BATCH, STEPS, RATE = 256, 32, 768, 8, 2_000, 2e-3
WEIGHTS = (1e-3, 2.5e-4, 4e-3)
ROUNDING = {"relaxation": "straight_through", "dead_zone": 1 / 6}
MOST = 64  # test images
LOSSLESS = 99.0  # dB
RESULTS = Path(__file__).parent / "results"
METRICS: tuple[Literal["psnr", "ms_ssim"], ...] = ("psnr", "ms_ssim")


def split(archive: Path, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Tiles without defects, uint8 [n, 256, 256, 1]: those to train on, and evenly spaced ones of the test."""
    tiles = load_tiles(archive, SIDE)
    division = divide(tiles, seed)
    test = division.test[np.linspace(0, len(division.test) - 1, min(MOST, len(division.test))).astype(int)]
    return tiles.images[np.concatenate([division.train, division.calibration])], tiles.images[test]


def turned(images: np.ndarray, seed: int):
    """Batches of images, flipped and turned at random: pairs float32 [8, 256, 256, 1]."""
    import tensorflow as tf

    generator = np.random.default_rng(seed)

    def batches() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        while True:
            batch = np.stack([_turned(images[i], generator) for i in generator.integers(0, len(images), BATCH)])
            yield batch, batch

    spec = tf.TensorSpec((BATCH, *images.shape[1:]), tf.float32)
    return tf.data.Dataset.from_generator(batches, output_signature=(spec, spec)).prefetch(4)


def _turned(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    image = np.rot90(image, generator.integers(4))
    return np.float32(image[::-1] if generator.integers(2) else image) / 255


def build(weight: float, bottleneck: str):
    """A model of 8×8 blocks of 32×32 pixels, three quarters of whose coefficients are kept."""
    import keras

    keras.utils.set_random_seed(0)
    made = kae.bottlenecks.as_bottleneck(bottleneck, UNITS, weight=weight, **ROUNDING)
    side = SIDE // BLOCK
    return kae.architectures.cosine_blocks((SIDE, SIDE, 1), (side, side, UNITS), bottleneck=made)


def train(
    images: np.ndarray, out: Path, bottleneck: str, steps: int, seed: int, weights: tuple[float, ...] = WEIGHTS
) -> dict[float, Path]:
    """Trains a model for each weight, as far as there is none yet; returns their files."""
    import keras

    paths: dict[float, Path] = {}
    for weight in weights:
        path = paths[weight] = out / f"{bottleneck}-w{weight:g}-seed{seed}.keras"
        if path.exists():
            continue
        model, warmup = build(weight, bottleneck), steps // 20
        rate = keras.optimizers.schedules.CosineDecay(0.0, steps - warmup, warmup_target=RATE, warmup_steps=warmup)
        model.compile(kae.optimizers.Adam(rate, epsilon=model.bottleneck.adam_epsilon), loss="mse")
        started = time.perf_counter()
        model.fit(turned(images, seed), steps_per_epoch=steps // 10, epochs=10, verbose=2)
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
    axes.set(xlabel="bits per pixel", ylabel="PSNR, dB", xscale="log")
    axes.grid(color="0.92")
    axes.legend(fontsize=8, frameon=False)
    return drawn


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="directory with magnetic_tile.zip")
    parser.add_argument("--out", type=Path, default=Path("runs/tiles"), help="directory for the models")
    parser.add_argument("--bottleneck", default="scale_hyperprior", choices=["entropy_coded", "scale_hyperprior"])
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--weights", type=float, nargs="+", default=WEIGHTS, help="of the bits per pixel")
    parser.add_argument("--seed", type=int, default=0, help="divides the tiles, and draws the batches")
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    training, test = split(options.data / "magnetic_tile.zip", options.seed)
    print(f"{len(training)} images to train on, {len(test)} to test", flush=True)
    paths = train(training, options.out, options.bottleneck, options.steps, options.seed, tuple(options.weights))
    table = as_table(curves(paths, test, f"keras_ae, {options.bottleneck}"))
    write_text(options.results / "tiles.csv", table.to_csv(index=False, float_format="%.6g"))
    write_results(options.results, {"tiles": table}, {"tiles": figure(table)})
    print((options.results / "tiles.md").read_text(encoding="utf-8"))
    fill_page(options.results)


if __name__ == "__main__":
    main()

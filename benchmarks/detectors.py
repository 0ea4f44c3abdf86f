"""Latency of one image and images a second of exported detectors, maps included, in each format.

    python benchmarks/detectors.py [--side 256] [--batch-size 16] [--features BACKBONE] [--out FILE.json]

Two detectors: a strided autoencoder of 16 filters with 16 code values, and a Gaussian at each of 32 × 32
positions of frozen features (EfficientNet-lite0, at random weights, which cost the same). The SavedModel takes
bytes of the detector's size, and of a photograph's (`--photograph`), which its graph resizes; the other formats
take floats of the detector's size. A format whose runtime is missing is left out.
"""

import argparse
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import keras
import numpy as np
from measure import seconds_a_call, show

import keras_ae as kae
from keras_ae.detection import ExportedDetector, QuantizingImages

FITTED, CALIBRATED = 24, 20


def noise(side: int) -> np.ndarray:
    """Images [24, side, side, 3]."""
    return np.random.default_rng(0).random((FITTED, side, side, 3)).astype(np.float32)


def detectors(side: int, backbone: str, weights: str | None) -> dict[str, kae.AnomalyDetector]:
    """A detector of pixels and one of features, both fitted to noise."""
    keras.utils.set_random_seed(0)
    shape, images = (side, side, 3), noise(side)
    features = kae.architectures.features(backbone, image_shape=shape, neighbours=3, weights=weights)
    features.adapt(images)
    models = {
        "pixels": (kae.architectures.strided(shape, (16,), filters=16), "mse"),
        "features": (features, "position_gaussian"),
    }
    fitted = {}
    for name, (model, score) in models.items():
        detector = kae.AnomalyDetector(model, score, 0.05, holdout=0, batch_size=8).fit(images)
        fitted[name] = detector.calibrate(images[:CALIBRATED])
    return fitted


def onnx_runtime(path: Path) -> Callable:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return lambda images: session.run(None, {"images": images})


def litert(path: Path) -> Callable:
    import tensorflow as tf

    runner = tf.lite.Interpreter(str(path), num_threads=2).get_signature_runner("serving_default")
    return lambda images: runner(images=images)


def openvino(path: Path) -> Callable:
    from openvino import Core

    model = Core().compile_model(str(path), "CPU")
    return lambda images: model({"images": images})


def ways(path: Path, pixels: np.ndarray, photographs: np.ndarray) -> dict[str, tuple[Callable, np.ndarray]]:
    """Functions of images that give scores, decisions and maps, with the images that they take."""
    exported, floats = ExportedDetector(path), np.float32(pixels) / 255
    given: dict[str, tuple[Callable, np.ndarray]] = {
        "SavedModel": (exported.score_and_map, pixels),
        "SavedModel, photographs": (exported.score_and_map, photographs),
    }
    for name, make, file in (
        ("ONNX Runtime", onnx_runtime, "predict.onnx"),
        ("OpenVINO", openvino, "predict.onnx"),
        ("LiteRT", litert, "predict.tflite"),
        ("LiteRT, INT8", litert, "predict_int8.tflite"),
    ):
        if not (path / file).exists():
            continue
        try:
            given[name] = make(path / file), floats
        except ImportError as error:
            print(f"{name}: left out ({error})")
    return given


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--photograph", type=int, nargs=2, default=(480, 640), metavar=("HEIGHT", "WIDTH"))
    parser.add_argument("--features", default="efficientnet_lite0")
    parser.add_argument("--weights", help="imagenet, or a file; random ones by default")
    parser.add_argument("--formats", nargs="+", default=["savedmodel", "onnx", "litert"])
    parser.add_argument("--only", choices=("pixels", "features"), help="one of the detectors")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    rows, generator = [], np.random.default_rng(1)
    pixels = generator.integers(0, 256, (options.batch_size, options.side, options.side, 3), np.uint8)
    photographs = generator.integers(0, 256, (options.batch_size, *options.photograph, 3), np.uint8)
    for name, detector in detectors(options.side, options.features, options.weights).items():
        if options.only not in (None, name):
            continue
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "detector"
            quantizing = QuantizingImages(noise(options.side)[:8], [noise(options.side)])
            examples = np.float32(pixels[:2]) / 255
            detector.export(path, tuple(options.formats), images=examples, quantizing=quantizing)
            files = [*path.glob("*.pb"), *path.glob("variables/*")]
            print(f"{name}: SavedModel of {sum(file.stat().st_size for file in files) / 1e6:.1f} MB")
            for way, (function, images) in ways(path, pixels, photographs).items():
                one = seconds_a_call(partial(function, images[:1]), 1, 3, options.repeats)
                all_ = seconds_a_call(partial(function, images), 1, 1, options.repeats)
                rows.append({
                    "detector": name,
                    "run by": way,
                    "one image, ms": 1000 * one,
                    "images a second": len(images) / all_,
                })  # fmt: skip
    show(f"Detectors of {options.side} × {options.side} × 3 images, maps included", rows, options.out)


if __name__ == "__main__":
    main()

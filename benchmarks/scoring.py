"""Images a second that a detector scores: the Keras model, the SavedModel, ONNX Runtime, LiteRT, and files.

    python benchmarks/scoring.py [--images 4096] [--batch-size 256] [--score mse+nearest_codes] [--out FILE.json]

A strided autoencoder of 16 filters with 16 code values, for images of 32×32×3. Its weights are those that it
starts with, which costs the same as trained ones. "Keras predict" only reconstructs: what is beyond it is the
score.
"""

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
from measure import seconds_a_call, show
from PIL import Image

import keras_ae as kae
from keras_ae.detection import ExportedDetector

SHAPE, FITTED, CALIBRATED = (32, 32, 3), 2_000, 200


def detector_of_noise(score: str) -> kae.AnomalyDetector:
    """A detector that was fitted to noise."""
    keras.utils.set_random_seed(0)
    model = kae.architectures.strided(SHAPE, (16,), filters=16)
    images = np.random.default_rng(0).random((FITTED, *SHAPE)).astype(np.float32)
    detector = kae.AnomalyDetector(model, score, 0.05, holdout=0).fit(images)
    return detector.calibrate(images[:CALIBRATED])


def in_batches(function: Callable, images: np.ndarray, size: int) -> Callable:
    """A call that passes all images to a function, batch by batch."""
    return lambda: [function(images[i : i + size]) for i in range(0, len(images), size)]


def onnx_runtime(path: Path) -> Callable:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda images: session.run(None, {name: images})


def litert(path: Path, size: int) -> Callable:
    import tensorflow as tf

    interpreter = tf.lite.Interpreter(str(path), num_threads=2)
    place = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(place, [size, *SHAPE])
    interpreter.allocate_tensors()
    result = interpreter.get_output_details()[0]["index"]

    def run(images):
        interpreter.set_tensor(place, images)
        interpreter.invoke()
        return interpreter.get_tensor(result)

    return run


def rates(score: str, images: int, size: int, directory: Path) -> list[dict]:
    """A row a way of scoring `images` images, `size` at a time."""
    detector = detector_of_noise(score)
    detector.export(directory / "detector", ("savedmodel", "onnx", "litert"))
    exported = ExportedDetector(directory / "detector")
    pixels = np.random.default_rng(1).integers(0, 256, (images - images % size, *SHAPE), np.uint8)
    floats = np.float32(pixels) / np.float32(255)
    files = directory / "files"
    files.mkdir()
    for i, image in enumerate(pixels[:1024]):
        Image.fromarray(image).save(files / f"{i:05}.png")
    ways = {
        "Keras predict, reconstruction alone": lambda: detector.autoencoder.predict(floats, size, verbose=0),
        "AnomalyDetector.score_samples": lambda: detector.score_samples(floats),
        "SavedModel": in_batches(exported.score, pixels, size),
        "ONNX Runtime": in_batches(onnx_runtime(directory / "detector/score.onnx"), floats, size),
        "LiteRT": in_batches(litert(directory / "detector/score.tflite", size), floats, size),
        "SavedModel, folder of PNG files": lambda: list(exported.score_folder(files, batch_size=size)),
    }
    rows = []
    for name, function in ways.items():
        count = 1024 if "folder" in name else len(pixels)
        rows.append({"scored by": name, "images a second": count / seconds_a_call(function, 1, 1, 3)})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=4096)
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--score", default="mse+nearest_codes")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        rows = rates(options.score, options.images, options.batch_size, Path(directory))
    show(f"Scoring {SHAPE} images by {options.score}", rows, options.out)


if __name__ == "__main__":
    main()

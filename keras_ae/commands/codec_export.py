"""`keras-ae export --codec`: a finished run as a codec."""

from typing import TYPE_CHECKING

from keras_ae._support.directories import check_replaceable
from keras_ae._support.errors import InputError
from keras_ae._support.output_paths import check_output_directory
from keras_ae.commands.console import load_keras, print_json
from keras_ae.compression import require_coder
from keras_ae.detection import DEFAULT_RATE
from keras_ae.runs import Run

if TYPE_CHECKING:
    from keras_ae.commands.detect import Export


def export_as_codec(command: "Export") -> None:
    """Export the run as a codec; refuse the options of detectors."""
    of_detectors = (command.score, command.formats, command.false_positive_rate)
    if of_detectors != (None, ("savedmodel",), DEFAULT_RATE):
        raise InputError(
            "--codec with --score, --formats or --false-positive-rate",
            "one kind of export",
            "leave out one of them",
        )
    run = Run.open(command.run_directory, command.data)  # refuses anything but a finished run
    if not 0 < command.step < float("inf"):
        raise InputError(f"step={command.step}", "a number above 0", "correct --step")
    require_coder()
    check_output_directory(command.out)
    check_replaceable(command.out)
    load_keras()
    from keras_ae.runs import export_codec

    codec = export_codec(run, command.out, command.step, progress=not command.json)
    if command.json:
        print_json({"out": str(command.out), "identity": codec.identity.hex(), "image_shape": codec.image_shape})
        return
    sizes = "any size" if codec.takes_any_size else "×".join(map(str, codec.image_shape[:2])) + " pixels"
    print(f"codec {codec.identity.hex()} of images of {sizes}: {command.out}")

"""`keras-ae compress` and `decompress`: folders of images to small files, and back."""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro

from keras_ae._support.errors import InputError
from keras_ae._support.files import shown_name
from keras_ae._support.output_paths import check_output_directory
from keras_ae.commands.console import JSON_HELP, load_keras, print_json, print_lines
from keras_ae.compression import (
    check_compressed,
    check_decompressed,
    compressed_files,
    read_codec_record,
    require_coder,
)
from keras_ae.data import MAX_PIXELS, FileLog, LeftOut, image_files
from keras_ae.detection import check_folder

FAILED = 1  # exit status if some files failed


@dataclass(frozen=True)
class Compress:
    """Compress the images of a folder with an exported codec, each to a .kaec file."""

    model: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="CODEC")]
    """Directory that `keras-ae export --codec` wrote."""
    source: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="folder:PATH")]
    """The images, in any nesting."""
    out: Path
    """Folder to write the .kaec files to; files of the same names are replaced."""
    max_pixels: int = MAX_PIXELS
    """Largest image to decode, in pixels."""
    json: Annotated[bool, tyro.conf.arg(help=JSON_HELP)] = False

    def run(self) -> int:
        _check(self)
        folder = check_folder(self.source)
        check_compressed(image_files(folder), self.out)
        load_keras()
        from keras_ae.compression import Codec, compress_folder

        left_out, log, codec = LeftOut(), FileLog(), Codec.load(self.model)
        status = _report(self, lambda: compress_folder(codec, folder, self.out, self.max_pixels, left_out, log))
        print_lines((*log.notes(), *left_out.notes()))
        return status


@dataclass(frozen=True)
class Decompress:
    """Restore the images of a folder of .kaec files, as PNG."""

    model: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="CODEC")]
    """Directory of the codec that compressed them."""
    source: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="folder:PATH")]
    """Folder of .kaec files, in any nesting."""
    out: Path
    """Folder to write the images to; files of the same names are replaced."""
    max_pixels: int = MAX_PIXELS
    """Largest image to restore, in pixels."""
    json: Annotated[bool, tyro.conf.arg(help=JSON_HELP)] = False

    def run(self) -> int:
        _check(self)
        folder = Path(self.source.removeprefix("folder:")).expanduser()
        files = compressed_files(folder) if folder.is_dir() else []
        if not files:
            raise InputError(
                f"{folder}, without .kaec files", "what keras-ae compress wrote", "correct the folder"
            )
        check_decompressed(files, self.out)
        load_keras()
        from keras_ae.compression import Codec, decompress_folder

        codec = Codec.load(self.model)
        return _report(self, lambda: decompress_folder(codec, folder, self.out, self.max_pixels))


def _check(command: Compress | Decompress) -> None:
    if command.max_pixels < 1:
        raise InputError(f"max_pixels={command.max_pixels}", "at least 1", "correct --max-pixels")
    require_coder()
    read_codec_record(command.model)
    check_output_directory(command.out)


def _report(command: Compress | Decompress, work: Callable[[], Iterator[Any]]) -> int:
    """Do the work, report each file that failed, and print the totals; returns the exit status."""
    from keras_ae._support.progress import progress_bars

    files = pixels = length = bad = 0
    started = time.perf_counter()
    with progress_bars(disable=command.json, transient=True) as bars:
        task = bars.add_task(type(command).__name__.lower() + "ing", total=None)
        for each in work():
            files, bad = files + 1, bad + bool(each.problem)
            pixels, length = pixels + each.pixels, length + each.bytes
            if each.problem:
                print(f"{shown_name(each.file)}: {each.problem}", file=sys.stderr)
            bars.advance(task)
    seconds = time.perf_counter() - started
    results = {"out": str(command.out), "files": files - bad, "bad": bad, "pixels": pixels, "bytes": length}
    if command.json:
        print_json(results | {"seconds": seconds})
    else:
        bits = f", {8 * length / pixels:.3f} bits per pixel" if pixels else ""
        rate = f"{pixels / seconds / 1e6:.2f} megapixels a second"
        print(f"{files - bad:,} files, {length:,} bytes{bits}; {rate}: {command.out}")
    return FAILED if bad else 0

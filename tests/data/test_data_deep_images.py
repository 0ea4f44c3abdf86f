"""Files of more than 8 bits, huge ones, and ones with broken EXIF data: real files of each of Pillow's modes."""

import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from PIL import Image

from keras_ae import InputError
from keras_ae.data import load
from keras_ae.data.bit_depths import to_8_bits
from keras_ae.data.decoding import BadImageError, Decoder
from keras_ae.data.pixel_budget import PixelBudget
from keras_ae.data.preparation import Preparation
from keras_ae.explore.images import uploaded_image

RAMP = np.linspace(0, 252, 64).reshape(8, 8)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("deep.tif", np.int32), ("deep.tif", np.uint16), ("deep.tif", np.float32), ("deep.png", np.uint16)],
)
def test_8_bits_in_a_wider_file_are_not_black(write, kind, name):
    path = write(name, RAMP.astype(kind))
    with pytest.raises(BadImageError, match=r"(below 256, up to|numbers up to) 252.*--white-level 255 or 65535"):
        Decoder()(path)
    pixels, _ = Decoder(Preparation(white_level=255))(path)
    np.testing.assert_array_equal(pixels[..., 0], np.rint(RAMP.astype(kind)))


@pytest.mark.parametrize("kind", [np.int32, np.uint16])
def test_16_bits_are_taken_as_such(write, kind):
    values = np.linspace(0, 65535, 64).reshape(8, 8).astype(kind)
    pixels, kinds = Decoder()(write("deep.tif", values))
    np.testing.assert_array_equal(pixels[..., 0], np.rint(values / 257))
    assert kinds == ("16-bit",)


def test_a_camera_of_12_bits_has_its_own_white(write):
    values = np.linspace(0, 4095, 64).reshape(8, 8).astype(np.uint16)
    pixels, _ = Decoder(Preparation(white_level=4095))(write("deep.tif", values))
    np.testing.assert_array_equal(pixels[..., 0], np.rint(values / 4095 * 255))
    with pytest.raises(BadImageError, match="from 0 to 4095, beyond white_level=4000"):
        Decoder(Preparation(white_level=4000))(write("deep.tif", values))


@pytest.mark.parametrize(("white", "most"), [(None, 4095), (None, 65535), (4095, 4095)])
def test_whoever_gives_12_bits_as_16_is_asked_what_is_white(write, tmp_path, white, most):
    for number in range(3):
        write(
            f"images/{number}.png",
            np.linspace(0, most if number == 2 else 3000, 64, dtype=np.uint16).reshape(8, 8),
        )
    data = load(f"folder:{tmp_path}/images", test_fraction=0, white_level=white)
    (advised,) = [any("--white-level 4095" in note for note in data.notes)]
    assert advised == (white is None and most == 4095)
    assert any("16 bits a channel reduced to 8" in note for note in data.notes)


def test_floating_point_files_are_read_where_white_is_known(write):
    path = write("float.tif", np.linspace(0, 1, 64).reshape(8, 8).astype(np.float32))
    pixels, _ = Decoder(Preparation(white_level=1))(path)
    np.testing.assert_array_equal(pixels[..., 0], np.rint(np.linspace(0, 255, 64).reshape(8, 8)))
    # A detector's card says 65535 of integers.
    with pytest.raises(BadImageError, match="nearly black if 65535 is white"):
        Decoder(Preparation(white_level=65535))(path)


def test_a_black_frame_is_black(write):
    assert (Decoder()(write("black.tif", np.zeros((8, 8), np.uint16)))[0] == 0).all()


def test_an_old_card_takes_dark_frames_as_it_did():
    preparation = Preparation.from_record({"pad": [0, 0], "crop": None, "image_size": [8, 8]})
    assert preparation == Preparation(size=(8, 8), resize="crop", white_level=65535)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "YCbCr", "HSV", "I", "I;16"])
def test_every_mode_keeps_dark_and_bright(write, mode):
    """The left half is black, the right half white."""
    gray = np.zeros((8, 8), np.uint8)
    gray[:, 4:] = 255
    image = Image.fromarray(gray)
    if mode.startswith("I"):
        image = Image.fromarray(gray.astype(np.int32 if mode == "I" else np.uint16) * 257)
    else:
        image = (image.convert("RGB") if mode in ("CMYK", "YCbCr", "HSV") else image).convert(mode)
    assert image.mode == mode
    if mode == "HSV":  # which no format has
        pixels = np.asarray(to_8_bits(image)[0])
    else:
        pixels, _ = Decoder()(write("image.tif", image))
    assert pixels[:, :4].max() <= 2
    assert pixels[:, 4:].min() >= 250


def test_the_level_is_recorded_and_part_of_the_fingerprint(write, tmp_path):
    for number in range(3):
        write(f"images/{number}.tif", RAMP.astype(np.uint16))
    source = f"folder:{tmp_path}/images"
    with pytest.raises(InputError, match="--white-level"):
        load(source, test_fraction=0)
    first, second = (load(source, test_fraction=0, white_level=level) for level in (255, 300))
    np.testing.assert_allclose(first.images("train")[0, ..., 0], np.floor(RAMP) / 255, atol=1e-6)
    assert first.fingerprint() != second.fingerprint()


@pytest.mark.parametrize("name", ["1.png", "1.webp", "1.jpg"])
def test_broken_exif_data_do_not_cost_a_good_image(write, name):
    path = write(
        name, np.full((8, 8, 3), 200, np.uint8), exif=b"Exif\x00\x00II*\x00\xff\xff\xff\x7f" + b"\x07" * 40
    )
    pixels, _ = Decoder()(path)
    assert abs(pixels.astype(int) - 200).max() <= 3


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_turned_as_pillow_does(write, orientation):
    from PIL import ImageOps

    exif = Image.Exif()
    exif[0x0112] = orientation
    path = write("turned.png", np.arange(24, dtype=np.uint8).reshape(4, 6) * 10, exif=exif)
    pixels, _ = Decoder()(path)
    np.testing.assert_array_equal(pixels[..., 0], np.asarray(ImageOps.exif_transpose(Image.open(path))))


@pytest.fixture(scope="module")
def huge(tmp_path_factory):
    """0.1 MB that decode to 13,300 × 13,300."""
    path = tmp_path_factory.mktemp("huge") / "huge.png"
    Image.new("1", (13_300, 13_300)).save(path)
    return path


def test_a_huge_picture_is_refused_in_one_line_and_within_little_memory(huge):
    code = f"""
import resource, warnings
from pathlib import Path
from keras_ae.data.decoding import Decoder
warnings.simplefilter("error")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    Decoder()(Path({str(huge)!r}))
except ValueError as error:
    print(error)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    message, growth = done.stdout.splitlines()
    assert "13,300 × 13,300 pixels, more than 67,108,864" in message
    assert "--max-pixels" in message
    assert int(growth) < 50_000  # kilobytes
    assert done.stderr == ""


def test_the_limit_is_adjustable_everywhere(write, tmp_path, huge):
    assert Decoder(Preparation(size=(4, 4), max_pixels=200_000_000))(huge)[0].shape == (4, 4, 1)
    write("images/1.png", size=(20, 20))
    source = f"folder:{tmp_path}/images"
    with pytest.raises(InputError, match="20 × 20 pixels, more than 399"):
        load(source, max_pixels=399, test_fraction=0)
    assert load(source, max_pixels=400, test_fraction=0).sizes["train"] == 1
    content = (tmp_path / "images" / "1.png").read_bytes()
    with pytest.raises(InputError, match="20 × 20 pixels, more than 399"):
        uploaded_image(content, "1.png", (8, 8, 3), Preparation(max_pixels=399))


def test_threads_share_a_budget_of_pixels():
    budget, running, most = PixelBudget(100), [], []
    lock = threading.Lock()

    def work(pixels):
        with budget.taking(pixels):
            with lock:
                running.append(pixels)
                most.append(sum(running))
            time.sleep(0.01)
            with lock:
                running.remove(pixels)

    threads = [threading.Thread(target=work, args=(pixels,)) for pixels in (60, 30, 100, 20, 60, 50) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert max(most) <= 100
    assert not running


def test_threads_that_decode_large_images_take_the_memory_of_few(tmp_path):
    path = tmp_path / "large.png"
    Image.new("RGBA", (4000, 4000), (9, 99, 200, 128)).save(path, compress_level=1)
    code = f"""
import resource
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from keras_ae.data import decoding
from keras_ae.data.pixel_budget import PixelBudget
from keras_ae.data.preparation import Preparation
decoding._budget = PixelBudget(4000 * 4000)
decoder = decoding.Decoder(Preparation(size=(8, 8), resize="stretch"))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with ThreadPoolExecutor(4) as pool:
    list(pool.map(decoder, [Path({str(path)!r})] * 4))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert int(done.stdout) < 200_000  # kilobytes: of one image 64 MB, and as much that is made of it

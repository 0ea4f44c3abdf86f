"""One file to pixels: modes, orientation, size, damage."""

import io

import numpy as np
import pytest
from PIL import Image

from keras_ae import InputError
from keras_ae.data.decoding import BadImageError, Decoder, upright_size
from keras_ae.data.file_log import FileLog
from keras_ae.data.pixel_budget import MAX_PIXELS
from keras_ae.data.preparation import Preparation


def test_gray_and_colour_files_are_read_exactly(write):
    for mode, channels in (("L", 1), ("RGB", 3)):
        path = write(f"{mode}.png", mode=mode)
        pixels, kinds = Decoder()(path)
        assert pixels.shape == (8, 8, channels)
        assert pixels.dtype == np.uint8
        assert kinds == ()
        np.testing.assert_array_equal(pixels.squeeze(), np.asarray(Image.open(path)))


def test_16_bits_are_rounded_to_8(write):
    values = np.array([[0, 128, 129, 257], [65535, 65406, 1000, 30000]], np.uint16)
    pixels, kinds = Decoder()(write("deep.png", values))
    np.testing.assert_array_equal(pixels[..., 0], np.round(values / 257))
    assert kinds == ("16-bit",)


def test_transparency_is_laid_over_white(write):
    rgba = np.zeros((1, 3, 4), np.uint8)
    rgba[0, :, 3] = 0, 255, 51
    pixels, kinds = Decoder()(write("alpha.png", rgba))
    np.testing.assert_array_equal(pixels[0, :, 0], [255, 0, 204])
    assert pixels.shape == (1, 3, 3)
    assert kinds == ("alpha",)


def test_gray_with_transparency_stays_gray(write):
    pixels, kinds = Decoder()(write("la.png", Image.new("LA", (2, 2), (0, 0))))
    assert pixels.shape == (2, 2, 1)
    assert (pixels == 255).all()
    assert kinds == ("alpha",)


def test_a_transparent_palette_colour_becomes_white(write):
    image = Image.new("P", (2, 2), 0)
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.putpixel((0, 0), 1)
    pixels, _ = Decoder()(write("palette.png", image, transparency=0))
    np.testing.assert_array_equal(pixels[0, 0], [0, 255, 0])
    np.testing.assert_array_equal(pixels[1, 1], [255, 255, 255])


@pytest.mark.parametrize(
    ("image", "extension", "channels", "kind"),
    [
        (Image.new("P", (4, 4)), "png", 3, "colours"),
        (Image.new("CMYK", (4, 4)), "jpg", 3, "colours"),
        (Image.new("1", (4, 4), 1), "png", 1, "black and white"),
    ],
)
def test_other_modes_are_converted_and_said(write, image, extension, channels, kind):
    pixels, kinds = Decoder()(write(f"image.{extension}", image))
    assert pixels.shape == (4, 4, channels)
    assert kinds == (kind,)
    if kind == "black and white":
        assert (pixels == 255).all()


def test_exif_orientation_is_applied(write):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn 90° clockwise
    pixels = np.zeros((2, 3), np.uint8)
    pixels[0, 0] = 200
    turned, kinds = Decoder()(write("turned.png", pixels, exif=exif))
    assert turned.shape == (3, 2, 1)
    assert turned[0, 1] == 200
    assert kinds == ("rotated",)


def test_channels_are_forced(write):
    gray, colour = write("gray.png", mode="L"), write("colour.png", mode="RGB")
    pixels, kinds = Decoder(channels=3)(gray)
    assert (pixels == pixels[..., :1]).all()
    assert pixels.shape == (8, 8, 3)
    assert kinds == ("to colour",)
    pixels, kinds = Decoder(channels=1)(colour)
    assert pixels.shape == (8, 8, 1)
    assert kinds == ("to gray",)


def test_the_first_frame_of_an_animation_is_used(write):
    frames = [Image.new("L", (4, 4), value) for value in (10, 200)]
    path = write("moving.gif", frames[0], save_all=True, append_images=frames[1:])
    pixels, kinds = Decoder()(path)
    assert (pixels == 10).all()
    assert "animated" in kinds


def test_resizing_covers_and_crops_the_centre(write):
    stripes = np.zeros((10, 30), np.uint8)
    stripes[:, 10:20] = 255  # exactly the central square
    pixels, _ = Decoder(Preparation(size=(5, 5)))(write("wide.png", stripes))
    assert pixels.shape == (5, 5, 1)
    assert (pixels[:, 1:-1] > 250).all()


def test_shrinking_antialiases(write):
    board = np.indices((64, 64)).sum(0) % 2 * 255
    pixels, _ = Decoder(Preparation(size=(8, 8)))(write("board.png", board.astype(np.uint8)))
    assert abs(pixels.astype(int) - 127).max() <= 10


def test_a_large_jpeg_resized_is_close_to_the_same_png(write):
    """JPEG files are decoded at a fraction of their size where that is still larger than asked for."""
    stripes = np.tile((np.arange(640) // 16 % 2 * 255).astype(np.uint8), (480, 1))
    jpeg, _ = Decoder(Preparation(size=(60, 80)))(write("stripes.jpg", stripes, quality=95))
    png, _ = Decoder(Preparation(size=(60, 80)))(write("stripes.png", stripes))
    assert jpeg.shape == (60, 80, 1)
    assert abs(jpeg.astype(int) - png.astype(int)).max() <= 12


def _damaged():
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)).save(buffer, "PNG")
    whole = buffer.getvalue()
    return {"truncated": whole[: len(whole) // 2], "text": b"not an image", "empty": b"", "magic": whole[:12]}


@pytest.mark.parametrize("damage", ["truncated", "text", "empty", "magic"])
def test_damaged_files_are_named(tmp_path, damage):
    path = tmp_path / "broken.png"
    path.write_bytes(_damaged()[damage])
    with pytest.raises(BadImageError, match=r"broken\.png.*--skip-bad") as caught:
        Decoder()(path)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, InputError)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BadImageError, match=r"gone\.png' \(no such file"):
        Decoder()(tmp_path / "gone.png")


def test_a_decompression_bomb_is_refused(write, monkeypatch):
    path = write("bomb.png", size=(40, 40))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(BadImageError, match=r"bomb\.png.*1,600 pixels, more than 200.*--max-pixels"):
        Decoder()(path)
    with pytest.raises(ValueError, match="1,600 pixels, more than 200"):
        upright_size(path)
    assert upright_size(path, 2 * MAX_PIXELS) == (40, 40)  # a limit that the user has raised


def test_floating_point_files_are_refused(write):
    path = write("float.tif", np.random.default_rng(0).normal(size=(4, 4)).astype(np.float32))
    with pytest.raises(BadImageError, match="unknown range"):
        Decoder()(path)


def test_32_bit_values_beyond_16_bits_are_refused(write):
    path = write("deep.tif", np.full((4, 4), 70000, np.int32))
    with pytest.raises(BadImageError, match="beyond 16 bits"):
        Decoder()(path)


def test_the_log_counts_and_names_one_file_a_kind():
    log = FileLog()
    for name in ("a.png", "b.png"):
        log.record(name, ("alpha", "rotated"))
    log.record("c.png", ("bad",))
    assert log.counts == {"alpha": 2, "rotated": 2, "bad": 1}
    assert len(log.notes()) == 3
    assert any(line.startswith("1 file skipped") and "'c.png'" in line for line in log.notes())

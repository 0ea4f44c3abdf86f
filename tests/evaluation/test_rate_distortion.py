"""Bits, MS-SSIM, BD-rates and standard codecs against known answers and independent implementations."""

import numpy as np
import pytest
from PIL import features
from scipy.ndimage import correlate1d

from keras_ae._support.errors import InputError
from keras_ae.evaluation import (
    RateCurve,
    RatePoint,
    StandardCodec,
    bd_rate,
    matched_quality,
    measure_codec,
    ms_ssim,
    ssim,
    standard_curve,
    standard_formats,
)
from keras_ae.evaluation.rate_distortion import standard_codecs


def _pair(shape, noise=0.1):
    generator = np.random.default_rng(0)
    waves = np.sin(np.arange(shape[1])[:, None, None] / 9) * np.cos(np.arange(shape[2])[:, None] / 7)
    images = np.clip(0.5 + 0.4 * waves + 0.1 * generator.normal(size=shape), 0, 1)
    return images, np.clip(images + noise * generator.normal(size=shape), 0, 1)


def _reference_ms_ssim(x, y):
    """MS-SSIM of one channel [h, w] as the authors' program makes it, by filters of scipy."""
    offsets = np.arange(-5, 6)
    window = np.exp(-(offsets**2) / (2 * 1.5**2))
    window /= window.sum()

    def blur(values):
        return correlate1d(correlate1d(values, window, 0), window, 1)[5:-5, 5:-5]

    product, last = 1.0, 4
    for scale, weight in enumerate((0.0448, 0.2856, 0.3001, 0.2363, 0.1333)):
        a, b = blur(x), blur(y)
        contrast = (2 * (blur(x * y) - a * b) + 0.03**2) / (blur(x * x) - a * a + blur(y * y) - b * b + 0.03**2)
        luminance = (2 * a * b + 0.01**2) / (a * a + b * b + 0.01**2) if scale == last else 1
        product *= np.mean(luminance * contrast) ** weight
        if scale == last:
            return product
        x, y = (0.25 * (v[::2, ::2] + v[1::2, ::2] + v[::2, 1::2] + v[1::2, 1::2]) for v in (x, y))


def test_ms_ssim_agrees_with_a_reference():
    x, y = _pair((1, 192, 176, 2))
    expected = np.mean([_reference_ms_ssim(x[0, ..., c], y[0, ..., c]) for c in range(2)])
    assert ms_ssim(x, y) == pytest.approx(expected, abs=1e-9)


@pytest.mark.tensorflow
def test_ms_ssim_of_odd_sides_agrees_with_tensorflow():
    import tensorflow as tf

    x, y = (values.astype("float32") for values in _pair((2, 181, 183, 3)))
    np.testing.assert_allclose(ms_ssim(x, y), tf.image.ssim_multiscale(x, y, 1.0), atol=1e-4)


def test_ms_ssim_of_constant_images_is_the_luminance_term():
    a, b, c1 = 0.2, 0.6, 0.01**2
    images = [np.full((1, 176, 176, 1), value) for value in (a, b)]
    expected = ((2 * a * b + c1) / (a * a + b * b + c1)) ** 0.1333
    assert ms_ssim(*images) == pytest.approx(expected, rel=1e-6)


def test_one_scale_is_ssim():
    x, y = _pair((3, 16, 20, 1))
    np.testing.assert_allclose(ms_ssim(x, y), ssim(x, y))


def _curve(name, *points):
    return RateCurve(name, [RatePoint(0, rate, db, 1 - 10 ** (-db / 10)) for rate, db in points])


def test_bd_rate_of_straight_lines_by_hand():
    """ln(rate) is 0.1·q and 0.2·q − 3: between 20 and 30 dB the mean difference is 0.1·25 − 3 = −0.5."""
    one = _curve("one", *((np.exp(0.2 * q - 3), q) for q in (18, 22, 26, 30)))
    other = _curve("other", *((np.exp(0.1 * q), q) for q in (20, 24, 27, 34)))
    for metric in ("psnr", "ms_ssim"):
        found = bd_rate(one, other, metric)
        assert (found.change, found.low, found.high) == pytest.approx((np.exp(-0.5) - 1, 20, 30))
    assert bd_rate(one, other, between=(20, 22)).change == pytest.approx(np.exp(0.1 * 21 - 3) - 1)
    assert bd_rate(_curve("point", (np.exp(2.0), 25)), other).change == pytest.approx(np.exp(-0.5) - 1)


def _slopes(x, y):
    """Slopes of monotone piecewise cubics at inner points (Fritsch & Butland, 1984); ends as in Moler's pchip."""
    h, d = np.diff(x), np.diff(y) / np.diff(x)
    w1, w2 = 2 * h[1:] + h[:-1], h[1:] + 2 * h[:-1]
    inner = (w1 + w2) / (w1 / d[:-1] + w2 / d[1:])
    first = ((2 * h[0] + h[1]) * d[0] - h[0] * d[1]) / (h[0] + h[1])
    last = ((2 * h[-1] + h[-2]) * d[-1] - h[-1] * d[-2]) / (h[-1] + h[-2])
    return np.array([first, *inner, last])


def _integral(x, y, low, high):
    slopes, at = _slopes(x, y), np.linspace(low, high, 20_001)
    i = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(x) - 2)
    h = np.diff(x)[i]
    t = (at - x[i]) / h
    values = (1 + 2 * t) * (1 - t) ** 2 * y[i] + t * (1 - t) ** 2 * h * slopes[i]
    values += t**2 * (3 - 2 * t) * y[i + 1] + t**2 * (t - 1) * h * slopes[i + 1]
    return np.trapezoid(values, at)


def test_bd_rate_agrees_with_cubics_of_another_implementation():
    anchor = np.array([34.85, 36.85, 38.62, 40.04]), np.array([1358.0, 2486.0, 4594.0, 9488.0])
    tested = np.array([34.2, 36.1, 38.3, 39.9]), np.array([980.0, 1890.0, 3610.0, 7300.0])
    curves = [
        _curve(str(i), *zip(rates, levels, strict=True)) for i, (levels, rates) in enumerate((tested, anchor))
    ]
    low, high = anchor[0][0], tested[0][-1]
    means = [_integral(levels, np.log(rates), low, high) / (high - low) for levels, rates in (tested, anchor)]
    assert bd_rate(*curves).change == pytest.approx(np.exp(means[0] - means[1]) - 1, rel=1e-6)


def test_curves_without_common_qualities_are_refused():
    with pytest.raises(InputError, match=r"low from 20\.0 to 25\.0 dB and high from 30"):
        bd_rate(_curve("low", (1, 20), (2, 25)), _curve("high", (1, 30), (2, 35)))
    with pytest.raises(InputError, match="the curve 'high' of 1 point"):
        bd_rate(_curve("low", (1, 20), (2, 25)), _curve("high", (1, 30)))


class Halving:
    """Keeps every other column, in files of 10 bytes more than its pixels."""

    def compress(self, images):
        return [bytes(10) + image[:, ::2].tobytes() for image in images]

    def decompress(self, files):
        kept = np.stack([np.frombuffer(file[10:], "uint8").reshape(4, 2, 1) for file in files])
        return np.repeat(kept, 2, axis=2)


def test_a_codec_is_measured_by_its_files():
    images = np.zeros((40, 4, 4, 1), "uint8")
    images[:20, :, 1::2] = 255  # half of the values of half of the images are lost: 10·log₁₀ 2 dB
    point = measure_codec(Halving(), images, 3)
    assert (point.bits_per_pixel, point.images) == (8 * 18 / 16, 40)
    assert point.psnr == pytest.approx((10 * np.log10(2) + 100) / 2)
    assert point.encoding_seconds > 0


@pytest.fixture(scope="module")
def photographs():
    """Smooth colours with a little noise."""
    rows, columns = np.mgrid[:64, :48]
    waves = np.stack([np.sin(rows / 9 + c) * np.cos(columns / (7 + c)) for c in range(3)], axis=-1)
    noise = np.random.default_rng(0).normal(scale=2, size=(2, 64, 48, 3))
    return np.round(128 + 90 * waves + noise).astype("uint8")


@pytest.mark.parametrize("name", standard_formats())
def test_standard_codecs_keep_more_for_more_bits(photographs, name):
    for images in (photographs, photographs[..., :1]):
        curve = standard_curve(name, images)
        rates, levels = zip(*((point.bits_per_pixel, point.psnr) for point in curve.points), strict=True)
        assert list(levels) == sorted(levels)
        assert levels[-1] > 38  # all are nearly lossless in the end
        codec = StandardCodec(name, curve.points[-1].setting, images.shape[-1])
        files = codec.compress(images)
        assert 8 * np.mean([len(file) for file in files]) / (64 * 48) == pytest.approx(rates[-1])


def test_png_loses_nothing(photographs):
    codec = StandardCodec("png")
    np.testing.assert_array_equal(codec.decompress(codec.compress(photographs)), photographs)


def test_small_images_have_files_of_every_format():
    images = np.zeros((1, 8, 8, 1), "uint8")
    for name in standard_formats():
        assert standard_curve(name, images).points[0].bits_per_pixel > 0


def test_matched_qualities_are_the_nearest(photographs):
    few = photographs[:1, :32, :32, :1]
    points = [measure_codec(StandardCodec("jpeg", q, 1), few, q) for q in range(1, 96, 2)]
    chosen = points[30]
    assert matched_quality("jpeg", few, psnr=chosen.psnr).psnr == chosen.psnr
    assert matched_quality("jpeg", few, psnr=chosen.psnr).setting <= chosen.setting
    found = matched_quality("jpeg", few, size=chosen.bits_per_pixel)
    assert found.setting >= chosen.setting
    assert found.bits_per_pixel == chosen.bits_per_pixel
    assert matched_quality("jpeg", few, psnr=90) is None


def test_what_cannot_be_is_refused(photographs, monkeypatch):
    with pytest.raises(InputError, match="did you mean 'jpeg'"):
        StandardCodec("jpg", 75)
    with pytest.raises(InputError, match="quality 99 of JPEG; expected a quality from 1 to 95"):
        StandardCodec("jpeg", 99)
    with pytest.raises(InputError, match="images of 4 channels"):
        StandardCodec("jpeg", 75, channels=4)
    with pytest.raises(InputError, match=r"images of \(2, 64, 48, 3\)"):
        StandardCodec("jpeg", 75, channels=1).compress(photographs)
    monkeypatch.setattr(features, "check", lambda name: name != "avif")
    assert set(standard_codecs.STANDARD_TITLES) - set(standard_formats()) == {"avif"}
    with pytest.raises(InputError, match="AVIF, which this Pillow was built without"):
        StandardCodec("avif", 50)

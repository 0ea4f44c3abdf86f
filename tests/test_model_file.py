"""Damaged, foreign and hostile `.keras` files: one line each, and memory that stays bounded."""

import io
import json
import shutil
import zipfile

import h5py
import keras
import numpy as np
import pytest

import keras_ae as kae
from keras_ae._support.errors import InputError

CONFIG, WEIGHTS = "config.json", "model.weights.h5"


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    model = kae.architectures.fully_connected(input_shape=(4, 4, 1), code_shape=(2,), hidden=(3,))
    path = tmp_path_factory.mktemp("model") / "model.keras"
    model.save(path)
    return path


def _changed(sound, path, **members):
    """The file with members replaced (dots written as __), or left out where they are None."""
    members = {name.replace("__", "."): content for name, content in members.items()}
    with zipfile.ZipFile(sound) as before, zipfile.ZipFile(path, "w") as after:
        for name in before.namelist():
            content = members.get(name, before.read(name))
            if content is not None:
                after.writestr(name, content)
    return path


def _weights(sound, change) -> bytes:
    """The file's weights after `change(h5py.File)`."""
    with zipfile.ZipFile(sound) as archive:
        file = io.BytesIO(archive.read(WEIGHTS))
    with h5py.File(file, "a") as weights:
        change(weights)
    return file.getvalue()


def _datasets(weights) -> list[str]:
    names = []
    weights.visititems(lambda name, entry: names.append(name) if isinstance(entry, h5py.Dataset) else None)
    return names


def _replaced(weights, make):
    name = _datasets(weights)[0]
    values = weights[name][...]
    del weights[name]
    make(weights, name, values)


def test_a_sound_file_gives_the_model_with_its_weights(sound):
    first, second = kae.load_model(sound), kae.load_model(str(sound))
    images = np.random.default_rng(0).random((2, 4, 4, 1)).astype("float32")
    np.testing.assert_array_equal(first.predict(images, verbose=0), second.predict(images, verbose=0))


CONFIGURATIONS = {
    "null": b"null",
    "no JSON": b"{",
    "not UTF-8": b"\xff\xfe",
    "nested too deep": b"[" * 200_000,
    "a list": b"[]",
    "a number": b"3",
    "an unknown class": json.dumps(
        {"module": None, "class_name": "Nowhere", "config": {}, "registered_name": "x>Nowhere"}
    ),
}


@pytest.mark.parametrize("case", CONFIGURATIONS)
def test_a_damaged_configuration_gets_one_line(case, sound, tmp_path):
    path = _changed(sound, tmp_path / "model.keras", config__json=CONFIGURATIONS[case])
    with pytest.raises(InputError) as caught:
        kae.load_model(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("member", [CONFIG, WEIGHTS])
def test_a_file_without_configuration_or_weights_is_refused(member, sound, tmp_path):
    path = _changed(sound, tmp_path / "model.keras", **{member.replace(".", "__"): None})
    with pytest.raises(InputError, match=f"it has no {member}"):
        kae.load_model(path)


def test_a_changed_byte_and_a_cut_end_are_refused(sound, tmp_path):
    content = bytearray(sound.read_bytes())
    with zipfile.ZipFile(sound) as archive:
        place = archive.getinfo(WEIGHTS).header_offset + 3000
    content[place] ^= 255
    (tmp_path / "flipped.keras").write_bytes(content)
    (tmp_path / "cut.keras").write_bytes(sound.read_bytes()[:-500])
    (tmp_path / "empty.keras").write_bytes(b"")
    with pytest.raises(InputError, match="CRC"):
        kae.load_model(tmp_path / "flipped.keras")
    for name in ("cut.keras", "empty.keras"):
        with pytest.raises(InputError, match="damaged"):
            kae.load_model(tmp_path / name)


def test_weights_of_another_model_and_of_other_shapes_are_refused(sound, tmp_path):
    other = kae.architectures.fully_connected(input_shape=(4, 4, 1), code_shape=(2,), hidden=(5,))
    other.save(tmp_path / "other.keras")
    keras.Sequential([keras.Input((3,)), keras.layers.BatchNormalization()]).save(tmp_path / "foreign.keras")
    for name in ("other", "foreign"):
        with zipfile.ZipFile(tmp_path / f"{name}.keras") as archive:
            path = _changed(sound, tmp_path / "model.keras", model__weights__h5=archive.read(WEIGHTS))
        with pytest.raises(InputError, match=r"model\.keras"):
            kae.load_model(path)


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_a_part_whose_weights_are_missing_is_refused(depth, sound, tmp_path):
    def leave_out(weights):
        part = "/".join(_datasets(weights)[0].split("/")[:depth])
        assert part in weights
        del weights[part]

    path = _changed(sound, tmp_path / "model.keras", model__weights__h5=_weights(sound, leave_out))
    with pytest.raises(InputError, match=r"model\.keras"):
        kae.load_model(path)


KINDS = {
    "complex": (lambda w, name, values: w.create_dataset(name, data=values.astype("complex64")), "complex64"),
    "texts": (lambda w, name, values: w.create_dataset(name, data=np.full(values.shape, b"1")), "type |S1"),
    "terabytes": (
        lambda w, name, values: w.create_dataset(name, (10**6, 10**6), "float32", chunks=(100, 100)),
        "not in the file",
    ),
    "a file of the disk": (
        lambda w, name, values: w.create_dataset(name, (4,), "uint8", external=[("/etc/hostname", 0, 4)]),
        "not in the file",
    ),
    "NaN": (lambda w, name, values: w.create_dataset(name, data=values * np.nan), "not finite"),
    "infinite": (lambda w, name, values: w.create_dataset(name, data=values + np.inf), "not finite"),
    "a link": (lambda w, name, values: w.__setitem__(name, h5py.ExternalLink("/etc/hostname", "x")), "are a link"),
}


@pytest.mark.parametrize("case", KINDS)
def test_weights_that_are_no_numbers_in_the_file_are_refused(case, sound, tmp_path):
    make, message = KINDS[case]
    weights = _weights(sound, lambda file: _replaced(file, make))
    path = _changed(sound, tmp_path / "model.keras", model__weights__h5=weights)
    with pytest.raises(InputError) as caught:
        kae.load_model(path)
    assert message in str(caught.value)


@pytest.mark.parametrize("policy", ["bfloat16", "float16", "float64"])
def test_weights_of_other_floating_point_types_load(policy, tmp_path):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, dtype=policy)])
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(
        *(
            np.asarray(each.get_weights()[0], "float64")
            for each in (model, kae.load_model(tmp_path / "model.keras"))
        )
    )


@pytest.mark.parametrize("member", [CONFIG, WEIGHTS, "assets/words.txt"])
def test_what_would_unpack_to_gigabytes_is_refused_by_its_heading(member, sound, tmp_path):
    path = shutil.copy(sound, tmp_path / "model.keras")
    with zipfile.ZipFile(sound) as before, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            if name != member:
                after.writestr(name, before.read(name))
        with after.open(member, "w", force_zip64=True) as file:
            for _ in range(70):
                file.write(bytes(2**20))
    with pytest.raises(InputError, match=f"its {member} would take 70 MiB"):
        kae.load_model(path)


def test_a_layer_that_carries_code_is_refused_in_one_line(tmp_path):
    keras.Sequential([keras.Input((3,)), keras.layers.Lambda(lambda x: x + 1)]).save(tmp_path / "model.keras")
    with pytest.raises(InputError, match="it carries Python code") as caught:
        kae.load_model(tmp_path / "model.keras")
    assert len(str(caught.value)) < 400
    assert caught.value.__cause__ is not None


def test_a_missing_file_tells_which_place_was_looked_at(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=f"{tmp_path}/nowhere.keras"):
        kae.load_model("nowhere.keras")

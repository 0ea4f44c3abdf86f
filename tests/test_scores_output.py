"""Scores and maps never go over a file of the user's."""

import numpy as np
import pytest
from PIL import Image

from keras_ae._support.errors import InputError
from keras_ae._support.pictures import save_picture
from keras_ae.commands.scores_output import check_maps_directory, check_scores_file, map_path


def test_a_file_that_holds_no_scores_is_not_overwritten(tmp_path):
    for content in (b"BM\x00\x01", b"file,defect\n", b'{"a": 1}\n', b"[" * 9999):
        (tmp_path / "part.bmp").write_bytes(content)
        with pytest.raises(InputError, match="keras-ae did not write"):
            check_scores_file(tmp_path / "part.bmp")
    for content in (
        b"",
        b"file,score,anomaly,problem\n",  # of versions without p-values
        b"file,score,anomaly,p,normalized,problem\n",
        b'{"file": "", "score": 1, "anomaly": 0, "problem": ""}\n',
    ):
        (tmp_path / "scores").write_bytes(content)
        check_scores_file(tmp_path / "scores")
    check_scores_file(tmp_path / "new.csv")


def test_images_whose_names_differ_in_the_ending_have_maps_of_their_own(tmp_path):
    files = ("part.png", "part.bmp", "part.tif", "part", "part.bmp.png")
    assert len({map_path(tmp_path, file) for file in files}) == len(files)


def test_maps_of_files_elsewhere_stay_in_their_directory(tmp_path):
    for file in ("/photos/a.png", "../photos/a.png"):
        assert map_path(tmp_path, file) == tmp_path / "photos" / "a.png.map.png"


def test_maps_do_not_go_among_the_images(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "images")
    for maps in ("images", "images/maps", "link", "images/../images"):
        with pytest.raises(InputError, match="among the images"):
            check_maps_directory(tmp_path / maps, tmp_path / "images")
    check_maps_directory(tmp_path / "images_maps", tmp_path / "images")


def test_maps_do_not_go_over_pictures_of_others(tmp_path):
    maps = tmp_path / "maps"
    save_picture(map_path(maps, "deep/one.png"), np.zeros((2, 2, 1)))
    check_maps_directory(maps, tmp_path / "images")
    Image.new("L", (2, 2)).save(maps / "deep" / "x.map.png")
    with pytest.raises(InputError, match=r"x\.map\.png, which keras-ae did not write"):
        check_maps_directory(maps, tmp_path / "images")
    (maps / "deep" / "x.map.png").write_text("no picture")
    with pytest.raises(InputError, match=r"x\.map\.png"):
        check_maps_directory(maps, tmp_path / "images")

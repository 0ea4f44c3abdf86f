"""Scoring in parts: the rows of one process, whole parts that stay, and a summary that adds up."""

import csv
import json

import keras
import numpy as np
import pytest
from PIL import Image

import keras_ae as kae
from keras_ae.cli import main
from keras_ae.detection.score_summary import ScoreSummary

pytestmark = pytest.mark.tensorflow
SIZE, COUNT = 5, 23


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A detector, images of which one is broken, manifests of them, and their scores in one file."""
    place, random = tmp_path_factory.mktemp("scoring"), np.random.default_rng(0)
    keras.utils.set_random_seed(3)
    model = kae.architectures.fully_connected((6, 5, 1), (3,), hidden=(8,))
    normal = random.random((60, 6, 5, 1), np.float32)
    kae.AnomalyDetector(model).calibrate(normal, false_positive_rate=0.1).export(place / "detector")
    names = [f"{'abc'[number % 3]}/{number:02}.png" for number in range(COUNT)]
    for number, name in enumerate(names):
        (place / "images" / name).parent.mkdir(parents=True, exist_ok=True)
        pixels = random.integers(0, 256, (6, 5)) // (1 + number % 2 * 9)
        Image.fromarray(pixels.astype(np.uint8)).save(place / "images" / name)
    (place / "images" / "a" / "99.png").write_bytes(b"no picture")
    assert (
        main(["score", str(place / "detector"), f"folder:{place / 'images'}", "--out", str(place / "all.csv")])
        == 0
    )
    return place


def _command(place, source, out, *more):
    return ["score", str(place / "detector"), source, "--out", str(out), "--part-size", str(SIZE), *more]


def _rows(*files):
    return [row for file in files for row in csv.DictReader(file.read_text().splitlines())]


def test_parts_have_the_rows_of_one_file_and_those_that_are_there_stay(place, tmp_path, capsys):
    source, out = f"folder:{place / 'images'}", tmp_path / "out"
    assert main(_command(place, source, out, "--part", "1/2")) == 0
    assert "3 of 5 parts" in capsys.readouterr().err
    before = {path: path.stat().st_mtime_ns for path in (out / "parts").iterdir()}
    assert sorted(path.name for path in before if path.suffix == ".csv") == [
        *("part-00000.csv", "part-00002.csv", "part-00004.csv")
    ]
    assert not (out / "summary.json").exists()
    (out / "parts" / "part-00003.csv").write_text("half")  # of a process that was killed
    assert main(_command(place, source, out)) == 0
    assert {path: path.stat().st_mtime_ns for path in before} == before
    rows = _rows(*sorted((out / "parts").glob("*.csv")))
    assert rows == _rows(place / "all.csv")
    _check_summary(json.loads((out / "summary.json").read_text()), rows)


def _check_summary(summary, rows):
    """It says what the rows do, counted in another way."""
    good = [row for row in rows if row["score"]]
    counted = np.histogram([float(row["normalized"]) for row in good], bins=50, range=(0, 1))[0]
    assert summary["histogram"] == counted.tolist()
    assert (summary["files"], summary["bad"], summary["parts"]) == (COUNT + 1, 1, 5)
    assert summary["anomalies"] == sum(row["anomaly"] == "True" for row in rows) > 0
    worst = sorted(good, key=lambda row: -float(row["score"]))
    assert [one["file"] for one in summary["worst"]] == [row["file"] for row in worst]


def test_manifests_give_the_files_in_their_order(place, tmp_path):
    names = [row["file"] for row in _rows(place / "all.csv")]
    folder = tmp_path / "list"
    folder.mkdir()
    images = place / "images"
    for number, some in enumerate((names[:7], names[7:])):
        lines = [f"{number};{images / name}" for name in some]
        (folder / f"shard-{number}.csv").write_text("\n".join(["label;path", *lines]))
    assert main(_command(place, f"manifest:{folder}", tmp_path / "out")) == 0
    rows = _rows(*sorted((tmp_path / "out" / "parts").glob("*.csv")))
    assert [row["score"] for row in rows] == [row["score"] for row in _rows(place / "all.csv")]


def test_a_manifest_may_be_parquet(place, tmp_path):
    parquet, arrow = pytest.importorskip("pyarrow.parquet"), pytest.importorskip("pyarrow")
    names = [row["file"] for row in _rows(place / "all.csv")]
    parquet.write_table(arrow.table({"path": names[:7]}), place / "images" / "list.parquet")
    try:
        assert list(kae.data.FileList.open(f"manifest:{place / 'images' / 'list.parquet'}").files()) == names[:7]
    finally:
        (place / "images" / "list.parquet").unlink()


def test_summaries_add_up_in_any_order(place):
    rows = [
        kae.detection.FileScore(row["file"], float(row["score"]), row["anomaly"] == "True", normalized=0.4)
        for row in _rows(place / "all.csv")
        if row["score"]
    ]
    parts = [ScoreSummary.of(rows[start : start + 4]) for start in range(0, len(rows), 4)]
    assert ScoreSummary().with_others(parts) == ScoreSummary().with_others(parts[::-1]) == ScoreSummary.of(rows)


def test_what_cannot_go_on_is_refused_in_one_line(place, tmp_path, capsys):
    source, out = f"folder:{place / 'images'}", tmp_path / "out"
    assert main(_command(place, source, out)) == 0
    (tmp_path / "list.csv").write_text("file\na.png\n")
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "thesis.txt").write_text("precious")
    detector = str(place / "detector")
    refused = [
        (_command(place, source, out, "--threshold", "3"), "threshold 3.0"),
        (_command(place, source, tmp_path / "foreign"), "holds other files"),
        (_command(place, f"manifest:{tmp_path / 'list.csv'}", tmp_path / "o"), "without a column path"),
        (_command(place, f"manifest:{tmp_path / 'none.csv'}", tmp_path / "o"), "not there"),
        (_command(place, source, tmp_path / "o", "--part", "3/2"), "I/N"),
        (["score", detector, source, "--part-size", "5"], "received --part-size without --out"),
        (_command(place, source, tmp_path / "o", "--maps", "m"), "--part-size with --maps; expected one of them"),
        (_command(place, source, tmp_path / "o", "--part-size", "0"), "part_size=0"),
        (["score", detector, source, "--workers", "2"], "--part-size"),
        (_command(place, source, tmp_path / "o", "--cpus", "2"), "--engine ray"),
    ]
    extra = place / "images" / "a" / "00a.png"
    extra.write_bytes((place / "images" / "a" / "00.png").read_bytes())
    refused.append((_command(place, source, out), "part 0 of other files"))
    capsys.readouterr()
    try:
        for command, said in refused:
            assert main(command) == 2, command
            (line,) = capsys.readouterr().err.splitlines()
            assert said in line
    finally:
        extra.unlink()
    assert not (tmp_path / "o").exists()


def test_a_part_may_be_larger_than_any_list(place):
    (part,) = kae.data.FileList.open(f"folder:{place / 'images'}").parts(10**20)
    assert len(part.files) > SIZE


@pytest.mark.slow
def test_two_processes_write_the_bytes_of_one(place, tmp_path):
    source = f"folder:{place / 'images'}"
    for workers in ("1", "2"):
        assert main(_command(place, source, tmp_path / workers, "--workers", workers)) == 0
    files = sorted(path.relative_to(tmp_path / "1") for path in (tmp_path / "1").rglob("*.*") if path.is_file())
    assert len(files) == 12
    for file in files:
        assert (tmp_path / "2" / file).read_bytes() == (tmp_path / "1" / file).read_bytes()

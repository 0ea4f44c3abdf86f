"""The command line: one line for each mistake, exit status 2, quickly, and nothing half-written."""

import errno
import json
import os
import re
import resource
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import keras_ae
from keras_ae import cli
from keras_ae.commands import COMMANDS
from keras_ae.runs import pretrained_models


def _run(*arguments, **options):
    command = [sys.executable, "-m", "keras_ae", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["compar"], "did you mean 'compare'?"),
        (["compare", "--data", "digit", "--out", "o"], "did you mean 'digits'?"),
        (["compare", "--data", "folder:missing", "--out", "o"], "missing"),
        (["compare", "--data", "digits", "--out", "o", "--codes", "3x3x1"], "one of 2×2, 4×4, 8×8"),
        (["compare", "--data", "digits", "--out", "o", "--code", "4"], "--code"),
        (["train", "--data", "digits", "--out", "o", "--steps", "many"], "'many'"),
        (["train", "--data", "digits", "--out", "o", "--options", "widht=3"], "option 'widht'"),
        (["train", "--data", "digits", "--out", "o", "--steps", "0"], "steps 0; expected a number above 0"),
        (["train", "--data", "digits"], "--out"),
        (["train", "--data", "digits", "--out", "o", "--architecture", "strided"], "a LENGTH, such as 32"),
        (["train", "--data", "digits", "--out", "o", "--code", "5x5x1"], "code size 5×5"),
        (["train", "--data", "digits", "--out", "o", "--learning-rate", "nan"], "learning_rate nan"),
        (["train", "--data", "digits", "--out", "o", "--steps-per-execution", "0"], "steps_per_execution 0"),
        (["train", "--data", "digits", "--out", "o", "--resume"], "without a run"),
        (
            ["train", "--data", "digits", "--out", "o", "--architecture", "decorrelated", "--bottleneck", "dense"],
            "option 'bottleneck' for architecture 'decorrelated'",
        ),
        (["study", "run", "x", "--workers", "0"], "0 workers"),
        (["train", "--data", "digits", "--out", "o", "--architecture", "classic"], "without the option classes"),
        (["evaluate", "."], "a directory with a run.json"),
        (["compare", "--data", "digits", "--out", "o", "--image-size", "64"], "expected --image-size INT INT"),
        (["compare", "--data", "digits", "--out", "o", "--workers", "x"], "expected --workers INT or auto"),
        (["train", "--data", "digits", "--out", "o", "--options", "strided_layers=-1"], "strided_layers=-1"),
        (["study", "lst"], "did you mean 'study list'"),
        (["study", "list"], "no directory "),
    ],
)
def test_a_wrong_command_gets_one_line_and_status_2(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for command in ("compare", "train", "study"):
        monkeypatch.setattr(
            f"keras_ae.commands.{command}.load_keras", lambda: pytest.fail("Keras was loaded first")
        )
    assert cli.main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert printed.err.startswith("keras-ae: received ")
    assert message in printed.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["compare", "search", "train"])
def test_a_directory_with_other_files_is_refused_before_images_are_read(command, tmp_path, capsys):
    if command == "search":
        pytest.importorskip("optuna")
    (tmp_path / "mine.txt").touch()
    assert cli.main([command, "--data", "folder:missing", "--out", str(tmp_path)]) == 2
    assert "which holds other files" in capsys.readouterr().err


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--architecture", "strided", "--code", "100000000000"], "for which memory does not suffice"),
        (["--code", "2x2x4", "--options", "strided_layers=2", "width=0"], "received width=0"),
    ],
)
def test_a_model_that_cannot_be_gets_one_line(flags, message, tmp_path, capsys):
    assert cli.main(["train", "--data", "digits", "--out", str(tmp_path / "run"), *flags]) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert message in said[-1]


@pytest.mark.thorough
@pytest.mark.tensorflow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_candidate_that_memory_cannot_hold_leaves_the_others(workers, tmp_path, capsys):
    flags = ["--data", "digits", "--limit", "60", "--steps", "2", "--codes", "4", "100000000000"]
    flags += ["--workers", str(workers), "--out", str(tmp_path), "--json"]
    assert cli.main(["compare", *flags]) == 0
    results = json.loads(capsys.readouterr().out)
    names = {one["name"]: one.get("failed", "") for one in results["candidates"]}
    assert "memory does not suffice" in names["strided-dense-100000000000"]
    assert names["strided-dense-4"] == ""


def test_a_wrong_command_loads_nothing_heavy():
    code = "import sys; from keras_ae.cli import main; main(['compare', '--data', 'digit', '--out', 'o'])\n"
    code += "print(sorted({'keras', 'tensorflow', 'pandas', 'matplotlib', 'sklearn'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_is_printed_for_the_program_and_each_command(capsys):
    assert cli.main([]) == 0
    assert "compare" in capsys.readouterr().out
    for name in COMMANDS:
        with pytest.raises(SystemExit) as stop:
            cli.main([*name.split(), "--help"])
        assert stop.value.code == 0
        assert "--json" in capsys.readouterr().out


def test_the_sources_are_listed_for_people_and_machines(capsys):
    assert cli.main(["data", "list"]) == 0
    assert "digits" in capsys.readouterr().out
    assert cli.main(["data", "list", "--json"]) == 0
    assert {"digits", "mnist"} <= {source["name"] for source in json.loads(capsys.readouterr().out)}


def test_a_corrupt_image_is_named_and_can_be_skipped(tmp_path, capsys):
    for i in range(12):
        Image.fromarray(np.full((8, 8), 20 * i, np.uint8)).save(tmp_path / f"{i:02}.png")
    (tmp_path / "05.png").write_bytes(b"no image")
    out = tmp_path / "out"
    assert cli.main(["compare", "--data", f"folder:{tmp_path}", "--out", str(out)]) == 2
    printed = capsys.readouterr().err
    assert "05.png" in printed
    assert "--skip-bad" in printed
    assert not out.exists()


@pytest.mark.thorough
@pytest.mark.tensorflow
def test_train_prints_json_and_evaluate_repeats_it(tmp_path, capsys):
    run = str(tmp_path / "run")
    flags = ["--architecture", "fully_connected", "--code", "3", "--steps", "4", "--evaluations", "2", "--json"]
    trained = _run("train", "--data", "digits", "--out", run, *flags)
    assert trained.returncode == 0, trained.stderr
    metrics = json.loads(trained.stdout)
    assert cli.main(["evaluate", run, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["test"] == pytest.approx(metrics["test"])
    assert cli.main(["train", "--data", "digits", "--out", run, *flags, "--seed", "1"]) == 2
    assert "config.training.seed 1" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.tensorflow
def test_a_full_disk_is_told_in_one_line_and_leaves_what_was_finished(tmp_path):
    """A limit on the size of files fails writes just as a full disk does, and needs no disk to be filled."""
    small = ["--architecture", "fully_connected", "--code", "3", "--steps", "4", "--evaluations", "2"]
    limit = 20_000  # bytes: too few for the model

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = _run("train", "--data", "digits", "--out", tmp_path / "run", *small, preexec_fn=limited)
    assert done.returncode == 2, done.stderr
    assert done.stderr.strip().splitlines()[-1].startswith("keras-ae: cannot write")
    assert "Traceback" not in done.stderr
    assert (tmp_path / "run" / "history.csv").exists()
    assert not (tmp_path / "run" / "model.keras").exists()
    assert _run("train", "--data", "digits", "--out", tmp_path / "run", *small).returncode == 0


def test_a_disk_that_cannot_be_written_is_told_in_one_line(monkeypatch, capsys):
    def fail(self):
        raise OSError(errno.EROFS, "Read-only file system", "runs/x")

    monkeypatch.setattr(COMMANDS["data list"], "run", fail)
    assert cli.main(["data", "list"]) == 2
    assert "cannot write runs/x: Read-only file system" in capsys.readouterr().err


def test_an_interruption_is_no_traceback(monkeypatch, capsys):
    def interrupt(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(COMMANDS["data list"], "run", interrupt)
    assert cli.main(["data", "list"]) == 130
    assert "goes on" in capsys.readouterr().err


def test_a_refusal_does_not_wait_for_keras():
    code = (
        "import sys; from keras_ae.cli import main; status = main(['compare', '--data', 'digit', '--out', 'o']); "
        "assert not {'keras', 'tensorflow'} & set(sys.modules); sys.exit(status)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 2


def test_a_reader_that_has_enough_is_no_crash():
    command = [sys.executable, "-m", "keras_ae", "compare", "--help"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.close()  # as `keras-ae compare --help | head -1` does
        message = process.stderr.read()
    assert (process.returncode, message) == (141, "")


def test_the_version_and_the_commands_of_a_group_are_printed(capsys):
    for flag in ("--version", "-V"):
        assert cli.main([flag]) == 0
        assert capsys.readouterr().out == f"keras-ae {keras_ae.__version__}\n"
    for words in (["study"], ["study", "--help"], ["study", "-h"]):
        assert cli.main(words) == 0
        shown = capsys.readouterr().out
        assert all(name in shown for name in ("study list", "study run", "study report"))
        assert "compare" not in shown


@pytest.mark.parametrize("arguments", [["data", "list"], ["--help"], ["train", "--help"]])
def test_a_full_standard_output_is_told_in_one_line(arguments):
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "keras_ae", *arguments]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "keras-ae: cannot write standard output: no space left; make room or write elsewhere\n"


@pytest.mark.parametrize("closed", [0, 1, 2])
def test_a_closed_stream_is_no_crash(closed):
    command = [sys.executable, "-m", "keras_ae", "data", "list"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, preexec_fn=lambda: os.close(closed)
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert ("digits" in done.stdout) == (closed != 1)


def test_an_encoding_that_lacks_a_character_is_no_crash():
    done = _run("data", "list", env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0, done.stderr
    assert r"64 \xd7 64" in done.stdout


INTERRUPT = """
import os, signal, sys

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets its background jobs ignore it

class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == "tyro":
            try:
                os.kill(os.getpid(), signal.SIGINT)
            except KeyboardInterrupt as error:
                raise {error}

sys.meta_path.insert(0, Interrupt())
from keras_ae.__main__ import main
sys.exit(main())
"""


@pytest.mark.parametrize("error", ["", "ImportError('as native modules do')"])
def test_an_interruption_of_the_imports_is_one_line(error):
    command = [sys.executable, "-c", INTERRUPT.format(error=error)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert done.stderr.startswith("keras-ae: interrupted")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("backend", ["nonsense", "torch"])
def test_another_backend_is_refused_in_one_line(backend, monkeypatch, capsys):
    monkeypatch.setenv("KERAS_BACKEND", backend)
    run = pretrained_models()["variational_digits"]
    for arguments in (["evaluate", str(run)], ["train", "--data", "digits", "--steps", "1", "--out", "o"]):
        assert cli.main(arguments) == 2
        printed = capsys.readouterr().err
        assert printed.startswith(f"keras-ae: received KERAS_BACKEND={backend}; expected tensorflow or jax")
        assert printed.count("\n") == 1


@pytest.mark.parametrize("source", ["folder:pictures", "npz:pictures.npz"])
def test_a_relative_source_that_is_missing_tells_which_place_was_looked_at(source, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["train", "--data", source, "--out", "o"]) == 2
    assert f"{tmp_path}/pictures" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOTDIR, "a part of it is a file"),
        (errno.EEXIST, "of this name is there already"),
        (errno.EISDIR, "it is a directory"),
        (errno.ENAMETOOLONG, "the name is too long"),
        (errno.ENOENT, "is not there"),
        (errno.ELOOP, "a link in a circle"),
    ],
)
def test_a_path_that_cannot_be_used_is_told_in_one_line(code, words, monkeypatch, capsys):
    def fail(self):
        raise OSError(code, "as the system says it", b"pictures/\xff")

    monkeypatch.setattr(COMMANDS["data list"], "run", fail)
    assert cli.main(["data", "list"]) == 2
    printed = capsys.readouterr().err
    assert printed.startswith("keras-ae: cannot use pictures/")
    assert words in printed


def test_an_error_of_the_system_about_no_path_keeps_its_traceback(monkeypatch):
    def fail(self):
        raise OSError(errno.EBADF, "Bad file descriptor")

    monkeypatch.setattr(COMMANDS["data list"], "run", fail)
    with pytest.raises(OSError, match="Bad file descriptor"):
        cli.main(["data", "list"])


@pytest.mark.thorough
@pytest.mark.tensorflow
def test_training_that_runs_away_tells_what_did_in_one_line(tmp_path, capsys):
    flags = ["--steps", "1", "--learning-rate", "1e30", "--architecture", "fully_connected", "--code", "3"]
    assert cli.main(["train", "--data", "digits", "--out", str(tmp_path / "run"), *flags, "--json"]) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert re.match(r"keras-ae: val_\w+ became (nan|inf) by evaluation 1; a smaller learning rate may help", last)


@pytest.mark.thorough
@pytest.mark.tensorflow
@pytest.mark.parametrize("value", ["abc", "None", "(1,)", "-3"])
def test_an_option_of_another_kind_is_told_in_one_line(value, tmp_path, capsys):
    flags = ["--architecture", "fully_connected", "--code", "3", "--options", f"hidden={value}", "--steps", "1"]
    status = cli.main(["train", "--data", "digits", "--out", str(tmp_path / "run"), *flags, "--json"])
    assert (status, value) in {(0, "(1,)"), (2, "abc"), (2, "None"), (2, "-3")}
    assert "Traceback" not in capsys.readouterr().err


def test_a_word_of_any_length_is_told_in_a_line_that_can_be_read(capsys):
    assert cli.main(["train", "--data", "x" * 100_000, "--out", "run"]) == 2
    assert cli.main(["train", "--data", "digits", "--out", "run", "--steps", "y" * 100_000]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert [line.startswith("keras-ae: ") and len(line) < 2000 for line in lines] == [True, True]


@pytest.mark.parametrize(
    "words", [["score", "a\x00b", "folder:x"], ["export", "run", "--out", "a\x00b"], ["\x00"], ["\ud800"]]
)
def test_a_word_that_no_system_passes_on_is_refused(words, capsys):
    assert cli.main(words) == 2
    assert "which no system passes on" in capsys.readouterr().err

"""Every notebook runs from its first cell to its last, in a fresh kernel, and shows what it says."""

import re
import runpy
from pathlib import Path
from textwrap import dedent

import pytest

nbformat = pytest.importorskip("nbformat", reason="no package nbformat: no notebooks")
nbclient = pytest.importorskip("nbclient", reason="no package nbclient: no notebooks")
NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
PATHS = sorted(NOTEBOOKS.glob("*.ipynb"))

pytestmark = pytest.mark.tensorflow

# What is run in a notebook's kernel after its last cell.
CHECKS = {
    "bottleneck_shape": """
        assert len(models) == 5 and np.allclose(np.diag(matrix), 1, atol=1e-3)
    """,
    "tour": """
        assert len(models) == 4 and scores["mse"] < 0.02
        assert np.array_equal(loaded.predict(images, verbose=0), reconstructions)
        for measured in distances.values():
            assert measured["mixture_fid[digits-classifier]"] < measured["standard_normal_fid[digits-classifier]"]
    """,
    "own_images": """
        assert (WORK / "detector" / "saved_model.pb").is_file()
        assert measured["roc_auc"] > 0.8 and low < 0.05 < high
        # The program without the library gives the files the scores that the detector gives their images.
        printed = [float(line.split("score ")[1].split(",")[0]) for line in done.stdout.splitlines()]
        known = detector.anomaly_scores(np.stack([normal[3], damaged[3]]))
        assert len(printed) == 2 and np.allclose(printed, known, atol=1e-4)
        assert [line.split(", ")[1] for line in done.stdout.splitlines()] == [
            "anomaly" if score > detector.threshold_ else "good" for score in known
        ]
    """,
    "lea_in_your_network": """
        assert (OUT / "exported" / "saved_model.pb").is_file()
        assert np.allclose(exported.classify(test)["logits"], logits, atol=1e-4)
        assert history["val_accuracy"][-1] > 0.85
        assert right.shape == (4, 3) and (right.to_numpy() > 0.7).all()  # of a hundred labels
        raw, relative = "reconstruction_loss", "normalized_reconstruction_loss"
        first, last, last_of_joint = watched.iloc[0], watched.iloc[-1], watched_joint.iloc[-1]
        assert last[relative] < first[relative] / 4
        # Joint training lowers the loss by shrinking the LEA's input: relative to its range little is gained.
        assert last_of_joint[raw] < last[raw] / 10 and last_of_joint[relative] > last[relative] / 3
    """,
}
# Those within widgets are not counted.
FIGURES = {"bottleneck_shape": 1, "lea_in_your_network": 4, "own_images": 4, "tour": 7}
SLOW = {"lea_in_your_network", "own_images", "tour"}


def parameters():
    return [pytest.param(p, id=p.stem, marks=[pytest.mark.slow] if p.stem in SLOW else []) for p in PATHS]


@pytest.mark.thorough
@pytest.mark.parametrize("path", parameters())
def test_notebook_runs(path, monkeypatch, tmp_path):
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # where notebooks write
    monkeypatch.delenv("KERAS_AE_DATA", raising=False)  # as for somebody who has just cloned the repository
    notebook = nbformat.read(path, as_version=4)
    before = {file.name for file in NOTEBOOKS.iterdir()}
    notebook.cells.append(nbformat.v4.new_code_cell(dedent(CHECKS[path.stem])))
    done = nbclient.NotebookClient(
        notebook, timeout=300, resources={"metadata": {"path": str(NOTEBOOKS)}}
    ).execute()
    outputs = [output for cell in done.cells if cell.cell_type == "code" for output in cell.outputs]
    assert sum("image/png" in output.get("data", {}) for output in outputs) == FIGURES[path.stem]
    assert not [output for output in outputs if output.output_type == "error"]
    assert {file.name for file in NOTEBOOKS.iterdir()} == before, "notebooks write to a temporary directory"


def test_what_is_kept_are_no_messages_and_of_widgets_what_they_show():
    form = nbformat.v4
    figure = form.new_output("display_data", {"image/png": "iVBO"})
    execute = runpy.run_path(str(NOTEBOOKS / "execute.py"))
    cell = form.new_code_cell(
        "",
        outputs=[
            form.new_output("stream", name="stderr", text="no GPU"),
            form.new_output("stream", name="stdout", text="WARNING:tensorflow: retracing"),
            form.new_output("stream", name="stdout", text="MSE 0.1"),
            form.new_output("display_data", {execute["WIDGET"]: {"model_id": "box"}}),
        ],
    )
    state = {
        "box": {"state": {"children": ["IPY_MODEL_menu", "IPY_MODEL_output"]}},
        "menu": {"state": {}},
        "output": {"state": {"outputs": [figure]}},
    }
    metadata = {"widgets": {execute["STATE"]: {"state": state}}}
    notebook = execute["presentable"](form.new_notebook(cells=[cell], metadata=metadata))
    nbformat.validate(notebook)
    assert [output.get("text") for output in notebook.cells[0].outputs] == ["MSE 0.1", None]
    assert notebook.cells[0].outputs[1] == figure
    assert "widgets" not in notebook.metadata


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_notebook_is_as_it_is_to_be_committed(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert [cell["id"] for cell in notebook.cells] == [f"cell-{i}" for i in range(len(notebook.cells))]
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    kept = "run python notebooks/execute.py before you commit a notebook"
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1)), kept
    outputs = [output for cell in code for output in cell.outputs]
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= FIGURES[path.stem], kept
    assert not [each for each in outputs if each.output_type == "error" or each.get("name") == "stderr"], kept
    assert not re.search(r"/(tmp|home|root|Users)/", str([each.get("text", each.get("data")) for each in outputs]))
    assert path.stat().st_size < 300_000
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    missing = [link for link in re.findall(r"\]\(([^)#:]+)\)", prose) if not (NOTEBOOKS / link).exists()]
    assert not missing

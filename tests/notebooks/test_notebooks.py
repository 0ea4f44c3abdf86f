"""Every notebook runs from its first cell to its last, in a fresh kernel."""

from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat", reason="no package nbformat: no notebooks")
nbclient = pytest.importorskip("nbclient", reason="no package nbclient: no notebooks")
NOTEBOOKS = Path(__file__).parents[2] / "notebooks"

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_notebook_runs(path, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    monkeypatch.delenv("KERAS_AE_DATA", raising=False)  # as for somebody who has just cloned the repository
    notebook = nbformat.read(path, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "commit notebooks without their outputs"
    done = nbclient.NotebookClient(
        notebook, timeout=300, resources={"metadata": {"path": str(NOTEBOOKS)}}
    ).execute()
    outputs = [output for cell in done.cells if cell.cell_type == "code" for output in cell.outputs]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert not [output for output in outputs if output.output_type == "error"]

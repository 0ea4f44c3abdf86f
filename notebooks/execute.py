"""Runs notebooks in fresh kernels and keeps what they show, for readers who do not run them.

    python notebooks/execute.py [NAME ...]

Warnings and messages of libraries are left out, and in the place of widgets stands what they show at first.
"""

import sys
from pathlib import Path

import nbclient
import nbformat

NOTEBOOKS = Path(__file__).parent
WIDGET, STATE = "application/vnd.jupyter.widget-view+json", "application/vnd.jupyter.widget-state+json"


def execute(path: Path, timeout: int = 600) -> nbformat.NotebookNode:
    """The notebook with its outputs; the file is not changed."""
    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(path.parent)}}
    return nbclient.NotebookClient(notebook, timeout=timeout, resources=resources).execute()


def presentable(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook as it is kept: without what depends on the machine and on the time."""
    widgets = notebook.metadata.pop("widgets", {}).get(STATE, {}).get("state", {})
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            shown = [each for output in cell.outputs for each in _shown(output, widgets)]
            cell.outputs = [output for output in shown if not _is_message(output)]
    return notebook


def _shown(output, widgets: dict) -> list:
    """The output itself; of a widget, what those in it show."""
    model = output.get("data", {}).get(WIDGET, {}).get("model_id")
    if model is None:
        return [output]
    children = widgets[model]["state"].get("children", [])
    inside = [widgets[child.removeprefix("IPY_MODEL_")]["state"].get("outputs", []) for child in children]
    return [nbformat.from_dict(each) for outputs in inside for each in outputs]


def _is_message(output) -> bool:
    if output.output_type != "stream":
        return False
    return output.name == "stderr" or output.text.startswith("WARNING:")


def main(names: list[str]) -> None:
    """Replace the notebooks of these names, or all."""
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        if not names or path.stem in names:
            nbformat.write(presentable(execute(path)), path)
            print(path.name, f"{path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])

"""Write ``notebooks/gallery/``: notebooks with their outputs, for readers who want to see and not to run.

    python docs/make_galleries.py

They come out the same each time, byte for byte.
"""
# ruff: noqa: INP001  # a script among pages, no package

import sys
from pathlib import Path
from typing import Any

import jupytext
import nbclient
import nbformat

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "notebooks").glob("[0-9]_*.py"))
GALLERIES = ("3_find_a_real_bug", "6_any_trio_program")


def executed(source: Path, timeout_s: float = 120) -> Any:
    """The notebook that ``source`` is, run in a fresh kernel in its own folder.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell raised; the message shows it.
    """
    notebook = jupytext.read(source)
    where = {"metadata": {"path": str(source.parent)}}
    nbclient.NotebookClient(
        notebook,
        timeout=timeout_s,
        kernel_name="python3",
        resources=where,
        coalesce_streams=True,  # two lines that are printed may come as two outputs if the machine is busy
    ).execute()
    return notebook


def text(notebook: Any) -> str:
    """A notebook as a file, without what differs from machine to machine: versions, times, ids, views of progress."""
    notebook.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    for number, cell in enumerate(notebook.cells):
        cell.id, cell.metadata = f"cell-{number}", {}
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if "finale_sim.progress" not in output.get("metadata", {})]
    return nbformat.writes(notebook, version=4) + "\n"


def main() -> None:
    """Write all of them."""
    folder = ROOT / "notebooks" / "gallery"
    folder.mkdir(exist_ok=True)
    for source in SOURCES:
        if source.stem in GALLERIES:
            (folder / f"{source.stem}.ipynb").write_text(text(executed(source)), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())

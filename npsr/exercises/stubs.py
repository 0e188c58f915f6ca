"""What is handed out: a Python file an exercise, or a notebook an exercise.

A file that is there already is never touched: it may hold someone's work.
"""

import json
from pathlib import Path

from npsr.exercises.course import Task, tasks
from npsr.exercises.notebook import notebook
from npsr.system.files import atomic_write


def start(folder: Path, notebooks: bool = False) -> tuple[list[Path], list[Path]]:
    """Write what is missing of a folder of stubs.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    notebooks : bool
        Notebooks instead of Python files.

    Returns
    -------
    written, kept : list of Path

    Raises
    ------
    OSError
        If the folder cannot be made or written.
    """
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"{folder} is a file, but must be a folder: choose another name")
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    kept: list[Path] = []
    for task in tasks():
        path = folder / f"{task.name}.{'ipynb' if notebooks else 'py'}"
        if path.exists() or path.is_symlink():
            kept.append(path)
            continue
        with atomic_write(path) as file:
            file.write(_content(task, notebooks).encode())
        written.append(path)
    return written, kept


def _content(task: Task, notebooks: bool) -> str:
    return json.dumps(notebook(task), indent=1, ensure_ascii=False) + "\n" if notebooks else task.stub

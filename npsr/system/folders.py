"""What is found in folders, and how it is told: nothing is passed over in silence."""

import os
import re
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path


def one_line(text: str) -> str:
    """A message as one line: names may hold line breaks and other characters that are none."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]", lambda found: repr(found[0])[1:-1], text)


def passed_over(counts: Counter[str]) -> str:
    """How many files were passed over, of which kinds, in words; nothing if there are none."""
    kinds = ", ".join(f"{number} {kind}" for kind, number in counts.most_common())
    number = sum(counts.values())
    return f"{number} file{'s' if number > 1 else ''} passed over: {kinds}" if counts else ""


def kind_of(entry: Path, folder: bool = False) -> str:
    """What a file or folder is called that is passed over."""
    if entry.name.startswith("."):
        return "hidden"
    if folder:
        return "linked folder" if entry.is_symlink() else "folder"
    return entry.suffix.lower() or "without ending"


def is_folder(path: Path) -> bool:
    """Whether it is a folder that can be reached; what it is otherwise, reading tells."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def walk(
    root: Path, leave_out: str, endings: Collection[str], passed: Counter[str], errors: list[OSError]
) -> Iterator[Path]:
    """Files below a folder with some endings, in no order.

    Parameters
    ----------
    root : Path
        The folder. Hidden folders in it, and those that are links, are passed over.
    leave_out : str
        The real path of a folder in it that does not count.
    endings : collection of str
        Suffixes, in lower case.
    passed : Counter
        What is passed over, added by kind.
    errors : list
        To which folders are added that cannot be read.

    Yields
    ------
    Path
        Each file, dead links and special files included: whoever reads them tells.
    """
    for folder, names, files in os.walk(root, onerror=errors.append):
        inner = [Path(folder, name) for name in names if os.path.realpath(Path(folder, name)) != leave_out]
        names[:] = [path.name for path in inner if path.name[0] != "." and not path.is_symlink()]
        passed.update(kind_of(path, folder=True) for path in inner if path.name not in names)
        for path in (Path(folder, name) for name in files):
            if path.name[0] != "." and path.suffix.lower() in endings:
                yield path
            else:
                passed[kind_of(path)] += 1

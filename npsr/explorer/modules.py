"""ES modules turned into one classic script, because a page opened from a file may not load modules.

Each module becomes a function of its own that is run once, after those that it imports from:

    import { pad } from "./kernels.js";     →   const { pad } = modules["mathematics/kernels.js"];
    export function run(…) {…}              →   function run(…) {…}, returned at the end

That is all that is understood: imports and exports stand at the start of a line, exports are
functions, classes or constants, and are imported by name.
"""

import posixpath
import re
from pathlib import Path

IMPORT = re.compile(r'^import \{([^}]*)\} from "(\.{1,2}/[\w./-]+)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?:async )?(?:function\*?|class|const) (\w+)", re.MULTILINE)


def order(folder: Path, entry: str) -> list[str]:
    """A module and all that it imports, each after those that it needs.

    Parameters
    ----------
    folder : Path
        Where the modules lie.
    entry : str
        Path of the module in it.

    Returns
    -------
    list of str

    Raises
    ------
    ValueError
        If modules import each other in a circle.
    """
    done: list[str] = []

    def visit(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            raise ValueError(f"modules import each other: {' → '.join((*above, name))}; part them")
        for _, path in IMPORT.findall((folder / name).read_text(encoding="utf-8")):
            visit(_resolved(name, path), (*above, name))
        if name not in done:
            done.append(name)

    visit(entry, ())
    return done


def script(folder: Path, names: list[str]) -> str:
    """A script that runs modules in the order given, into an object `modules` that is there."""
    return "".join(_wrapped(folder, name) for name in names)


def _wrapped(folder: Path, name: str) -> str:
    text = (folder / name).read_text(encoding="utf-8")
    exported = ", ".join(EXPORT.findall(text))

    def constants(found: re.Match[str]) -> str:
        names = found[1].replace(" as ", ": ")
        return f'const {{{names}}} = modules["{_resolved(name, found[2])}"];\n'

    body = re.sub(r"^export ", "", IMPORT.sub(constants, text), flags=re.MULTILINE)
    return f'modules["{name}"] = (() => {{\n{body}return {{ {exported} }};\n}})();\n'


def _resolved(name: str, path: str) -> str:
    """The module that a module means by a relative path."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), path))

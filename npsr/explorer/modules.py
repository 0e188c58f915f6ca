"""ES modules turned into one classic script, because a page opened from a file may not load modules.

Each module becomes a function of its own that is run once, after those that it imports from:

    import { pad } from "./kernels.js";     →   const { pad } = modules["kernels.js"];
    export function run(…) {…}              →   function run(…) {…}, returned at the end

That is all that is understood: imports and exports stand at the start of a line, exports are
functions, classes or constants, and are imported by name.
"""

import re
from pathlib import Path

IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([\w./-]+)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?:async )?(?:function\*?|class|const) (\w+)", re.MULTILINE)


def script(folder: Path, entries: list[str], present: frozenset[str] = frozenset()) -> str:
    """A script that runs modules and all that they import, each once, in the order of need.

    Parameters
    ----------
    folder : Path
        Where the modules lie.
    entries : list of str
        Names of the modules to run.
    present : frozenset of str
        Names of modules that an earlier script has run.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If modules import each other in a circle.
    """
    return "".join(_wrapped(folder, name) for name in _order(folder, entries) if name not in present)


def names(folder: Path, entries: list[str]) -> frozenset[str]:
    """Names of the modules that `script` runs."""
    return frozenset(_order(folder, entries))


def _order(folder: Path, entries: list[str]) -> list[str]:
    """The modules needed, each after those that it imports."""
    done: list[str] = []

    def visit(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            raise ValueError(f"modules import each other: {' → '.join((*above, name))}; part them")
        for _, needed in IMPORT.findall((folder / name).read_text(encoding="utf-8")):
            visit(needed, (*above, name))
        if name not in done:
            done.append(name)

    for entry in entries:
        visit(entry, ())
    return done


def _wrapped(folder: Path, name: str) -> str:
    text = (folder / name).read_text(encoding="utf-8")
    exported = ", ".join(EXPORT.findall(text))
    body = IMPORT.sub(lambda found: f'const {{{found[1]}}} = modules["{found[2]}"];\n', text)
    body = re.sub(r"^export ", "", body, flags=re.MULTILINE)
    return f'modules["{name}"] = (() => {{\n{body}return {{ {exported} }};\n}})();\n'

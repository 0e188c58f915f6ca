"""Hook shaders read back: their passes, and each pass's statements.

Takes the subset of GLSL and of `//!` lines that `npsr.exporting.glsl` writes, and no other: a pass hooks LUMA
and is a function without arguments, of a statement a line: declarations, assignments and a return.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from npsr.exporting.glsl_expression import Expression, ShaderError, parse
from npsr.exporting.glsl_text import RANGE_LINE

MOST_BYTES = 64 * 2**20
"""Of a file; SRCNN-Ex takes 1 MB."""


@dataclass
class Pass:
    """A pass.

    Attributes
    ----------
    binds : list of str
        Textures that it reads.
    save : str
        The texture that it makes.
    components : int
        How many components that has.
    reckoned : dict of str to str
        Its WIDTH, HEIGHT and WHEN (whether it runs), in reverse Polish notation.
    statements : list of (int, str, str, Expression)
        Line, variable, ``=`` or ``+=``, expression; the variable of a return is ``return``.
    """

    binds: list[str] = field(default_factory=list)
    save: str = "LUMA"
    components: int = 4
    reckoned: dict[str, str] = field(
        default_factory=lambda: {"WIDTH": "LUMA.w", "HEIGHT": "LUMA.h", "WHEN": "1"}
    )
    statements: list[tuple[int, str, str, Expression]] = field(default_factory=list)


def read_passes(path: Path) -> tuple[list[Pass], bool]:
    """The passes of a hook shader, and whether it is for luma in full range.

    Raises
    ------
    ShaderError
        If the file cannot be read, is no hook shader, or is beyond the subset.
    """
    text = _text(path)
    line, passes = 0, list[Pass]()
    try:
        for line, content in enumerate(map(str.strip, text.splitlines()), 1):
            if content.startswith("//!"):
                if not passes or passes[-1].statements:
                    passes.append(Pass())
                _directive(passes[-1], content[3:])
            elif passes and (code := content.partition("//")[0].strip()):
                _code(passes[-1], line, code)
        if not passes:
            raise ShaderError("there is no pass in it: a hook shader has lines that begin with //!")
    except ShaderError as error:
        raise ShaderError(f"{path}, line {line}: {error}") from error
    return passes, f"{RANGE_LINE}full" in text


def _text(path: Path) -> str:
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise ShaderError(f"{path} has {size} bytes, but a shader has at most {MOST_BYTES}")
        return path.read_text("utf-8")
    except OSError as error:
        raise ShaderError(f"{path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ShaderError(f"{path} is no text, but a hook shader is: get it anew") from error


def _directive(one: Pass, line: str) -> None:
    """Take in a `//!` line."""
    name, _, value = line.partition(" ")
    value = value.strip()
    if name == "BIND":
        one.binds.append("LUMA" if value == "HOOKED" else value)
    elif name == "SAVE":
        one.save = value
    elif name in one.reckoned:
        one.reckoned[name] = value
    elif name == "COMPONENTS" and value in ("1", "2", "3", "4"):
        one.components = int(value)
    elif name != "DESC" and (name, value) != ("HOOK", "LUMA"):
        raise ShaderError(f"//!{line:.60} is beyond the subset that is run, which hooks LUMA alone")


def _code(one: Pass, line: int, code: str) -> None:
    """Take in a line of GLSL."""
    if code in ("vec4 hook() {", "vec4 hook()", "{", "}"):
        return
    pattern = r"(?:(?:float|int|i?vec[234]|mat[34]) )?(?:(\w+) (\+?=)|(return)) (.+);"
    found = re.fullmatch(pattern, code)
    if not found:
        raise ShaderError(f"{code:.60} is beyond the subset of GLSL that is run")
    name, operator, returned, expression = found.groups()
    one.statements.append((line, name or returned, operator or "=", parse(expression)))

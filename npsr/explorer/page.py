"""One HTML page with everything in it: style, scripts, networks, the kernels' lines, a photograph."""

import ast
import base64
import json
import re
from collections.abc import Iterable
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np

from npsr.explorer.modules import order, script
from npsr.networks.cascade import require_one_stage
from npsr.networks.layers import is_sparse_coding, parameter_shapes
from npsr.networks.network import Network
from npsr.system.version import __version__

PAGE = Path(__file__).parent / "page"
TITLE = b"<title>npsr explorer"
SOURCE = re.compile(r"^ +sources: \[([^\]]*)\]", re.MULTILINE)

Labelled = tuple[str, Network]


def html(networks: Iterable[Labelled]) -> str:
    """The page.

    Parameters
    ----------
    networks : iterable of (str, Network)
        Networks to show, each with the name it is called by; the first is shown at the start.

    Returns
    -------
    str
        HTML that fetches nothing.

    Raises
    ------
    ValueError
        If a parameter is not finite.
    """
    mathematics = order(PAGE, "mathematics/jobs.js")
    rest = [name for name in order(PAGE, "main.js") if name not in mathematics]
    parts = {
        "style": (PAGE / "style.css").read_text(encoding="utf-8"),
        "version": __version__,
        "data": json.dumps(_data(networks), separators=(",", ":")).replace("<", "\\u003c"),
        "mathematics": script(PAGE, mathematics),
        "script": script(PAGE, rest),
    }
    frame = (PAGE / "index.html").read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], frame)


def _data(networks: Iterable[Labelled]) -> dict[str, Any]:
    panels = [path.read_text(encoding="utf-8") for path in sorted((PAGE / "panels").glob("*.js"))]
    wanted = sorted(
        {
            name
            for text in panels
            for found in SOURCE.findall(text)
            for name in re.findall(r'"([^"]+)"', found)
        }
    )
    return {
        "networks": [_packed(label, net) for label, net in networks],
        "sources": {name: lines_of(name) for name in wanted},
        "photograph": base64.b64encode((PAGE / "pictures" / "cat.png").read_bytes()).decode(),
        "design": json.loads((PAGE / "design.json").read_text(encoding="utf-8")),
    }


def is_page(path: Path) -> bool:
    """Whether a file is a page that was written here, and so may be replaced by a newer one."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return TITLE in file.read(1000)


def _packed(label: str, net: Network) -> dict[str, Any]:
    """A network with its numbers as one base64 text of little-endian 32-bit floats."""
    require_one_stage(net, "the explorer shows")
    if is_sparse_coding(net.layers):
        raise ValueError(
            f"{label} is {net.name}, but the explorer shows the paper's networks: name one of them"
        )
    for key, p in net.parameters.items():
        if not np.isfinite(p).all():
            raise ValueError(f"{label}: {key} holds numbers that are not finite: train with a lower rate")
    numbers = b"".join(np.ascontiguousarray(p, "<f4").tobytes() for p in net.parameters.values())
    return {
        "label": label,
        "name": net.name,
        "scale": net.scale,
        "layers": [{"kind": type(layer).__name__, **asdict(layer)} for layer in net.layers],
        "shapes": parameter_shapes(net.layers),
        "numbers": base64.b64encode(numbers).decode(),
    }


def lines_of(name: str) -> str:
    """Source of a function without its docstring.

    Parameters
    ----------
    name : str
        A kernel, such as ``"conv2d.forward"``, or a function of npsr with its module's whole name.

    Raises
    ------
    ValueError
        If there is no such function.
    """
    module, _, function = name.rpartition(".")
    found = find_spec(module if module.startswith("npsr.") else f"npsr_kernels.{module}")
    text = Path(found.origin).read_text(encoding="utf-8") if found and found.origin else ""
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            lines = text.splitlines()[node.lineno - 1 : node.end_lineno]
            if ast.get_docstring(node) is not None:
                docstring = node.body[0]
                end = docstring.end_lineno or docstring.lineno
                del lines[docstring.lineno - node.lineno : end - node.lineno + 1]
            return dedent("\n".join(lines))
    raise ValueError(f"there is no function {name}, but a panel of the explorer shows its lines")

"""Runs functions of the page's modules under node, without a window."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import npsr
from npsr.explorer.modules import order, script

PAGE = Path(npsr.__file__).parent / "explorer" / "page"
NODE = shutil.which("node")
needs_node = pytest.mark.skipif(
    NODE is None, reason="no node on the path: install Node.js to test the functions alone"
)


def plain(value):
    """What JSON can carry; arrays as flat lists."""
    if isinstance(value, np.ndarray):
        return value.ravel().tolist()
    raise TypeError(type(value))


def calls(module, expression, cases):
    """The values of a JavaScript expression, in which `m` is a module and `a` a case, for all cases."""
    program = "\n".join(
        [
            '"use strict"; const modules = {};',
            script(PAGE, order(PAGE, module)),
            f'const m = modules["{module}"];',
            "const numbers = (key, value) => ArrayBuffer.isView(value) ? Array.from(value) : value;",
            'const cases = JSON.parse(require("fs").readFileSync(0, "utf8"));',
            f"const answers = cases.map((a) => ({expression}));",
            "process.stdout.write(JSON.stringify(answers, numbers));",
        ]
    )
    done = subprocess.run(
        [NODE, "-e", program],
        input=json.dumps(cases, default=plain),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def network_value(net):
    """A network as the page has it."""
    layers = [{"kind": type(layer).__name__, **vars(layer)} for layer in net.layers]
    return {"name": net.name, "scale": net.scale, "layers": layers, "parameters": net.parameters}

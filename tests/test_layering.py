"""Imports run one way: experiments → npsr → npsr_kernels → numpy, numba. Files stay small."""

import ast
from pathlib import Path

import pytest

import npsr

ROOT = Path(__file__).parents[1]
SOURCES = sorted(p for folder in ("npsr", "kernels", "experiments") for p in (ROOT / folder).rglob("*.py"))
ALLOWED = {
    "kernels": {"numpy", "numba", "llvmlite", "npsr_kernels"},
    "npsr": {"numpy", "scipy", "imageio", "PIL", "npsr", "npsr_kernels"},
    "experiments": {
        "numpy",
        "matplotlib",
        "skimage",
        "npsr",
        "equal_training",
        "measuring",
        "paper",
        "study",
    },
}
ALLOWED_ALSO = {
    "npsr/convergence.py": {"matplotlib"},
    "npsr/least_squares.py": {"threadpoolctl"},
    "npsr/onnx_file.py": {"onnx"},
    "npsr/video_files.py": {"av"},
    "npsr/progress.py": {"rich"},
    "experiments/bench_npsr.py": {"bench_training", "imageio", "npsr_kernels"},
    "experiments/bench_peers.py": {"contenders"},
    "experiments/bench_training.py": {"contenders", "torch"},
    "experiments/contenders.py": {"cv2", "ncnn", "ncnn_model", "numba", "onnxruntime", "openvino", "torch"},
}
"""What single files take besides: optional packages and the scripts beside them."""

INSIDE = {"bench_npsr.py", "bench_peers.py", "bench_training.py", "contenders.py", "ncnn_model.py"}
"""Scripts that time or translate what is inside; every other one uses what is exported."""

PUBLIC_ONLY = [path for path in SOURCES if path.parent.name == "experiments" and path.name not in INSIDE]


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_imports_run_one_way(path):
    import sys

    name = path.relative_to(ROOT)
    allowed = ALLOWED[name.parts[0]] | ALLOWED_ALSO.get(name.as_posix(), set())
    assert {module.partition(".")[0] for module in imported(path)} <= allowed | set(sys.stdlib_module_names)


@pytest.mark.parametrize("path", PUBLIC_ONLY, ids=str)
def test_experiments_use_public_names_alone(path):
    used = {
        node.attr
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "npsr"
    }
    assert used <= set(npsr.__all__)
    assert not [name for name in imported(path) if name.startswith(("npsr.", "npsr_kernels"))]


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_files_and_functions_stay_small(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 320
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
            assert node.end_lineno - first.lineno < 45, node.name
            arguments = node.args
            assert len(arguments.args) + len(arguments.kwonlyargs) <= 8, node.name

"""Imports run down the floors, without circles: experiments → npsr → npsr_kernels. Files stay small."""

import ast
import re
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import npsr

ROOT = Path(__file__).parents[1]
FLOORS = [
    "npsr_kernels.compiling",
    "npsr_kernels.vector",
    "npsr_kernels",
    "npsr_kernels.matrices",
    "npsr_kernels.stream",
    "npsr_kernels.training_step",
    "npsr.system",
    "npsr.images.metadata",
    "npsr.images.formats",
    "npsr.images",
    "npsr.images.animations",
    "npsr.networks",
    "npsr.parallel",
    "npsr.models",
    "npsr.rivals",
    "npsr.exporting",
    "npsr.upscaling",
    "npsr.evaluation",
    "npsr.degradation",
    "npsr.training",
    "npsr.training.recipes",
    "npsr.learning",
    "npsr.dask",
    "npsr.video",
    "npsr.benchmark",
    "npsr.explorer",
    "npsr.exercises.ground",
    "npsr.exercises.mistakes",
    "npsr.exercises.tasks",
    "npsr.exercises",
    "npsr.commands",
    "npsr",
    "experiments",
]
"""The rooms from the lowest floor up: a file imports from its own room and from those below."""

ALLOWED = {
    "npsr_kernels": {"numpy", "numba", "llvmlite"},
    "npsr": {"numpy", "scipy", "imageio", "PIL"},
    "experiments": {"numpy", "matplotlib", "skimage"},
}
ALLOWED_ALSO = {
    "npsr.dask": {"dask"},
    "npsr.dask.arrays": {"dask"},
    "npsr.dask.cluster": {"dask", "distributed"},
    "npsr.dask.sources": {"zarr"},
    "npsr.dask.sweep_report": {"matplotlib"},
    "npsr.dask.targets": {"dask", "zarr"},
    "npsr.dask.tiff_source": {"zarr"},
    "npsr.dask.zarr_upscale": {"zarr"},
    "npsr.exporting.onnx_file": {"onnx"},
    "npsr.exporting.runtimes": {"ncnn", "onnxruntime"},
    "npsr.system.blas": {"threadpoolctl"},
    "npsr.system.locking": {"filelock"},
    "npsr.training.convergence": {"matplotlib"},
    "npsr.training.least_squares": {"threadpoolctl"},
    "npsr.training.progress": {"rich"},
    "npsr.video.reading": {"av"},
    "npsr.degradation.coding": {"av"},
    "experiments.bench_npsr": {"imageio"},
    "experiments.bench_training": {"torch"},
    "experiments.data_parallel": {"distributed"},
    "experiments.large_zarr": {"distributed", "zarr"},
    "experiments.explorer_picture": {"PIL", "playwright"},
    "experiments.contenders": {"cv2", "ncnn", "numba", "onnxruntime", "openvino", "torch"},
}
"""What single files take besides, optional packages as a rule."""

INSIDE = {"bench_npsr", "bench_peers", "bench_training", "contenders", "data_parallel", "large_zarr"}
INSIDE |= {"comparison", "comparison_figure", "equal_training", "rivals", "method_pictures", "release_model"}
"""Scripts that time, translate, learn or draw what is inside; every other one uses what is exported."""


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    parts = parts[1:] if parts[0] == "kernels" else parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {
    module_name(path): path
    for folder in ("npsr", "kernels", "experiments")
    for path in sorted((ROOT / folder).rglob("*.py"))
}
TREES = {name: ast.parse(path.read_text()) for name, path in SOURCES.items()}
PUBLIC_ONLY = [name for name in SOURCES if name.startswith("experiments.") and name[12:] not in INSIDE]
files = pytest.mark.parametrize("name", SOURCES)


def room(name):
    """The folder that a module lies in; a package lies in itself."""
    return name if SOURCES[name].name == "__init__.py" else name.rpartition(".")[0]


def bound(name):
    """Every module that a file imports, wherever in it; what it takes from it; and by which name."""
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "", alias.asname or alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = room(name).split(".")[: len(room(name).split(".")) - node.level + 1] if node.level else []
            module = ".".join([*above, *(node.module.split(".") if node.module else [])])
            for alias in node.names:
                whole, called = f"{module}.{alias.name}", alias.asname or alias.name
                yield (whole, "", called) if whole in SOURCES else (module, alias.name, called)


def imported(name):
    """The same without the names."""
    return ((module, taken) for module, taken, _ in bound(name))


def ours(name):
    """Of these, the modules of this repository; scripts import those beside them by their bare names."""
    for module, taken in imported(name):
        for found in (module, f"experiments.{module}"):
            if found in SOURCES and found != name:
                yield found, taken


def private(name):
    return name.startswith("_") and not name.startswith("__")


@files
def test_imports_run_down_the_floors(name):
    own = FLOORS.index(room(name))
    above = [module for module, _ in ours(name) if FLOORS.index(room(module)) > own]
    assert not above, f"{name} imports from a floor above: {above}"


def test_imports_run_in_no_circle():
    inner = {name for name in SOURCES if SOURCES[name].name != "__init__.py"}
    arrows = {name: {module for module, _ in ours(name)} & inner for name in inner}
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        pytest.fail(f"imports run in a circle: {' → '.join(error.args[1])}")


@files
def test_a_room_keeps_its_underscore_names(name):
    others = [found for found in bound(name) if found[0] in SOURCES and room(found[0]) != room(name)]
    assert not [f"{module}.{taken}" for module, taken, _ in others if private(taken)]
    modules = {called for _, taken, called in others if not taken}
    used = [
        ast.unparse(node)
        for node in ast.walk(TREES[name])
        if isinstance(node, ast.Attribute) and private(node.attr) and ast.unparse(node.value) in modules
    ]
    assert not used


@files
def test_packages_from_outside_are_those_agreed_on(name):
    allowed = ALLOWED[name.partition(".")[0]] | ALLOWED_ALSO.get(name, set()) | set(sys.stdlib_module_names)
    scripts = {module[12:] for module in SOURCES if module.startswith("experiments.")}
    assert {module.partition(".")[0] for module, _ in imported(name)} <= allowed | scripts | {
        "npsr",
        "npsr_kernels",
    }


@pytest.mark.parametrize("name", PUBLIC_ONLY)
def test_experiments_use_public_names_alone(name):
    used = {
        node.attr
        for node in ast.walk(TREES[name])
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "npsr"
    }
    assert used <= {*npsr.__all__, "dask"}
    assert not [module for module, _ in imported(name) if module.startswith(("npsr.", "npsr_kernels"))]


@files
def test_files_and_functions_stay_small(name):
    lines = SOURCES[name].read_text().splitlines()
    examples = [line for line in lines if line.lstrip().startswith((">>> ", "... ", "Examples"))]
    assert len(lines) - 2 * len(examples) <= 320  # an example and what it prints may add to a file
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.FunctionDef):
            first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
            assert node.end_lineno - first.lineno < 45, node.name
            arguments = node.args
            assert len(arguments.args) + len(arguments.kwonlyargs) <= 8, node.name


def test_rooms_say_what_they_are_for_and_hold_a_dozen_files():
    for floor in FLOORS[:-1]:
        folder = SOURCES[floor].parent
        assert len(ast.get_docstring(TREES[floor]).splitlines()) >= 3, floor
        assert floor == "npsr.commands" or len(list(folder.glob("[!_]*.py"))) <= 12, floor


def test_the_map_has_a_line_for_every_room_in_order():
    lines = re.findall(r"^\| `([\w/]+)` \|", (ROOT / "CONTRIBUTING.md").read_text(), flags=re.MULTILINE)
    names = [line.removeprefix("kernels/").replace("/", ".") for line in lines]
    assert names == FLOORS

"""SRF learnt: trees grown level by level; alternating forests look at what all of them still lack.

A random forest's trees know nothing of each other: each parts the samples until its leaves are small, and
regresses in these. An alternating regression forest (ARF) grows all trees by a level at a time: new leaves
regress what the mean of all trees lacks, and add it to their parents' matrices.

N samples, p features, q = 9n² details, M trees.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from npsr.learning.pools import all_samples, learnt_filters
from npsr.learning.recipe import ForestRecipe
from npsr.learning.states import State, Step
from npsr.rivals.forest import Forest
from npsr.system.blas import one_blas_thread
from npsr_kernels.compiling.threads import share
from npsr_kernels.matrices import trees as kernels

MEMORY = 2**31
"""Bytes that features, details and what these lack may take; the other samples are left out at random."""
BLOCK = 65_536
"""Samples of a leaf that are computed at a time."""
TABLES = ("pairs", "thresholds", "children", "levels")
"""Of a tree, an entry a node."""


@dataclass
class Tree:
    """A growing tree: a table of nodes, and every node's matrix while it is a leaf.

    `children` is 0 for a leaf; `levels` says how deep a node is.
    """

    pairs: np.ndarray = field(default_factory=lambda: np.zeros((1, 2), np.int32))
    thresholds: np.ndarray = field(default_factory=lambda: np.zeros(1, np.float32))
    children: np.ndarray = field(default_factory=lambda: np.zeros(1, np.int32))
    levels: np.ndarray = field(default_factory=lambda: np.zeros(1, np.int32))
    matrices: dict[int, np.ndarray] = field(default_factory=dict)


def learn(recipe: ForestRecipe, images: Sequence[np.ndarray], state: State) -> Iterator[Step]:
    """Learn from luma planes, from the state given; the last state holds all that `model` needs.

    Raises
    ------
    ValueError
        If the images are flat, too few or too small.
    """
    turned = [np.rot90(image, turn) for turn in range(recipe.rotations) for image in images]
    filters = learnt_filters(turned, recipe.scale, 1)
    most = MEMORY // (4 * (len(filters) + 2 * 9 * recipe.scale**2))
    x, y = all_samples(turned, filters, recipe.scale, most, np.random.default_rng([recipe.seed, 0]))
    if len(x) < recipe.least:
        raise ValueError(
            f"there are {len(x)} patches, but must be at least as many as a leaf has, {recipe.least}: use "
            "more or larger photographs"
        )
    grow = _alternating if recipe.alternating else _independent
    grown, done = _unpacked(state)
    for step in range(done, total(recipe)):
        grow(recipe, x, y, grown, step)
        yield (
            {"filters": filters, "done": np.array(step + 1), **_packed(grown)},
            {
                "what": "level" if recipe.alternating else "tree",
                "leaves": sum(len(tree.matrices) for tree in grown),
            },
        )


def model(recipe: ForestRecipe, state: State) -> Forest:
    """The forest that a last state holds: its trees one after the other, leaves in half precision."""
    grown, _ = _unpacked(state)
    roots = np.cumsum([0, *(len(tree.children) for tree in grown[:-1])]).astype(np.int32)
    children: list[np.ndarray] = []
    leaves: list[np.ndarray] = []
    for tree, root in zip(grown, roots, strict=True):
        table = np.where(tree.children > 0, tree.children + root, 0)
        for node in np.flatnonzero(tree.children == 0):
            table[node] = -1 - len(leaves)
            leaves.append(tree.matrices[int(node)].astype(np.float16))
        children.append(table.astype(np.int32))
    compared, thresholds = (
        np.concatenate([getattr(tree, name) for tree in grown]) for name in ("pairs", "thresholds")
    )
    tables = np.concatenate(children), roots, np.stack(leaves)
    return Forest("srf", recipe.scale, state["filters"], compared, thresholds, *tables)


def total(recipe: ForestRecipe) -> int:
    """Steps that `learn` yields in all: levels, or trees."""
    return recipe.levels + 1 if recipe.alternating else recipe.trees


def _independent(recipe: ForestRecipe, x: np.ndarray, y: np.ndarray, grown: list[Tree], step: int) -> None:
    """Grow one tree, level by level, and regress in its leaves."""
    tree = Tree()
    for level in range(recipe.levels):
        if not _split(recipe, x, y, tree, level, step):
            break
    _fit(recipe, x, y, tree, _groups(x, tree), cap=len(x))
    grown.append(tree)


def _alternating(recipe: ForestRecipe, x: np.ndarray, y: np.ndarray, grown: list[Tree], step: int) -> None:
    """Grow all trees by a level, on what their mean lacks; at first, make roots that regress."""
    if step == 0:
        root = Tree()
        _fit(recipe, x, y, root, _groups(x, root), cap=recipe.fit_samples)
        grown += [Tree(matrices=dict(root.matrices)) for _ in range(recipe.trees)]
        return
    lacking = lacking_of(grown, x, y)
    for number, tree in enumerate(grown):
        if _split(recipe, x, lacking, tree, step - 1, number):
            new = {node: group for node, group in _groups(x, tree).items() if tree.levels[node] == step}
            _fit(recipe, x, lacking, tree, new, cap=recipe.fit_samples)


def _split(recipe: ForestRecipe, x: np.ndarray, y: np.ndarray, tree: Tree, level: int, number: int) -> int:
    """Part the leaves of a level that are large enough; returns how many were.

    Their children take their matrices.
    """
    groups = {
        node: group
        for node, group in _groups(x, tree).items()
        if tree.levels[node] == level and len(group) > 2 * recipe.least
    }
    if not groups:
        return 0
    nodes, order = np.array(list(groups)), np.concatenate(list(groups.values()))
    ends = np.cumsum([len(group) for group in groups.values()])
    seeds = np.random.default_rng([recipe.seed, number, level]).integers(2**63, size=len(nodes))
    places = np.stack([np.append(0, ends[:-1]), ends, seeds], axis=1)
    chosen, thresholds = np.zeros((len(nodes), 2), np.int32), np.zeros(len(nodes), np.float32)
    lefts = np.empty(len(nodes), np.int64)
    numbers = recipe.judged, max(1, round(np.sqrt(x.shape[1]))), recipe.tests, recipe.least
    kernels.split(x, y, order, places, numbers, chosen, thresholds, lefts)
    good = np.flatnonzero(lefts)
    first = len(tree.children)
    tree.pairs[nodes[good]], tree.thresholds[nodes[good]] = chosen[good], thresholds[good]
    tree.children[nodes[good]] = first + 2 * np.arange(len(good))
    tree.pairs = np.vstack([tree.pairs, np.zeros((2 * len(good), 2), np.int32)])
    for name, value in (("thresholds", 0), ("children", 0), ("levels", level + 1)):
        old = getattr(tree, name)
        setattr(tree, name, np.append(old, np.full(2 * len(good), value, old.dtype)))
    for k, node in enumerate(nodes[good].tolist()):
        if node in tree.matrices:
            tree.matrices[first + 2 * k] = tree.matrices[first + 2 * k + 1] = tree.matrices.pop(node)
    return len(good)


def _groups(x: np.ndarray, tree: Tree) -> dict[int, np.ndarray]:
    """The samples of every leaf, ascending, by its node."""
    nodes = np.empty(len(x), np.int32)
    table = np.where(tree.children > 0, tree.children, -1 - np.arange(len(tree.children))).astype(np.int32)
    kernels.leaves_of(x, tree.pairs, tree.thresholds, table, 0, nodes)
    order = np.argsort(nodes, kind="stable").astype(np.int32)
    found, starts = np.unique(nodes[order], return_index=True)
    return dict(zip(found.tolist(), np.split(order, starts[1:]), strict=True))


def _fit(
    recipe: ForestRecipe, x: np.ndarray, y: np.ndarray, tree: Tree, groups: dict[int, np.ndarray], cap: int
) -> None:
    """Add to every leaf's matrix the ridge regression of y on (x, 1) over its samples, at most so many."""
    solved: dict[int, np.ndarray] = {}
    remaining = iter(groups.items())

    def work() -> None:
        for node, group in remaining:
            some = group if len(group) <= cap else group[np.linspace(0, len(group) - 1, cap).astype(int)]
            solved[node] = ridge(x[some], y[some], recipe.ridge)

    with one_blas_thread():
        share(work, parts=len(groups))
    for node, matrix in solved.items():
        tree.matrices[node] = tree.matrices.get(node, 0) + matrix


def ridge(x: np.ndarray, y: np.ndarray, strength: float) -> np.ndarray:
    """The matrix (p + 1, q) that minimises ‖(x, 1) T − y‖² + λ‖T‖², what is added included."""
    wide = np.column_stack([x, np.ones(len(x))]).astype(np.float64)
    gram = wide.T @ wide + strength * np.eye(wide.shape[1])
    return np.linalg.solve(gram, wide.T @ y.astype(np.float64)).astype(np.float32)


def lacking_of(grown: list[Tree], x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """What the mean of the trees lacks (N, q)."""
    lacking = y.copy()
    for tree in grown:
        remaining = iter(_groups(x, tree).items())

        def work(remaining: Iterator[tuple[int, np.ndarray]] = remaining, tree: Tree = tree) -> None:
            for node, group in remaining:
                for part in np.array_split(group, -(-len(group) // BLOCK)):
                    matrix = tree.matrices[node]
                    lacking[part] -= (x[part] @ matrix[:-1] + matrix[-1]) / np.float32(len(grown))

        with one_blas_thread():
            share(work)
    return lacking


def _packed(grown: list[Tree]) -> State:
    """Trees as arrays, for a state."""
    state: State = {"count": np.array(len(grown))}
    for k, tree in enumerate(grown):
        for name in TABLES:
            state[f"{k}/{name}"] = getattr(tree, name).copy()
        state[f"{k}/leaves"] = np.array(sorted(tree.matrices), np.int32)
        state[f"{k}/matrices"] = np.stack([tree.matrices[node] for node in sorted(tree.matrices)])
    return state


def _unpacked(state: State) -> tuple[list[Tree], int]:
    """Trees, and the steps done."""
    grown = []
    for k in range(int(state.get("count", 0))):
        tables = {name: state[f"{k}/{name}"].copy() for name in TABLES}
        matrices = dict(zip(state[f"{k}/leaves"].tolist(), state[f"{k}/matrices"], strict=True))
        grown.append(Tree(**tables, matrices=matrices))
    return grown, int(state.get("done", 0))

"""SRF learnt at small size: the cost of a split, ridge, leaves, alternation, runs that go on."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

import npsr
from npsr.images.resize import imresize
from npsr.learning import forests
from npsr.learning.forests import Tree, ridge
from npsr.learning.pools import all_samples, pairs, samples
from npsr.learning.recipe import ForestRecipe
from npsr.rivals.files import load_model, save_rival
from npsr_kernels.matrices import trees

SMALL = ForestRecipe("srf", 2, rotations=1, trees=3, levels=3, least=20, judged=100, fit_samples=400)


@pytest.fixture
def images(scene):
    return [(scene(60, 52) * 255).astype(np.uint8), (scene(48, 66) * 255).astype(np.uint8)]


def learnt(recipe, images, state=None):
    return list(forests.learn(recipe, images, state or {}))


def data(recipe, images, filters):
    found = [samples(pair, filters, recipe.scale) for pair in pairs(images, recipe.scale)]
    return [np.concatenate(parts) for parts in zip(*found, strict=True)]


@pytest.mark.parametrize("alternating", [False, True])
def test_learning_improves_on_bicubic_and_goes_on_bit_for_bit(images, alternating):
    recipe = replace(SMALL, alternating=alternating)
    steps = learnt(recipe, images)
    assert len(steps) == forests.total(recipe)
    model = forests.model(recipe, steps[-1][0])
    low = npsr.low_resolution(images[0] / 255.0, 2)
    errors = [np.mean((plane - images[0] / 255.0) ** 2) for plane in (model(low), imresize(low, 2))]
    assert errors[0] < 0.7 * errors[1]
    rest = learnt(recipe, images, steps[0][0])
    assert len(rest) == len(steps) - 1
    again = forests.model(recipe, rest[-1][0])
    for key, array in model.arrays.items():
        np.testing.assert_array_equal(array, again.arrays[key])


def test_samples_stay_within_the_memory(images, monkeypatch):
    everything = data(SMALL, images, np.ones((3, 9, 9)))
    x, y = all_samples(images, np.ones((3, 9, 9)), 2, 10**9, np.random.default_rng(0))
    np.testing.assert_array_equal(x, everything[0])
    np.testing.assert_array_equal(y, everything[1])
    some, details = all_samples(images, np.ones((3, 9, 9)), 2, 500, np.random.default_rng(0))
    assert 490 <= len(some) == len(details) <= 500
    leaves = len(forests.model(SMALL, learnt(SMALL, images)[-1][0]).leaves)
    monkeypatch.setattr(forests, "MEMORY", 200 * 4 * (20 + 72))
    assert len(forests.model(SMALL, learnt(SMALL, images)[-1][0]).leaves) < leaves


def test_a_split_is_the_best_of_its_tests(rng):
    """Judged by all samples, no random test that the kernel could have drawn has less variance."""
    x, y = rng.standard_normal((90, 2)).astype(np.float32), rng.standard_normal((90, 3)).astype(np.float32)
    y[x[:, 0] > x[:, 1]] += 3
    order = np.arange(90, dtype=np.int32)
    chosen, thresholds, lefts = np.zeros((1, 2), np.int32), np.zeros(1, np.float32), np.zeros(1, np.int64)
    for seed in rng.integers(2**63, size=20):  # until the two features are compared, not each with itself
        trees.split(x, y, order, np.array([[0, 90, seed]]), (90, 2, 200, 10), chosen, thresholds, lefts)
        if lefts[0]:
            break
    a, b = chosen[0]
    assert {a, b} == {0, 1}
    goes_left = x[:, a] - x[:, b] < thresholds[0]
    assert lefts[0] == goes_left.sum()

    def cost(left):
        return sum(
            side.sum() * np.mean(np.var(values[side].astype(float), axis=0, ddof=1))
            for side in (left, ~left)
            for values in (x, y)
        )

    responses = x[:, a] - x[:, b]
    candidates = [responses < t for t in np.sort(responses)[10:-10]]
    assert cost(goes_left) <= 1.05 * min(cost(left) for left in candidates)
    assert sorted(order) == list(range(90))


def test_nodes_without_a_good_test_are_not_parted():
    x, y = np.zeros((50, 4), np.float32), np.zeros((50, 2), np.float32)
    lefts = np.ones(1, np.int64)
    tables = np.zeros((1, 2), np.int32), np.zeros(1, np.float32), lefts
    trees.split(x, y, np.arange(50, dtype=np.int32), np.array([[0, 50, 1]]), (50, 2, 5, 5), *tables)
    assert lefts[0] == 0


def test_every_sample_ends_in_a_leaf_whose_tests_it_passes(images):
    steps = learnt(replace(SMALL, alternating=False), images)
    model = forests.model(SMALL, steps[-1][0])
    x, _ = data(SMALL, images, model.filters)
    for root in model.roots:
        leaves = np.empty(len(x), np.int32)
        trees.leaves_of(x, model.pairs, model.thresholds, model.children, root, leaves)
        for k in range(0, len(x), 97):
            node = root
            while model.children[node] >= 0:
                a, b = model.pairs[node]
                node = model.children[node] + (0 if x[k, a] - x[k, b] < model.thresholds[node] else 1)
            assert leaves[k] == -1 - model.children[node]
        assert np.bincount(leaves).max() < len(x)
        assert min(count for count in np.bincount(leaves) if count) >= SMALL.least


def test_one_leaf_is_global_ridge_regression(images):
    recipe = replace(SMALL, alternating=False, trees=1, levels=1, least=1000)
    model = forests.model(recipe, learnt(recipe, images)[-1][0])
    assert model.leaves.shape[0] == 1
    x, y = data(recipe, images, model.filters)
    np.testing.assert_allclose(model.leaves[0], ridge(x, y, recipe.ridge), atol=2e-3)
    both = replace(recipe, alternating=True, fit_samples=10**6)
    other = forests.model(both, learnt(both, images)[-1][0])
    np.testing.assert_array_equal(other.leaves[0], model.leaves[0])  # ARF of depth 0 is RF of depth 0


def test_ridge_by_hand():
    """One feature 1, −1 and target 3, −1: slope 2·2/(2 + λ), and 2/(2 + λ) is added."""
    matrix = ridge(np.array([[1.0], [-1]]), np.array([[3.0], [-1]]), 2.0)
    np.testing.assert_allclose(matrix, [[1], [0.5]])


def test_a_tree_twice_changes_nothing(images, rng):
    recipe = replace(SMALL, alternating=False, trees=1)
    model = forests.model(recipe, learnt(recipe, images)[-1][0])
    twice = replace(model, roots=np.concatenate([model.roots, model.roots]))
    low = rng.random((8, 9))
    np.testing.assert_allclose(twice(low), model(low), atol=1e-7)


def test_alternation_lowers_what_is_lacking(images):
    """Every level leaves less of the samples' details unexplained."""
    steps = learnt(SMALL, images)
    x, y = data(SMALL, images, steps[0][0]["filters"])
    lacking = []
    for state, _ in steps:
        grown, _ = forests._unpacked(state)
        lacking.append(np.mean(forests.lacking_of(grown, x, y) ** 2))
    assert all(after < before for before, after in pairwise(lacking))


def test_children_take_their_parents_matrix():
    tree = Tree(matrices={0: np.ones((3, 2), np.float32)})
    x = np.linspace(0, 1, 90, dtype=np.float32)[:, None] * np.array([[1, -1]], np.float32)
    recipe = replace(SMALL, least=20)
    assert forests._split(recipe, x, x, tree, 0, 0) == 1
    assert tree.children.tolist() == [1, 0, 0]
    assert sorted(tree.matrices) == [1, 2]
    assert tree.levels.tolist() == [0, 1, 1]


def test_a_file_gives_the_forest_back(images, rng, tmp_path):
    model = forests.model(SMALL, learnt(SMALL, images)[-1][0])
    save_rival(model, tmp_path / "m.npz")
    again, low = load_model(tmp_path / "m.npz"), rng.random((8, 9))
    np.testing.assert_array_equal(again(low), model(low))
    model.children[0] = 10**6
    save_rival(model, tmp_path / "m.npz", force=True)
    with pytest.raises(npsr.WeightsError, match="not in the table"):
        load_model(tmp_path / "m.npz")
    model.children[0] = 0
    save_rival(model, tmp_path / "m.npz", force=True)
    with pytest.raises(npsr.WeightsError, match="not in the table"):
        load_model(tmp_path / "m.npz")


def test_leaves_in_half_precision_are_read_exactly():
    """A tree of one leaf, and features of 0: what is added is the last row, every finite half."""
    halves = np.arange(2**16, dtype=np.uint16).view(np.float16)
    finite = halves[np.isfinite(halves)]
    leaves = np.stack([np.zeros_like(finite), finite])[None].view(np.uint16)
    tests, thresholds = np.zeros((1, 2), np.int32), np.zeros(1, np.float32)
    children, roots = np.full(1, -1, np.int32), np.zeros(1, np.int32)
    patches = np.empty((1, finite.size), np.float32)
    trees.predict(np.zeros((1, 1), np.float32), tests, thresholds, children, roots, leaves, patches)
    np.testing.assert_array_equal(patches[0], finite.astype(np.float32))

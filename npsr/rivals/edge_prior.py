"""The edge prior of Kim and Kwon: along major edges, details that agree with their neighbours'.

H W rows and columns of the enlarged plane, values in [−1, 1], K nodes, C = 25 candidates of each.
"""

import numpy as np

from npsr_kernels.matrices import edges

SWEEPS = 10
"""Of iterated conditional modes; each visits the pixels in four classes, which are no neighbours."""
REACH = 4 * SWEEPS
"""HR pixels that a change may travel."""


def major_edges(
    middle: np.ndarray, strength: np.ndarray, least: float, window: int, spread: float
) -> np.ndarray:
    """Where the prior holds: strong edges whose gradient differs from its neighbours'.

    Parameters
    ----------
    middle : ndarray of shape (H + 2p, W + 2p)
        Bicubic enlargement, with a border p of half the window and one more.
    strength : ndarray of shape (H, W)
        Sum of the Laplacian's size around a pixel.
    least : float
        What it must exceed.
    window : int
        Side of the window in which the gradient's largest and smallest size are compared.
    spread : float
        By how much they must differ.

    Returns
    -------
    ndarray of shape (H, W), bool
    """
    from scipy.ndimage import maximum_filter, minimum_filter  # a third of a second

    rows = middle[:-2] + middle[1:-1] + middle[2:]
    columns = middle[:, :-2] + middle[:, 1:-1] + middle[:, 2:]
    gradient = np.hypot(rows[:, 2:] - rows[:, :-2], columns[2:] - columns[:-2])
    reach = window // 2
    inner = slice(reach, -reach or None), slice(reach, -reach or None)
    ranges = maximum_filter(gradient, window) - minimum_filter(gradient, window)
    return (strength > least) & (ranges[inner] > spread)


def smoothed(
    candidates: np.ndarray, guess: np.ndarray, nodes: np.ndarray, numbers: tuple[float, float, float]
) -> np.ndarray:
    """The plane in which every node takes one of its candidates, so that the energy falls.

    The energy is Σ ((z − guess)/σ_R)² over nodes and Σ (|z − z'|/σ_N)^α over neighbouring pixels, eight
    of each. Iterated conditional modes start from the candidate nearest to the guess.

    Parameters
    ----------
    candidates : ndarray of shape (K, C)
        Values that each node may take, row by row.
    guess : ndarray of shape (H, W)
        What pixels that are no nodes keep.
    nodes : ndarray of shape (H, W), bool
        Pixels that choose.
    numbers : (float, float, float)
        σ_R, σ_N, α.

    Returns
    -------
    ndarray of shape (H, W)
    """
    y, waiting = np.empty_like(guess), nodes.copy()
    numbered = np.where(nodes, np.cumsum(nodes, dtype=np.int32).reshape(nodes.shape) - 1, np.int32(-1))
    edges.nearest_candidates(candidates, guess, numbered, y)
    kept = np.array(numbers, np.float64)
    for _ in range(SWEEPS):
        for row, column in ((0, 0), (0, 1), (1, 0), (1, 1)):
            edges.visit(candidates, guess, numbered, kept, row, column, y, waiting)
    return y


def energy(guess: np.ndarray, nodes: np.ndarray, numbers: tuple[float, float, float], y: np.ndarray) -> float:
    """The energy that `smoothed` lowers: of nodes, and of every pair of neighbours with a node."""
    r, n, alpha = numbers
    total = float(np.sum((((y - guess) / r) ** 2)[nodes]))
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        there = slice(down, None), slice(max(right, 0), y.shape[1] + min(right, 0))
        here = slice(0, len(y) - down), slice(max(-right, 0), y.shape[1] - max(right, 0))
        pairs = (np.abs(y[there] - y[here]) / n) ** alpha
        total += float(np.sum(pairs[nodes[there] | nodes[here]]))
    return total

"""SRF: a forest of regression trees (Schulter, Leistner, Bischof, 2015).

Every LR pixel's features fall through each tree, by comparing two of them with a threshold, to a leaf;
its matrix makes the details of the pixel's patch, and the trees' mean is added to the bicubic enlargement.

H W rows and columns of the LR plane, p features, q = 9n².
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from npsr.rivals.features import REACH, STEP, with_details
from npsr_kernels.matrices import trees as kernels


@dataclass(frozen=True, eq=False)
class Forest:
    """A regression forest.

    Attributes
    ----------
    name : str
        "srf".
    scale : int
        Upscaling factor n.
    filters : ndarray of shape (p, 9, 9)
        Give the features.
    pairs : ndarray of shape (nodes, 2), int32
        Features that a node compares.
    thresholds : ndarray of shape (nodes,)
        Their difference below this goes left.
    children : ndarray of shape (nodes,), int32
        The left child, the right one being next; −1 − the number of the leaf, if a node is one.
    roots : ndarray of shape (trees,), int32
        Where the trees begin.
    leaves : ndarray of shape (leaves, p + 1, q), float16
        Matrices; the last row is what is added.
    provenance : dict
        Where they come from.
    """

    name: str
    scale: int
    filters: np.ndarray
    pairs: np.ndarray
    thresholds: np.ndarray
    children: np.ndarray
    roots: np.ndarray
    leaves: np.ndarray
    provenance: dict[str, Any] = field(default_factory=dict)

    reach = REACH
    step = STEP

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """All that was learnt."""
        names = ("filters", "pairs", "thresholds", "children", "roots", "leaves")
        return {name: getattr(self, name) for name in names}

    def __call__(self, low: np.ndarray) -> np.ndarray:
        """Enlarge a plane (H, W) in [0, 1] to (nH, nW), not clipped, of its dtype."""
        tables = self.pairs, self.thresholds, self.children, self.roots, self.leaves.view(np.uint16)

        def make(found: np.ndarray, patches: np.ndarray) -> None:
            kernels.predict(found, *tables, patches)

        return with_details(low, self.scale, self.filters, make)

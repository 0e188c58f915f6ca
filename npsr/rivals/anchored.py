"""Anchored regression: A+ (Timofte, De Smet, Van Gool, 2014), and ANR and GR before it.

Every LR pixel's features choose the anchor that they point along most, or against; its matrix makes the
3n × 3n details of them that are added to the bicubic enlargement. GR has one matrix for all.

H W rows and columns of the LR plane, A anchors, p features, q = 9n².
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from npsr.rivals.features import REACH, enlarged, features, overlap_mean
from npsr.system.blas import one_blas_thread
from npsr_kernels.compiling.threads import share
from npsr_kernels.matrices import patches as kernels


@dataclass(frozen=True, eq=False)
class Anchored:
    """A model of anchored regression.

    Attributes
    ----------
    name : str
        "a+", "anr" or "gr".
    scale : int
        Upscaling factor n.
    filters : ndarray of shape (p, 9, 9)
        Give the features.
    anchors : ndarray of shape (A, p)
        Of length 1.
    regressors : ndarray of shape (A, p, q)
        The anchors' matrices.
    provenance : dict
        Where they come from.
    """

    name: str
    scale: int
    filters: np.ndarray
    anchors: np.ndarray
    regressors: np.ndarray
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def reach(self) -> int:
        """LR rows above and below its own that an output pixel depends on."""
        return REACH

    @property
    def step(self) -> int:
        """Parts of a plane may begin at any row."""
        return 1

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """All that was learnt."""
        return {"filters": self.filters, "anchors": self.anchors, "regressors": self.regressors}

    def __call__(self, low: np.ndarray) -> np.ndarray:
        """Enlarge a plane (H, W) in [0, 1] to (nH, nW), not clipped, of its dtype."""
        details = overlap_mean(self._patches(features(low, self.filters)), self.scale)
        return enlarged(low, self.scale) + details.astype(low.dtype)

    def _patches(self, found: np.ndarray) -> np.ndarray:
        """Details (H, W, q) of features (H, W, p): rows shared among threads, each a product by itself."""
        anchors, regressors = self.anchors.astype(np.float32), self.regressors.astype(np.float32)
        patches = np.empty((*found.shape[:2], regressors.shape[2]), np.float32)
        remaining = iter(range(len(found)))

        def work() -> None:
            chosen = np.zeros(found.shape[1], np.int32)
            for row in remaining:
                if len(anchors) > 1:
                    kernels.strongest(anchors @ found[row].T, chosen)
                kernels.regress(found[row], chosen, regressors, patches[row])

        with one_blas_thread():
            share(work, parts=len(found))
        return patches

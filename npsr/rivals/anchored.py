"""Anchored regression: A+ (Timofte, De Smet, Van Gool, 2014), and ANR and GR before it.

Every LR pixel's features choose the anchor that they point along most, or against; its matrix makes the
3n × 3n details of them that are added to the bicubic enlargement. GR has one matrix for all.

H W rows and columns of the LR plane, A anchors, p features, q = 9n².
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from npsr.rivals.features import REACH, STEP, with_details
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
        The anchors' matrices; in half precision where they are to be small.
    provenance : dict
        Where they come from.
    """

    name: str
    scale: int
    filters: np.ndarray
    anchors: np.ndarray
    regressors: np.ndarray
    provenance: dict[str, Any] = field(default_factory=dict)

    reach = REACH
    step = STEP

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """All that was learnt."""
        return {"filters": self.filters, "anchors": self.anchors, "regressors": self.regressors}

    def __call__(self, low: np.ndarray) -> np.ndarray:
        """Enlarge a plane (H, W) in [0, 1] to (nH, nW), not clipped, of its dtype."""
        anchors, regressors = self.anchors.astype(np.float32), self.regressors.astype(np.float32)

        def make(found: np.ndarray, patches: np.ndarray) -> None:
            chosen = np.zeros(len(found), np.int32)
            if len(anchors) > 1:
                kernels.strongest(anchors @ found.T, chosen)
            kernels.regress(found, chosen, regressors, patches)

        return with_details(low, self.scale, self.filters, make)

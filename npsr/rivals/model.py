"""What a model that enlarges a plane must tell, if it is no network."""

from typing import Any, Protocol, runtime_checkable

import numpy as np


@runtime_checkable
class Rival(Protocol):
    """A model that enlarges a plane, and can do so by parts.

    Attributes
    ----------
    name : str
        Of the method.
    scale : int
        Upscaling factor n.
    reach : int
        LR rows above and below its own that an output pixel depends on.
    step : int
        A part of a plane gives the whole's bits if it begins at a multiple of so many LR rows.
    arrays : dict of str to ndarray
        All that was learnt.
    provenance : dict
        Where the arrays come from.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def scale(self) -> int: ...  # noqa: D102
    @property
    def reach(self) -> int: ...  # noqa: D102
    @property
    def step(self) -> int: ...  # noqa: D102
    @property
    def arrays(self) -> dict[str, np.ndarray]: ...  # noqa: D102
    @property
    def provenance(self) -> dict[str, Any]: ...  # noqa: D102

    def __call__(self, low: np.ndarray) -> np.ndarray:
        """Enlarge a plane (H, W) in [0, 1] to (nH, nW), not clipped, of its dtype."""
        ...

"""What a check may compute with: what a submission returned, after its kind was looked at.

Whoever returns None or a text where arrays are asked for is told so here. Beyond, an error of a kind
that no numbers can cause is a defect of the check, and no student is blamed for it.
"""

from typing import Any

import numpy as np

from npsr.exercises.ground.checking import Wrong
from npsr.exercises.ground.comparing import parts_of
from npsr.exercises.ground.wording import named, no_array_hint, shape_hint


def arrays_of(names: str, got: Any, *shapes: tuple[int, ...]) -> list[np.ndarray]:
    """The arrays that a submission returned.

    Parameters
    ----------
    names : str
        Name of the result; of a tuple, the names of its parts, parted by spaces.
    got : object
        What the submission returned.
    shapes : tuple of int
        The shape that each must have; none if any will do.

    Raises
    ------
    Wrong
        If one is no array of real numbers, or has another shape.
    """
    parts = names.split()
    found = parts_of(parts, got) if len(parts) > 1 else [got]
    for name, array in zip(parts, found, strict=True):
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf":
            raise Wrong(f"{name} is {named(array)}, but must be an array of numbers", no_array_hint(array))
    for name, array, shape in zip(parts, found, shapes, strict=False):
        if array.shape != shape:
            hint = shape_hint(array.shape, shape)
            raise Wrong(f"{name} has shape {array.shape}, but must have {shape}", hint)
    return found

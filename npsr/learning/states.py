"""What a run of learning goes on from.

A learner is a function that yields states, each a dict of arrays from which it can go on: given one, it
yields the rest, bit for bit as if never stopped.
"""

from typing import Any

import numpy as np

State = dict[str, np.ndarray]
Step = tuple[State, dict[str, Any]]
"""A state, and what is told about it: ``what`` was done, and numbers."""

"""Checkpoints: all that a run needs to continue with the same bits, in one atomic .npz file.

The file is that of the run's present network, with more arrays: ``velocity/…`` and ``square/…`` of everything
that is learnt; ``factors/…`` if weights are trained as products. If the network is a running mean, the
parameters that the run continues from are under ``parameters/…``.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from npsr.models.archive import MAX_BYTES, WeightsError, read_arrays
from npsr.models.weights import network_of, require_kind, write_network
from npsr.networks.products import weight_of
from npsr.training.loop import Part, State, fresh_state

MOST_BYTES = 16 * MAX_BYTES
"""Parameters, their mean, and of each factor itself and means of two kinds."""


def save_checkpoint(path: Path, state: State, provenance: dict[str, Any]) -> None:
    """Write a network's file that also contains the rest of a state; it replaces the file before.

    Parameters
    ----------
    path : Path
        The file; it can be loaded wherever a network's file can.
    state : State
        What is written.
    provenance : dict
        Of the network as it is now, under ``start`` that of the network started from.

    Raises
    ------
    ValueError
        If a parameter is not finite; the checkpoint before is then untouched.
    OSError
        If it cannot be written; the checkpoint before is then untouched.
    """
    parts = {
        "velocity": state.velocity,
        "square": state.square,
        "factors": {key: p for key, p in state.learnt.items() if weight_of(key) != key},
        "parameters": state.net.parameters if state.mean else {},
    }
    arrays = {f"{part}/{key}": array for part, tensors in parts.items() for key, array in tensors.items()}
    facts = {"step": state.step, "seconds": state.seconds}
    write_network(path, replace(state.result, provenance=provenance), True, facts, arrays)


def load_checkpoint(path: Path, part: Part = "all") -> State:
    """Read a checkpoint of a run that trains `part` of its network.

    Raises
    ------
    WeightsError
        If the file is missing, damaged, or no checkpoint of such a run.
    """
    arrays = read_arrays(path, MOST_BYTES)
    result, averaged = network_of(path, arrays), any(key.startswith("parameters/") for key in arrays)
    factors = {key.removeprefix("factors/"): a for key, a in arrays.items() if key.startswith("factors/")}
    try:
        metadata = json.loads(str(arrays["metadata"]))
        state = fresh_state(result, part, factors=factors)
        parts = {"velocity": state.velocity, "square": state.square}
        if averaged:
            state.mean = result.parameters
            parts["parameters"] = state.net.parameters
        for kind, tensors in parts.items():
            for key, array in tensors.items():
                saved = arrays[f"{kind}/{key}"]
                if saved.shape != array.shape:
                    raise ValueError(f"{key} is {saved.shape}, but must be {array.shape}")
                array[...] = saved
        state.step = require_kind("step", metadata["step"], int)
        state.seconds = require_kind("seconds", metadata["seconds"], int | float)
    except (KeyError, ValueError) as error:
        raise WeightsError(f"{path} is not a checkpoint ({error}): start the run anew") from error
    return state

"""Checkpoints: all that a run needs to go on bit for bit, in one atomic .npz file."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from npsr.models.weights import MAX_BYTES, WeightsError, network_of, read_arrays, require_kind, write_network
from npsr.training.loop import Part, State, fresh_state


def save_checkpoint(path: Path, state: State, provenance: dict[str, Any]) -> None:
    """Write a network's file that also holds running means, step and seconds, replacing the one before.

    Parameters
    ----------
    path : Path
        The file; whatever takes a network's takes it too.
    state : State
        What is written.
    provenance : dict
        Of the network as it is now, under ``start`` that of the network started from.

    Raises
    ------
    ValueError
        If a parameter is not finite; the checkpoint before is then untouched.
    OSError
        If it cannot be written; the same.
    """
    arrays = {f"velocity/{key}": v for key, v in state.velocity.items()}
    arrays |= {f"square/{key}": s for key, s in state.square.items()}
    facts = {"step": state.step, "seconds": state.seconds}
    write_network(path, replace(state.net, provenance=provenance), True, facts, arrays)


def load_checkpoint(path: Path, part: Part = "all") -> State:
    """Read a checkpoint of a run that trains `part` of its network.

    Raises
    ------
    WeightsError
        If the file is missing, damaged, or no checkpoint of such a run.
    """
    arrays = read_arrays(path, 3 * MAX_BYTES)  # parameters, and means of two kinds
    state = fresh_state(network_of(path, arrays), part)
    try:
        metadata = json.loads(str(arrays["metadata"]))
        for kind, means in {"velocity": state.velocity, "square": state.square}.items():
            for key, array in means.items():
                saved = arrays[f"{kind}/{key}"]
                if saved.shape != array.shape:
                    raise ValueError(f"{key} is {saved.shape}, but must be {array.shape}")
                array[...] = saved
        state.step = require_kind("step", metadata["step"], int)
        state.seconds = require_kind("seconds", metadata["seconds"], int | float)
    except (KeyError, ValueError) as error:
        raise WeightsError(f"{path} is not a checkpoint ({error}): start the run anew") from error
    return state

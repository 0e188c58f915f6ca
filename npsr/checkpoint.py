"""Checkpoints: all that a run needs to go on bit for bit, in one atomic .npz file."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from npsr.files import atomic_write
from npsr.network import Network
from npsr.training import Part, State, fresh_state
from npsr.weights import WeightsError, read_arrays


def save_checkpoint(path: Path, state: State) -> None:
    """Write parameters, running means, step and provenance, replacing the checkpoint before.

    Raises
    ------
    OSError
        If it cannot be written; the checkpoint before is then untouched.
    """
    net = state.net
    if not all(np.isfinite(p).all() for p in net.parameters.values()):
        raise FloatingPointError(
            f"training diverged at step {state.step}; lower the rate (the last checkpoint is kept)"
        )
    arrays = {f"parameters/{key}": p for key, p in net.parameters.items()}
    arrays |= {f"velocity/{key}": v for key, v in state.velocity.items()}
    arrays |= {f"square/{key}": s for key, s in state.square.items()}
    metadata = {"name": net.name, "scale": net.scale, "step": state.step, "seconds": state.seconds}
    metadata["provenance"] = net.provenance
    with atomic_write(path, force=True) as file:
        np.savez(file, allow_pickle=False, metadata=np.array(json.dumps(metadata)), **arrays)


def load_checkpoint(path: Path, net: Network, part: Part = "all") -> State:
    """Read a checkpoint of a run that trains `part` of a network with the architecture of `net`.

    Raises
    ------
    WeightsError
        If the file is missing, damaged, or of another network.
    """
    arrays = read_arrays(path)
    try:
        metadata = json.loads(str(arrays["metadata"]))
        if (metadata["name"], metadata["scale"]) != (net.name, net.scale):
            raise WeightsError(
                f"{path} is of {metadata['name']} ×{metadata['scale']}, not of {net.name} ×{net.scale}"
            )
        state = fresh_state(replace(net, provenance=dict(metadata["provenance"])), part)
        kinds = {"parameters": state.net.parameters, "velocity": state.velocity, "square": state.square}
        for kind, kept in kinds.items():
            for key, array in kept.items():
                saved = arrays[f"{kind}/{key}"]
                if saved.shape != array.shape:
                    raise WeightsError(f"{path}: {key} is {saved.shape}, but must be {array.shape}")
                array[...] = saved
        state.step, state.seconds = int(metadata["step"]), float(metadata["seconds"])
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, WeightsError):
            raise
        raise WeightsError(f"{path} is not a checkpoint ({error}): start the run anew") from error
    return state

"""Checkpoints: all that a run needs to go on bit for bit, in one atomic .npz file."""

import json
from pathlib import Path

import numpy as np

from npsr.files import atomic_write
from npsr.network import Network
from npsr.training import State
from npsr.weights import WeightsError, read_arrays


def save_checkpoint(path: Path, state: State) -> None:
    """Write parameters, running means and step, replacing the checkpoint before.

    Raises
    ------
    OSError
        If it cannot be written; the checkpoint before is then untouched.
    """
    arrays = {f"parameters/{key}": p for key, p in state.net.parameters.items()}
    arrays |= {f"velocity/{key}": v for key, v in state.velocity.items()}
    arrays |= {f"square/{key}": s for key, s in state.square.items()}
    with atomic_write(path, force=True) as file:
        metadata = np.array(
            json.dumps({"name": state.net.name, "scale": state.net.scale, "step": state.step})
        )
        np.savez(file, allow_pickle=False, metadata=metadata, **arrays)


def load_checkpoint(path: Path, net: Network) -> State:
    """Read a checkpoint of a run with the architecture of `net`.

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
        parameters, velocity, square = (
            {key: arrays[f"{kind}/{key}"] for key in net.parameters}
            for kind in ("parameters", "velocity", "square")
        )
        step = int(metadata["step"])
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, WeightsError):
            raise
        raise WeightsError(f"{path} is not a checkpoint ({error}): start the run anew") from error
    state = State(net.astype(net.dtype).with_border("valid"), velocity, square, step)
    for key, p in state.net.parameters.items():
        p[...] = parameters[key]
    return state

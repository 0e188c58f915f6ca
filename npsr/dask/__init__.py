"""Beyond one machine: arrays, huge files, folders and trainings on Dask, with the same bits as without.

Enters: a Dask array, a Zarr, a list of files or of recipes. Leaves: the same as on one machine.
Open `arrays.py` first, then `cluster.py`. Nothing here is imported unless it is asked for; it needs the
extra `[dask]`.
"""

from typing import Any

try:
    import dask.array  # noqa: F401
except ImportError as error:
    raise ImportError("npsr.dask needs Dask: pip install 'npsr[dask]'") from error

from npsr.dask.arrays import upscale

__all__ = ["train_all", "upscale"]


def __getattr__(name: str) -> Any:
    if name == "train_all":  # which reads photographs, and needs `distributed`
        from npsr.dask.sweep import train_all

        return train_all
    raise AttributeError(f"module 'npsr.dask' has no attribute {name!r}")

"""Beyond one machine: the same enlargement on Dask's arrays, chunk by chunk, with the same bits.

Enters: a Dask array of any chunks. Leaves: a Dask array, computed when it is asked for.
Open `arrays.py` first. Nothing here is imported unless it is asked for; it needs the extra `[dask]`.
"""

try:
    import dask.array  # noqa: F401
except ImportError as error:
    raise ImportError("npsr.dask needs Dask: pip install 'npsr[dask]'") from error

from npsr.dask.arrays import upscale

__all__ = ["upscale"]

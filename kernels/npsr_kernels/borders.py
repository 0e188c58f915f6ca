"""Borders: what a convolution reads beyond its input, and what is cut from a deconvolution.

A layer is pad → valid convolution, or pad → full deconvolution → crop. So the kernels themselves have no
borders. Here are padding with zeros or by replication, and cropping, each with its adjoint.
"""

import numpy as np

MODES = ("zero", "replicate")


def pad(x: np.ndarray, before: int, after: int, border: str) -> np.ndarray:
    """Continue rows and columns beyond the border.

    Parameters
    ----------
    x : ndarray of shape (N, C, H, W)
        Input.
    before, after : int
        Pixels to add at the first and last row and column.
    border : {"zero", "replicate"}
        Zeros, or the nearest pixel of the input.

    Returns
    -------
    ndarray of shape (N, C, before + H + after, before + W + after)

    Raises
    ------
    ValueError
        If `border` is not one of the two.

    Examples
    --------
    >>> x = np.array([[[[1.0, 2.0]]]])
    >>> pad(x, 1, 1, "replicate")[0, 0]
    array([[1., 1., 2., 2.],
           [1., 1., 2., 2.],
           [1., 1., 2., 2.]])
    """
    _check(border)
    if before == after == 0:
        return x
    widths = ((0, 0), (0, 0), (before, after), (before, after))
    return np.pad(x, widths, mode="edge" if border == "replicate" else "constant")


def pad_backward(dpadded: np.ndarray, before: int, after: int, border: str) -> np.ndarray:
    """Gradient of `pad`'s input. Zeros have no source; an edge pixel adds the gradients of its copies.

    Parameters
    ----------
    dpadded : ndarray of shape (N, C, before + H + after, before + W + after)
        Gradient of the padded array.
    before, after, border
        As in `pad`.

    Returns
    -------
    ndarray of shape (N, C, H, W)

    Examples
    --------
    >>> pad_backward(np.ones((1, 1, 3, 4)), 1, 1, "replicate")[0, 0]
    array([[6., 6.]])
    """
    _check(border)
    for axis in (2, 3):
        dpadded = np.moveaxis(dpadded, axis, 0)
        side = dpadded.shape[0] - before - after
        inner = dpadded[before : before + side].copy()
        if border == "replicate":
            inner[0] += dpadded[:before].sum(axis=0)
            inner[-1] += dpadded[before + side :].sum(axis=0)
        dpadded = np.moveaxis(inner, 0, axis)
    return np.ascontiguousarray(dpadded)


def crop(y: np.ndarray, start: int, rows: int, columns: int) -> np.ndarray:
    """Cut `rows` × `columns` pixels out of y, from (start, start) on.

    Parameters
    ----------
    y : ndarray of shape (N, C, I, J)
        A full deconvolution's output.
    start, rows, columns : int
        The cut.

    Returns
    -------
    ndarray of shape (N, C, rows, columns)

    Raises
    ------
    ValueError
        If the cut leaves the array.

    Examples
    --------
    >>> y = np.arange(16.0).reshape(1, 1, 4, 4)
    >>> crop(y, 1, 2, 2)[0, 0]
    array([[ 5.,  6.],
           [ 9., 10.]])
    """
    if start < 0 or start + rows > y.shape[2] or start + columns > y.shape[3]:
        raise ValueError(f"the cut of {rows} × {columns} from {start} on leaves an array of shape {y.shape}")
    return np.ascontiguousarray(y[:, :, start : start + rows, start : start + columns])


def crop_backward(dcropped: np.ndarray, start: int, rows: int, columns: int) -> np.ndarray:
    """Gradient of `crop`'s input: zero where pixels were cut away.

    Parameters
    ----------
    dcropped : ndarray of shape (N, C, h, w)
        Gradient of the cropped array.
    start : int
        As in `crop`.
    rows, columns : int
        I and J of the array that was cut.

    Returns
    -------
    ndarray of shape (N, C, rows, columns)

    Examples
    --------
    >>> crop_backward(np.ones((1, 1, 2, 2)), 1, 4, 4)[0, 0]
    array([[0., 0., 0., 0.],
           [0., 1., 1., 0.],
           [0., 1., 1., 0.],
           [0., 0., 0., 0.]])
    """
    N, C, h, w = dcropped.shape
    dy = np.zeros((N, C, rows, columns), dcropped.dtype)
    dy[:, :, start : start + h, start : start + w] = dcropped
    return dy


def _check(border: str) -> None:
    if border not in MODES:
        raise ValueError(f'border is {border!r}, but must be "zero" or "replicate"; without one, do not pad')

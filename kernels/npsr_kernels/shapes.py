"""Output-size arithmetic, written once.

Sides are in pixels along one axis; rows and columns obey the same formulas.
"""


def conv_side(side: int, f: int, stride: int = 1) -> int:
    """Side of a valid convolution's output: the filter never leaves the input.

    Parameters
    ----------
    side, f, stride : int
        Input side, filter side and stride, all at least 1.

    Raises
    ------
    ValueError
        If the filter is larger than the input.
    """
    if f > side:
        raise ValueError(
            f"input side is {side}, but a valid convolution needs at least the filter side {f}: "
            "pad the input or use a smaller filter"
        )
    return (side - f) // stride + 1


def deconv_side(side: int, f: int, stride: int) -> int:
    """Side of a full transposed convolution's output: every tap of every input pixel lands in it.

    Parameters
    ----------
    side, f, stride : int
        Input side, filter side and stride, all at least 1.
    """
    return (side - 1) * stride + f


def centring_padding(f: int, n: int) -> int:
    """Padding p = ⌈(f − n)/2⌉ that centres an f-wide filter on the n output pixels it enlarges.

    Input pixel i is centred on output coordinate n·i + (n − 1)/2; the filter's middle falls on
    n·i + (f − 1)/2 − p. They coincide when f − n is even and differ by half a pixel otherwise.
    """
    return max(0, -((n - f) // 2))


def replicated_reach(f: int, n: int, padding: int) -> tuple[int, int]:
    """How many input pixels beyond the (first, last) one reach the n·H output pixels.

    With the output cut by `padding` at its start and to n·H pixels, tap k of input pixel i lands
    on n·i + k − padding: pixel −1 reaches the output when f − 1 − padding ≥ n, and so on.
    """
    return max(0, (f - 1 - padding) // n), max(0, (n - 1 + padding) // n)

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

    Examples
    --------
    >>> conv_side(32, 5), conv_side(32, 5, stride=2)
    (28, 14)
    """
    if f > side:
        raise ValueError(
            f"input side is {side}, but a valid convolution needs at least the filter side {f}: "
            "pad the input or use a smaller filter"
        )
    return (side - f) // stride + 1


def deconv_side(side: int, f: int, stride: int) -> int:
    """Side of a full transposed convolution's output: it has a place for every tap of every input pixel.

    Parameters
    ----------
    side, f, stride : int
        Input side, filter side and stride, all at least 1.

    Examples
    --------
    >>> deconv_side(11, 9, stride=3)
    39
    """
    return (side - 1) * stride + f


def centring_padding(f: int, n: int) -> int:
    """Padding p = ⌈(f − n)/2⌉ that centres an f-wide filter on the n output pixels of an input pixel.

    The centre of input pixel i is at output coordinate n·i + (n − 1)/2. The filter's centre is at
    n·i + (f − 1)/2 − p. They are equal when f − n is even and differ by half a pixel otherwise.

    Examples
    --------
    >>> [centring_padding(9, n) for n in (2, 3, 4)]
    [4, 3, 3]
    """
    return max(0, -((n - f) // 2))


def replicated_reach(f: int, n: int, padding: int) -> tuple[int, int]:
    """How many input pixels beyond the (first, last) one affect the n·H output pixels.

    The output is cut by `padding` at its start, and to n·H pixels. Then tap k of input pixel i adds to
    output pixel n·i + k − padding. So pixel −1 affects the output when f − 1 − padding ≥ n, and so on.

    Examples
    --------
    >>> [replicated_reach(9, n, centring_padding(9, n)) for n in (2, 3, 4)]
    [(2, 2), (1, 1), (1, 1)]
    """
    return max(0, (f - 1 - padding) // n), max(0, (n - 1 + padding) // n)

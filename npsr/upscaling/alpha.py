"""Transparency: alpha is a plane of its own, and colours are made ready to be enlarged without it.

What a transparent pixel hides may be any colour, and must not bleed into edges. Nor must the edge itself be
in the colours: a network does not enlarge a product as it does its factors, so premultiplied colours divided
by the enlarged alpha get dark rims. So hidden colours are replaced by those around them, weighted by alpha,
that is by sums of premultiplied colours; and what has no alpha then comes to networks and bicubic.
"""

import numpy as np

STEPS, SIDE = 4, 5
"""Colours spread in so many steps, each by half a square of that side."""
SPREAD = STEPS * (SIDE // 2)
"""How far colours spread, in pixels."""


def spread(colours: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Replace colours that alpha hides by those around them.

    Parameters
    ----------
    colours : ndarray of shape (H, W, C)
        Straight, in [0, 1].
    alpha : ndarray of shape (H, W)
        In [0, 1].

    Returns
    -------
    ndarray of shape (H, W, C)
        A pixel's colour counts as far as it is as opaque as the most opaque one around; the rest is
        the others', as opaque as they are. Beyond `SPREAD` pixels from all that shows, unchanged.
    """
    from scipy.ndimage import maximum_filter

    shown, found = alpha[..., None], colours
    for _ in range(STEPS):
        around = maximum_filter(shown[..., 0], SIDE, mode="nearest")[..., None]
        own = np.divide(shown, around, out=np.zeros_like(shown), where=around > 0)
        total = _box(shown)
        others = np.divide(_box(found * shown), total, out=colours.copy(), where=total > 0)
        found = own * found + (1 - own) * others
        shown = (around > 0).astype(alpha.dtype)
        if shown.all():  # further steps would change nothing
            break
    return found


def limits(alpha: np.ndarray, nearest: int) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest alpha of the nearest pixels, so many to each side: between them the enlarged
    alpha stays, so that opaque remains opaque and clear remains clear.
    """
    from scipy.ndimage import maximum_filter, minimum_filter

    side = 2 * nearest + 1
    return minimum_filter(alpha, side, mode="nearest"), maximum_filter(alpha, side, mode="nearest")


def _box(planes: np.ndarray) -> np.ndarray:
    """Sums over squares, each added in the same order wherever it is."""
    H, W, _ = planes.shape
    half = SIDE // 2
    padded = np.pad(planes, ((half, half), (half, half), (0, 0)), "edge")
    rows = sum((padded[k : k + H] for k in range(1, SIDE)), padded[:H])
    return sum((rows[:, k : k + W] for k in range(1, SIDE)), rows[:, :W])

"""A rival described in text: what it holds and what it costs."""

from math import prod

from npsr.rivals.model import Rival

FSRCNN = 12464
"""Multiplications per LR pixel of FSRCNN(56, 12, 4)."""


def multiplications(rival: Rival) -> int:
    """Multiplications per LR pixel; comparisons, sums and lookups are not counted."""
    arrays, n = rival.arrays, rival.scale
    features = prod(arrays["filters"].shape) if "filters" in arrays else 0
    if "anchors" in arrays:
        count, p = arrays["anchors"].shape
        return features + (count * p if count > 1 else 0) + p * 9 * n**2
    if "roots" in arrays:
        return features + len(arrays["roots"]) * prod(arrays["leaves"].shape[1:])
    if "basis" in arrays:  # at most: flat pixels cost nothing
        count, area = len(arrays["basis"]), prod(arrays["basis"].shape[1:])
        confidence = arrays["windows"].size + arrays["mean_window"].size
        return n**2 * (count * area + arrays["coefficients"].size + confidence)
    raise ValueError(f"the cost of {rival.name} is unknown")


def describe_rival(rival: Rival) -> str:
    """The text that `npsr info` prints."""
    lines = [f"{rival.name} ×{rival.scale}", "", f"{'array':<15} {'shape':<20} {'numbers':>12}"]
    for key, array in rival.arrays.items():
        lines.append(f"{key:<15} {'×'.join(map(str, array.shape)):<20} {array.size:>12}")
    size = sum(array.nbytes for array in rival.arrays.values())
    cost = multiplications(rival)
    lines += [
        "",
        f"size                          {size / 1e6:.2f} MB",
        f"multiplications per LR pixel  {cost} ({cost / FSRCNN:.1f} times FSRCNN)",
        f"LR rows around its own        {rival.reach}",
    ]
    if rival.provenance:
        lines += ["", *(f"{key}: {value}" for key, value in rival.provenance.items())]
    return "\n".join(lines)

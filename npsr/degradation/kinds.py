"""What may happen to pictures before a network sees them, as a recipe lists it, and how strongly."""

from collections.abc import Sequence
from dataclasses import dataclass

from npsr.images.resize import KERNELS, Kernel

LIMITS = {
    "blur": (0.0, 20.0),
    "reduction": (0.0, 0.0),
    "noise": (0.0, 100.0),
    "camera": (0.0, 100.0),
    "jpeg": (1.0, 95.0),
    "h264": (0.0, 51.0),
    "hevc": (0.0, 51.0),
}
"""Every kind, with the least and the greatest strength."""
BEFORE = ("blur", "reduction")
"""Kinds that work on the high-resolution picture, in their order."""


@dataclass(frozen=True)
class Degradation:
    """One thing that happens to pictures.

    Attributes
    ----------
    kind : {"blur", "reduction", "noise", "camera", "jpeg", "h264", "hevc"}
        Gaussian blur before the reduction; another kernel for the reduction; Gaussian noise; a camera's
        noise, Poisson-Gaussian (Foi et al., 2008); coding as JPEG, or as the only frame of a video.
    strength : (float, float)
        Lowest and highest: of blur the standard deviation in HR pixels; of noise that in codes of 255; of a
        camera's that at white, without what it has at black; of JPEG the quality; of videos the constant rate
        factor. Drawn evenly between them.
    read : (float, float)
        Standard deviation of a camera's noise at black, in codes of 255, lowest and highest.
    kernels : tuple of str
        For "reduction": of "bicubic", "area", "lanczos", one of which is drawn.
    share : float
        Share of the pictures to which it happens.

    Raises
    ------
    ValueError
        If a value is of another kind or out of range, or none is given that the kind needs.

    Examples
    --------
    Half of the pictures coded by x264, at a constant rate factor between 18 and 36:

    >>> import npsr
    >>> npsr.Degradation("h264", (18, 36), share=0.5).share
    0.5
    """

    kind: str
    strength: tuple[float, float] | tuple[()] = ()
    read: tuple[float, float] | tuple[()] = ()
    kernels: tuple[Kernel, ...] = ()
    share: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in LIMITS:
            raise ValueError(f"kind is {self.kind!r}, but must be one of {', '.join(LIMITS)}")
        own = {"reduction": {"kernels"}, "camera": {"strength", "read"}}.get(self.kind, {"strength"})
        for key in ("strength", "read", "kernels"):
            value = getattr(self, key)
            if not isinstance(value, list | tuple) or bool(value) != (key in own):
                rule = f"{self.kind} needs it" if key in own else f"{self.kind} has none"
                raise ValueError(f"{key} is {value!r}, but {rule}")
            object.__setattr__(self, key, tuple(value))
        for key in own - {"kernels"}:
            _require_range(key, getattr(self, key), *LIMITS[self.kind])
        if not all(kernel in list(KERNELS) for kernel in self.kernels):
            raise ValueError(f"kernels is {list(self.kernels)}, but must hold {', '.join(KERNELS)}")
        if isinstance(self.share, bool) or not isinstance(self.share, int | float) or not 0 < self.share <= 1:
            raise ValueError(f"share is {self.share!r}, but must be above 0 and at most 1")


def _require_range(key: str, value: tuple[float, ...], least: float, most: float) -> None:
    numbers = all(isinstance(x, int | float) and not isinstance(x, bool) for x in value)
    if not (numbers and len(value) == 2 and least <= value[0] <= value[1] <= most):
        raise ValueError(f"{key} is {list(value)}, but must be [lowest, highest] from {least:g} to {most:g}")


def require_order(degrade: Sequence[Degradation]) -> None:
    """Refuse lists in which something works on the HR picture after it has been reduced.

    Raises
    ------
    ValueError
        If so.
    """
    kinds = [degradation.kind for degradation in degrade]
    ranks = [BEFORE.index(kind) if kind in BEFORE else len(BEFORE) for kind in kinds]
    if ranks != sorted(ranks):
        raise ValueError(f"degrade holds {', '.join(kinds)}, but blur, and then reduction, must come first")
    if kinds.count("reduction") > 1:
        raise ValueError(
            "degrade holds reduction twice, but a picture is reduced once: list all its kernels in one"
        )

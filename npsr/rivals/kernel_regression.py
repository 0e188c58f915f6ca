"""Kernel ridge regression (Kim and Kwon, 2010): details from the Laplacian of the bicubic enlargement.

Each patch of the Laplacian, divided by its size, gives the details of the 5 × 5 pixels in its middle, as a
sum of Gaussians around 300 basis patches. So every pixel has 25 candidates, one from each neighbour; a
linear function of what they show around it says how wrong each is likely to be, and the best are averaged.

H W rows and columns of the enlarged plane, n upscaling factor, M side of a patch, B basis patches, C = 25.
Values are in [−1, 1], and the Laplacian's sign is turned, as in the authors' program.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from npsr.rivals import edge_prior
from npsr.rivals.features import enlarged
from npsr.system.blas import one_blas_thread
from npsr_kernels.compiling.threads import share

OUTPUT = 5
"""Side of the patch of details."""
OFFSETS = [(k // OUTPUT - OUTPUT // 2, k % OUTPUT - OUTPUT // 2) for k in range(OUTPUT**2)]
"""Where in it a candidate's pixel lies."""
WINDOW = 7
"""Side of what is seen of each candidate's plane."""
STRIP, FEWEST_ROWS = 2**18, 64
"""Pixels that are judged at a time, in rows; of narrower strips more would be computed twice."""


class Numbers(NamedTuple):
    """What a model has besides its matrices.

    Attributes
    ----------
    width : float
        σ_k of the Gaussians exp(−‖f − b‖²/σ_k).
    gain : float
        By which the details are multiplied at the end.
    trust : float
        σ_C: a candidate with the expected error d has the weight exp(−|d|/σ_C).
    window, flat : float
        Pixels whose Laplacian's size, summed over a window, is not above `flat` are left as they are.
    major, spread_window, spread : float
        The edge prior's: least such sum, and window and least range of the gradient, see `major_edges`.
    noise, detail, exponent : float
        σ_N, σ_R and α of the prior; none if σ_N is 0.
    levels : float
        Steps to which the LR plane and its enlargement are rounded first; 0 for none.
    """

    width: float
    gain: float = 1
    trust: float = 0.1
    window: float = 9
    flat: float = 0.7
    major: float = 3.5
    spread_window: float = 9
    spread: float = 1.4
    noise: float = 80
    detail: float = 1
    exponent: float = 0.85
    levels: float = 0


@dataclass(frozen=True, eq=False)
class KernelRegression:
    """A model of kernel ridge regression.

    Attributes
    ----------
    name : str
        "kk".
    scale : int
        Upscaling factor n.
    basis : ndarray of shape (B, M, M)
        Patches.
    coefficients : ndarray of shape (B, C)
        What each gives to the details.
    windows : ndarray of shape (C, C, 7, 7)
        Expected error of each candidate, from windows of all candidates' planes.
    mean_window : ndarray of shape (C, M, M)
        The same from their mean's.
    numbers : ndarray of shape (12,)
        `Numbers`.
    provenance : dict
        Where they come from.
    """

    name: str
    scale: int
    basis: np.ndarray
    coefficients: np.ndarray
    windows: np.ndarray
    mean_window: np.ndarray
    numbers: np.ndarray
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def reach(self) -> int:
        """LR rows above and below its own that an output pixel depends on."""
        prior = edge_prior.REACH if self.settings.noise else 0
        return -(-(self._margin + prior) // self.scale) + 2

    @property
    def step(self) -> int:
        """The prior visits every second HR row first."""
        return 2 if self.settings.noise else 1

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """All that was learnt."""
        names = ("basis", "coefficients", "windows", "mean_window", "numbers")
        return {name: getattr(self, name) for name in names}

    @property
    def settings(self) -> Numbers:
        """The numbers by their names."""
        return Numbers(*self.numbers.tolist())

    @property
    def side(self) -> int:
        """M."""
        return self.basis.shape[1]

    @property
    def _margin(self) -> int:
        """HR pixels around its own that a pixel depends on, the prior aside."""
        return self.side // 2 + max(self._seen + OUTPUT // 2, int(self.settings.window) // 2) + 1

    @property
    def margins(self) -> tuple[int, int]:
        """HR pixels around its own that a pixel depends on, the prior aside, and whose candidates count."""
        return self._margin, self._seen

    @property
    def _seen(self) -> int:
        """HR pixels around its own whose candidates count."""
        return max(self.side, WINDOW) // 2

    def __call__(self, low: np.ndarray) -> np.ndarray:
        """Enlarge a plane (H, W) in [0, 1] to (nH, nW), not clipped, of its dtype."""
        numbers, margin = self.settings, self._margin
        middle = 2 * rounded(enlarged(rounded(low, numbers.levels), self.scale), numbers.levels) - 1
        x = middle.astype(np.float32)
        wide = np.pad(x, margin, mode="symmetric")
        guess, nodes, choices = np.empty_like(x), np.zeros(x.shape, bool), []
        height = max(FEWEST_ROWS, STRIP // x.shape[1])
        for top in range(0, len(x), height):  # a pixel's candidates and what judges them take much memory
            strip, around = slice(top, top + height), wide[top : top + height + 2 * margin]
            planes, guess[strip] = self._judged(around)
            if numbers.noise:
                nodes[strip] = self._nodes(around)
                choices.append(planes[:, nodes[strip]].T)
        if numbers.noise:
            energies = numbers.detail, numbers.noise, numbers.exponent
            guess = edge_prior.smoothed(np.concatenate(choices), guess, nodes, energies)
        return ((guess.astype(low.dtype) + middle - x.astype(low.dtype)) + 1) / 2

    def _judged(self, wide: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Candidates (C, H, W) of the pixels of a plane without its margin, and their judged mean (H, W)."""
        numbers, margin, seen = self.settings, self._margin, self._seen
        planes, valid = self.candidates(wide, margin - seen)
        inner, usable, x = crop(planes, seen), crop(valid, seen), crop(wide, margin)
        expected = crop_to(self._errors(planes), x.shape)
        weights = np.exp(-np.abs(expected) / np.float32(numbers.trust)) * usable
        own = usable[OUTPUT**2 // 2]  # the candidate of a pixel's own patch: whether it was not skipped
        total = weights.sum(axis=0)
        judged = (weights * (inner - x)).sum(axis=0) / np.where(total > 0, total, 1)
        details = np.where(own, judged, inner.mean(axis=0) - x)
        return inner, x + np.float32(numbers.gain) * details

    def candidates(self, wide: np.ndarray, cut: int) -> tuple[np.ndarray, np.ndarray]:
        """Planes (C, H, W) of candidates of a plane cut by so much, and which are not just the pixel."""
        half = OUTPUT // 2
        details, regressed = self.details(wide, cut - half)
        x = crop(wide, cut)
        planes, valid = np.empty((OUTPUT**2, *x.shape), np.float32), np.empty((OUTPUT**2, *x.shape), bool)
        for k, (down, right) in enumerate(OFFSETS):
            at = slice(half - down, half - down + x.shape[0]), slice(half - right, half - right + x.shape[1])
            planes[k] = np.clip(x + details[at][..., k], -1, 1)
            valid[k] = regressed[at]
            planes[k][~valid[k]] = x[~valid[k]]
        return planes, valid

    def details(self, wide: np.ndarray, cut: int) -> tuple[np.ndarray, np.ndarray]:
        """Details (H, W, C) around every pixel of a plane cut by so much, and which pixels have any."""
        numbers, half = self.settings, self.side // 2
        laplacian = negative_laplacian(wide)
        strength = crop(box_sum(np.abs(laplacian), int(numbers.window)), cut - 1)
        valid = strength > numbers.flat
        patches = crop(laplacian, cut - 1 - half)
        basis = self.basis.reshape(len(self.basis), -1).astype(np.float32)
        coefficients = self.coefficients.astype(np.float32)
        details = np.zeros((*valid.shape, OUTPUT**2), np.float32)
        remaining = iter(range(len(valid)))

        def work() -> None:
            for row in remaining:
                if (at := np.flatnonzero(valid[row])).size:
                    rows = patches[row : row + self.side]
                    found = np.lib.stride_tricks.sliding_window_view(rows, self.side, axis=1)[:, at]
                    found = np.ascontiguousarray(found.transpose(1, 0, 2)).reshape(len(at), -1)
                    sizes = np.abs(found).sum(axis=1, keepdims=True)
                    kernels = gaussians(found / sizes, basis, numbers.width)
                    details[row, at] = (kernels @ coefficients) * sizes

        with one_blas_thread():
            share(work, parts=len(valid))
        return details, valid

    def _errors(self, planes: np.ndarray) -> np.ndarray:
        """Expected errors (C, H − M + 1, W − M + 1) of candidates, from their planes (C, H, W)."""
        half = (self.side - WINDOW) // 2
        inner, mean = crop(planes, max(0, half)), crop(planes.mean(axis=0), max(0, -half))
        return correlated(inner, self.windows) + correlated(mean[None], self.mean_window[:, None])

    def _nodes(self, wide: np.ndarray) -> np.ndarray:
        """Pixels of major edges."""
        numbers, margin = self.settings, self._margin
        strength = crop(box_sum(np.abs(negative_laplacian(wide)), int(numbers.window)), margin - 1)
        window = int(numbers.spread_window)
        around = crop(wide, margin - window // 2 - 1)
        return edge_prior.major_edges(around, strength, numbers.major, window, numbers.spread)


def rounded(plane: np.ndarray, levels: float) -> np.ndarray:
    """A plane rounded to steps of 1/levels and clipped to [0, 1]; as it is for 0."""
    return np.floor(np.clip(plane, 0, 1) * levels + 0.5) / levels if levels else plane


def negative_laplacian(x: np.ndarray) -> np.ndarray:
    """Of a plane (H, W): (H − 2, W − 2), with MATLAB's filter, its sign turned."""
    corners = x[:-2, :-2] + x[:-2, 2:] + x[2:, :-2] + x[2:, 2:]
    sides = x[:-2, 1:-1] + x[2:, 1:-1] + x[1:-1, :-2] + x[1:-1, 2:]
    return (20 * x[1:-1, 1:-1] - 4 * sides - corners) / x.dtype.type(6)


def box_sum(x: np.ndarray, side: int) -> np.ndarray:
    """Sums over windows around every pixel; those at the border have no meaning."""
    total = np.zeros_like(x)
    for axis in (0, 1):
        total = np.zeros_like(x)
        for k in range(-(side // 2), side // 2 + 1):
            total += np.roll(x, k, axis)
        x = total
    return total


def gaussians(found: np.ndarray, basis: np.ndarray, width: float) -> np.ndarray:
    """exp(−‖f − b‖²/σ) of features (N, p) and basis points (B, p): (N, B)."""
    distances = found @ (-2 * basis.T)
    distances += np.sum(found * found, axis=1, keepdims=True)
    distances += np.sum(basis * basis, axis=1)
    np.maximum(distances, 0, out=distances)
    distances *= found.dtype.type(-1 / width)
    return np.exp(distances, out=distances)


def correlated(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Convolve (C, H, W) with filters (D, C, f, f), a matrix product for each row: a row has the same bits
    in any strip.
    """
    D, f = weight.shape[0], weight.shape[-1]
    matrix = weight.reshape(D, -1).astype(x.dtype)
    y = np.empty((D, x.shape[1] - f + 1, x.shape[2] - f + 1), x.dtype)
    remaining = iter(range(y.shape[1]))

    def work() -> None:
        for row in remaining:
            windows = np.lib.stride_tricks.sliding_window_view(x[:, row : row + f], f, axis=2)
            y[:, row] = matrix @ windows.transpose(0, 1, 3, 2).reshape(matrix.shape[1], -1)

    with one_blas_thread():
        share(work, parts=y.shape[1])
    return y


def crop(planes: np.ndarray, border: int) -> np.ndarray:
    """Planes (…, H, W) without a border."""
    return planes[..., border : planes.shape[-2] - border, border : planes.shape[-1] - border]


def crop_to(planes: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The middle of planes (…, H, W)."""
    return crop(planes, (planes.shape[-1] - shape[-1]) // 2)

"""Hook shaders run in NumPy: what a file does to luma, without a graphics processor.

C components, H W rows and columns of a texture or a pass.
"""

import ast
import operator
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from npsr.exporting.glsl_expression import BUILT_IN, Functions, ShaderError, combined, evaluate
from npsr.exporting.glsl_read import Pass, read_passes
from npsr.images.colour import STUDIO_BLACK, STUDIO_SPAN

BAND = 2**13
"""Pixels of a pass that are computed at a time, so that they stay in cache."""

MARGIN = 16
"""Pixels by which a texture is continued, so that a tap is a slice of it."""

MOST_PIXELS = 2**28
"""Of a pass."""

Sides = tuple[int, ...]
Textures = dict[str, np.ndarray]


@dataclass(frozen=True)
class Shader:
    """A hook shader that has been read; call it with a plane."""

    path: Path
    passes: list[Pass]
    full_range: bool

    def __call__(self, plane: np.ndarray, scale: int, half: bool = False) -> np.ndarray:
        """Enlarge a luma plane, in float32.

        Parameters
        ----------
        plane : ndarray of shape (H, W)
            Luma in [0, 1], in studio range whatever the shader's.
        scale : int
            How much larger the player's window is than the video.
        half : bool
            Keep textures as floating point of 16 bits, as players do.

        Returns
        -------
        ndarray of shape (nH, nW), float32
            In studio range; not clipped.

        Raises
        ------
        ShaderError
            If the shader enlarges by another factor, does not run at this one, or fails.
        """
        span, black = (STUDIO_SPAN, STUDIO_BLACK) if self.full_range else (1.0, 0.0)
        textures = {"LUMA": _texture((plane[None].astype(np.float32) - np.float32(black)) / np.float32(span))}
        output = plane.shape[0] * scale, plane.shape[1] * scale
        try:
            for one in self.passes:
                if _reckoned(one.reckoned["WHEN"], textures, output):
                    kept = _run(one, textures, output)
                    textures[one.save] = _texture(kept.astype(np.float16) if half else kept)
        except ShaderError as error:
            raise ShaderError(f"{self.path}, {error}") from None
        y = textures["LUMA"][0]
        if y.shape != output:
            raise ShaderError(
                f"{self.path} makes {y.shape[1]}×{y.shape[0]} pixels of {plane.shape[1]}×{plane.shape[0]} "
                f"in a window {scale} times as large, but must fill it: give the shader's own factor"
            )
        return y * np.float32(span) + np.float32(black)


def read_shader(path: str | Path) -> Shader:
    """Read a hook shader.

    Raises
    ------
    ShaderError
        If the file cannot be read, is no hook shader, or is beyond the subset that is run.
    """
    return Shader(Path(path), *read_passes(Path(path)))


def _texture(components: np.ndarray) -> np.ndarray:
    """Four components, as samples have; those that a texture does not keep are 0, 0, 0, 1."""
    filled = np.zeros((4, *components.shape[1:]), np.float32)
    filled[3] = 1
    filled[: len(components)] = components
    return filled


def _reckoned(text: str, textures: Textures, output: Sides) -> float:
    """The value of an expression in reverse Polish notation."""
    sides = {name: texture.shape[1:] for name, texture in textures.items()}
    sides |= {"OUTPUT": output, "HOOKED": sides["LUMA"]}
    stack: list[float] = []
    try:
        for word in text.split():
            name, _, axis = word.partition(".")
            if name in sides and axis in ("w", "h"):
                stack.append(sides[name]["hw".index(axis)])
            elif word in RECKONING:
                b, a = stack.pop(), stack.pop()
                stack.append(RECKONING[word](a, b))
            else:
                stack.append(float(word))
        (value,) = stack
    except (ValueError, IndexError, ZeroDivisionError) as error:
        raise ShaderError(f"//!: {text:.60} is no expression of a size or a condition") from error
    return value


RECKONING: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    ">": operator.gt,
    "<": operator.lt,
}


def _run(one: Pass, textures: Textures, output: Sides) -> np.ndarray:
    """What a pass keeps, (C, H, W)."""
    sizes = [_reckoned(one.reckoned[side], textures, output) for side in ("HEIGHT", "WIDTH")]
    if not min(sizes) >= 1 or not sizes[0] * sizes[1] <= MOST_PIXELS:
        raise ShaderError(f"//!: a pass makes {sizes[1]:g}×{sizes[0]:g} pixels")
    rows, columns = map(round, sizes)
    missing = [name for name in one.binds if name not in textures]
    if missing:
        raise ShaderError(f"//!BIND {missing[0]}: no pass before has saved it")
    samplers = [_Sampler(name, textures[name], (rows, columns)) for name in one.binds]
    kept = np.empty((one.components, rows, columns), np.float32)
    step = max(1, BAND // columns)
    for start in range(0, rows, step):
        band = slice(start, min(start + step, rows))
        kept[:, band] = _band(one, samplers, band)[: one.components]
    return kept


def _band(one: Pass, samplers: list["_Sampler"], band: slice) -> np.ndarray:
    """What a pass returns for a band of its rows, (4, rows, W)."""
    variables: dict[str, np.ndarray] = {}
    functions = dict(BUILT_IN)
    for sampler in samplers:
        sampler.declare(band, variables, functions)
    for line, name, sign, expression in one.statements:
        try:
            value = evaluate(expression, variables, functions)
            if sign == "+=" and name not in variables:
                raise ShaderError(f"{name} has no value yet")
            variables[name] = combined(ast.Add, variables[name], value) if sign == "+=" else value
        except ShaderError as error:
            raise ShaderError(f"line {line}: {error}") from error
        if name == "return" and len(value) == 4:
            return value
    raise ShaderError("//!: a pass returns no vec4")


class _Sampler:
    """A texture as a pass sees it: its size and its samples."""

    def __init__(self, name: str, texture: np.ndarray, sides: tuple[int, int]) -> None:
        self.name, self.texture, self.sides = name, texture, sides
        self.size = np.array(texture.shape[:0:-1], np.float32)[:, None, None]
        self.continued = np.pad(texture, [(0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN)], "edge")

    def declare(self, band: slice, variables: Textures, functions: Functions) -> None:
        """Give a pass what it may use of the texture, for a band of its rows."""
        rows, columns = self.sides
        height = band.stop - band.start
        places = np.meshgrid(np.arange(columns) + 0.5, np.arange(band.start, band.stop) + 0.5)
        pos = (np.array(places) / np.array([columns, rows])[:, None, None]).astype(np.float32)

        def with_offset(offset: np.ndarray) -> np.ndarray:
            if self.sides != self.texture.shape[1:] or not _is_tap(offset):
                return self.sample(pos + offset / self.size)
            left, top = MARGIN + offset[:, 0, 0].astype(int)
            top += band.start
            return self.continued[:, top : top + height, left : left + columns]

        values = {"pos": pos, "size": self.size, "pt": 1 / self.size}
        variables |= {f"{self.name}_{key}": value for key, value in values.items()}
        functions |= {f"{self.name}_tex": self.sample, f"{self.name}_texOff": with_offset}

    def sample(self, pos: np.ndarray) -> np.ndarray:
        """The pixels at positions, which are 0 and 1 at the borders; at the centres of pixels alone."""
        where = pos * self.size - np.float32(0.5)
        nearest = np.round(where)
        if len(pos) != 2 or not np.abs(where - nearest).max() < 0.02:
            raise ShaderError(f"{self.name} is sampled between pixels, beyond the subset that is run")
        x, y = np.clip(nearest, 0, self.size - 1).astype(np.intp)
        return self.texture[:, y, x]


def _is_tap(offset: np.ndarray) -> bool:
    """Whether an offset is the same for all pixels, and of a few whole pixels."""
    same = offset.shape == (2, 1, 1)
    return same and bool((np.abs(offset) <= MARGIN).all() and (offset == np.round(offset)).all())

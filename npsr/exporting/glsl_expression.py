"""The expressions of a hook shader, in NumPy: for every pixel of a pass at once.

A number, a vector or a matrix is an array of shape (C, H, W), with H = W = 1 where it is the same for all
pixels. A matrix has its columns one after the other, as in GLSL. Numbers are float32, or int32.

The subset's expressions are written in Python as in GLSL, so Python's parser reads them.
"""

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Functions = dict[str, Callable[..., np.ndarray]]
COMPONENTS = "xyzw"


class ShaderError(ValueError):
    """A shader is damaged, or beyond the subset that is run."""


@dataclass(frozen=True)
class Expression:
    """An expression, and its vectors and matrices of numbers, by the names that the tree has for them."""

    tree: ast.expr
    constants: dict[str, np.ndarray]


def parse(text: str) -> Expression:
    """The expression that a text is.

    Raises
    ------
    ShaderError
        If it is none of the subset.
    """
    constants: dict[str, np.ndarray] = {}

    def named(found: re.Match[str]) -> str:
        numbers = np.array(found[2].split(","), np.float32)[:, None, None, None]
        constants[name := f"constant_{len(constants)}"] = CONSTRUCTORS[found[1]](*numbers)
        return name

    try:
        # Most of a shader are constants. Read as a whole they need not pass through the tree.
        shorter = re.sub(r"\b(vec[234]|mat[34])\(([-+.\de, ]+)\)", named, text)
        return Expression(ast.parse(shorter.strip(), mode="eval").body, constants)
    except ShaderError:
        raise
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ShaderError(f"{text.strip():.60} is beyond the subset of GLSL that is run") from error


def evaluate(expression: Expression, variables: Mapping[str, np.ndarray], functions: Functions) -> np.ndarray:
    """The value of an expression.

    Raises
    ------
    ShaderError
        If it names what there is not, or is beyond the subset.
    """
    names = {**variables, **expression.constants}

    def value(node: ast.expr) -> np.ndarray:
        match node:
            case ast.Name(id=name) if name in names:
                result = names[name]
            case ast.Constant(value=int() | float() as number):
                result = np.full((1, 1, 1), number, np.int32 if isinstance(number, int) else np.float32)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in functions:
                result = functions[name](*map(value, arguments))
            case ast.BinOp(left=left, op=operator, right=right) if type(operator) in OPERATORS:
                result = combined(type(operator), value(left), value(right))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                result = -value(operand)
            case ast.Attribute(value=vector, attr=letters) if set(letters) <= set(COMPONENTS):
                result = _chosen(value(vector), [COMPONENTS.index(letter) for letter in letters])
            case ast.Subscript(value=whole, slice=index):
                result = _indexed(value(whole), value(index))
            case _:
                raise ShaderError(f"{ast.unparse(node):.60} is beyond the subset of GLSL that is run")
        return result

    return value(expression.tree)


def _constructor(size: int, kind: Any) -> Callable[..., np.ndarray]:
    """The function that joins its arguments' components to a vector or matrix; one number fills a vector."""

    def construct(*parts: np.ndarray) -> np.ndarray:
        if sum(map(len, parts)) == 1 and size <= 4:
            parts *= size
        if sum(map(len, parts)) != size:
            raise ShaderError(f"{sum(map(len, parts))} numbers are given for {size}")
        sides = np.broadcast_shapes(*(part.shape[1:] for part in parts))
        joined = [np.broadcast_to(part, (len(part), *sides)) for part in parts]
        return np.concatenate(joined).astype(kind)

    return construct


def combined(operator: type[ast.operator], a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Sum, difference, product or quotient by components, or a matrix times a vector."""
    if a.dtype != b.dtype:
        a, b = a.astype(np.float32), b.astype(np.float32)
    elif operator is ast.Div and a.dtype == np.int32:
        raise ShaderError("a division of whole numbers is beyond the subset of GLSL that is run")
    if operator is ast.Mult and len(a) == len(b) ** 2 > 1 and a.shape[1:] == (1, 1):
        return (a.reshape(len(b), len(b)).T @ b.reshape(len(b), -1)).reshape(b.shape)
    if len(a) != len(b) and 1 not in (len(a), len(b)):
        raise ShaderError(f"{len(a)} and {len(b)} components do not go together")
    return OPERATORS[operator](a, b)


def _chosen(vector: np.ndarray, places: list[int]) -> np.ndarray:
    if max(places) >= len(vector):
        raise ShaderError(f"component {COMPONENTS[max(places)]} is asked of {len(vector)}")
    first = places[0]
    return vector[first : first + 1] if len(places) == 1 else vector[places]


def _indexed(whole: np.ndarray, index: np.ndarray) -> np.ndarray:
    """A vector's component or a matrix's column, by an index that may differ between pixels."""
    if index.dtype != np.int32 or len(index) != 1:
        raise ShaderError("an index is no whole number")
    size = {9: 3, 16: 4}.get(len(whole), 1)  # of what is chosen
    if index.min() < 0 or index.max() >= len(whole) // size:
        raise ShaderError(f"an index is {index.min()} to {index.max()}, beyond its vector or matrix")
    parts = whole.reshape(len(whole) // size, size, *whole.shape[1:])
    sides = np.broadcast_shapes(whole.shape[1:], index.shape[1:])
    parts = np.broadcast_to(parts, (*parts.shape[:2], *sides))
    return np.take_along_axis(parts, np.broadcast_to(index[None], (1, size, *sides)), axis=0)[0]


OPERATORS: dict[type[ast.operator], Callable[..., Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
}
CONSTRUCTORS = {
    "float": _constructor(1, np.float32),
    "int": _constructor(1, np.int32),
    "vec2": _constructor(2, np.float32),
    "vec3": _constructor(3, np.float32),
    "vec4": _constructor(4, np.float32),
    "ivec2": _constructor(2, np.int32),
    "mat3": _constructor(9, np.float32),
    "mat4": _constructor(16, np.float32),
}
BUILT_IN: Functions = {
    **CONSTRUCTORS,
    "abs": np.abs,
    "floor": np.floor,
    "fract": lambda x: x - np.floor(x),
    "max": np.maximum,
    "min": np.minimum,
}

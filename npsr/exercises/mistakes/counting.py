"""Typical mistakes of exercise 8: what would come out, and the hint for it."""

from collections.abc import Callable
from typing import Any

from npsr.exercises.ground.comparing import Hints, Mistake


def count(d: int, s: int, m: int) -> int:
    """The formula."""
    return 25 * d + s * d + 9 * m * s * s + d * s + 81 * d


def field(m: int, n: int) -> int:
    """The receptive field."""
    p = -((n - 9) // 2)
    return 1 + 4 + 2 * m + (8 - p) // n + (n - 1 + p) // n


def weight_hints(d: int, s: int, m: int) -> list[Mistake]:
    """Typical mistakes, each as another count of the weights."""
    right, biases = count(d, s, m), 2 * d + s + m * s + 1
    slopes = biases - 1
    return [
        ("Biases are counted: the paper counts weights alone.", lambda: right + biases),
        ("Biases and slopes are counted: the paper counts weights alone.", lambda: right + biases + slopes),
        ("Slopes are counted: the paper counts weights alone.", lambda: right + slopes),
        ("The deconvolution is forgotten: 81d.", lambda: right - 81 * d),
        ("The deconvolution is counted as 9d: its filters are 9 × 9.", lambda: right - 72 * d),
        ("The feature extraction is forgotten: 25d.", lambda: right - 25 * d),
        ("The feature extraction is counted as 5d: its filters are 5 × 5.", lambda: right - 20 * d),
        ("Only one of shrinking and expanding is counted: s·d and d·s.", lambda: right - s * d),
        ("Shrinking and expanding are forgotten: s·d and d·s.", lambda: right - 2 * s * d),
        ("A mapping layer has 9·s² weights: s filters over s channels, not 9·s.",
         lambda: right - 9 * m * s * s + 9 * m * s),
        ("A mapping layer has 9·s² weights, not 3·s².", lambda: right - 6 * m * s * s),
        ("A mapping layer has 9·s² weights, not s².", lambda: right - 8 * m * s * s),
        ("There are m mapping layers, not one.", lambda: right - 9 * (m - 1) * s * s),
        ("There are m mapping layers, not m + 1.", lambda: right + 9 * s * s),
        ("There are m mapping layers, not m − 1.", lambda: right - 9 * s * s),
        ("The mapping layers are forgotten: 9·m·s².", lambda: right - 9 * m * s * s),
        ("The mapping layers map s to s channels, not d to d.", lambda: right + 9 * m * (d * d - s * s)),
    ]  # fmt: skip


def multiplication_hints(d: int, s: int, m: int, n: int, rows: int, columns: int) -> dict[str, Hints]:
    """Typical mistakes of counting a picture."""
    each, pixels = count(d, s, m), rows * columns

    def all_pixels(make: Callable[[], Any]) -> Callable[[], Any]:
        return lambda: make() * pixels

    return {
        "multiplications": [
            ("That is for one pixel: every weight is used for every LR pixel.", lambda: each),
            ("Every layer works on the LR picture: rows · columns, not n² times that.", lambda: each * pixels * n * n),
            ("The deconvolution too uses each weight once for each LR pixel, not n² times.",
             lambda: (each + 81 * d * (n * n - 1)) * pixels),
            ("Only the rows are counted.", lambda: each * rows),
            ("Only the columns are counted.", lambda: each * columns),
            ("rows and columns are added; a picture has rows · columns pixels.", lambda: each * (rows + columns)),
            ("rows is squared: the picture need not be square.", lambda: each * rows * rows),
            ("columns is squared: the picture need not be square.", lambda: each * columns * columns),
            *[(text, all_pixels(make)) for text, make in weight_hints(d, s, m)],
        ]
    }  # fmt: skip


COUNTED = "The speed-up itself may be right, but the weights in it are not. "


def speed_up_hints(d: int, s: int, m: int, n: int) -> dict[str, Hints]:
    """Typical mistakes of the speed-up."""
    ratio = 57184 / count(d, s, m)
    right = ratio * n * n

    def over(make: Callable[[], Any]) -> Callable[[], Any]:
        return lambda: 57184 * n * n / make()

    return {
        "speed-up": [
            ("n² is missing: SRCNN-Ex works on every one of the n² enlarged pixels.", lambda: ratio),
            ("n² is meant, not n.", lambda: ratio * n),
            ("n is taken as 3.", lambda: ratio * 9),
            ("The ratio is upside down.", lambda: 1 / right),
            ("It is rounded; the ratio itself is asked for.", lambda: round(right, 1)),
            ("It is rounded; the ratio itself is asked for.", lambda: round(right, 2)),
            ("It is rounded; the ratio itself is asked for.", lambda: round(right)),
            ("It is rounded down: divide with /, not with //.", lambda: int(right)),
            ("SRCNN's 8032 weights are taken; the paper compares with SRCNN-Ex, 57184.", lambda: right * 8032 / 57184),
            *[(COUNTED + text, over(make)) for text, make in weight_hints(d, s, m)],
        ]
    }  # fmt: skip


def field_hints(m: int, n: int) -> list[Mistake]:
    """Typical mistakes of the receptive field."""
    right, base, p = field(m, n), 5 + 2 * m, -((n - 9) // 2)
    return [
        ("The deconvolution's reach is forgotten.", lambda: base),
        ("A convolution of side f adds (f − 1)/2 on each side, f − 1 together: 4 for f = 5, not 5.",
         lambda: right + 1 + m),
        ("The deconvolution's reach depends on n: 1 before and 1 after is that of n = 3.", lambda: base + 2),
        ("A convolution of side 3 adds 1 on each side, 2 together: each of the m mapping layers.", lambda: right - m),
        ("A convolution of side 3 adds 1 on each side, 2 together: each of the m mapping layers.",
         lambda: right + 2 * m),
        ("A convolution of side 5 adds 2 on each side, 4 together.", lambda: right - 2),
        ("Both sides count: a convolution adds (f − 1)/2 before and (f − 1)/2 after.", lambda: right - 2 - m),
        ("The pixel itself is forgotten: start with 1.", lambda: right - 1),
        ("There are m mapping layers.", lambda: right - 2 * m + 2),
        ("The deconvolution adds 8 output pixels, not 8 LR pixels: they are n times as fine.", lambda: base + 8),
        ("One side of the deconvolution's reach is forgotten: it reaches before and after.", lambda: base + (n - 1 + p) // n),
        ("One side of the deconvolution's reach is forgotten: it reaches before and after.", lambda: base + (8 - p) // n),
        ("n is taken as 3.", lambda: field(m, 3)),
        ("It is a number of pixels along one axis, not an area.", lambda: right**2),
    ]  # fmt: skip


def largest_hints(s: int, m: int, budget: int) -> list[Mistake]:
    """Typical mistakes of the largest d."""
    left, each = budget - 9 * m * s * s, 106 + 2 * s
    right = max(0, left // each)
    return [
        ("One too many: at most `budget` weights.", lambda: right + 1),
        ("One too few: exactly `budget` weights are allowed.", lambda: right - 1),
        ("No d fits: 0 is asked for then.", lambda: left // each),
        ("Round down: d is a whole number.", lambda: left / each),
        ("The mapping layers' weights are there whatever d is: subtract 9·m·s² first.", lambda: budget // each),
        ("d = 0 is no network's: 0 only if none fits.", lambda: max(1, right)),
        *[("The search itself may be right, but the weights in it are not. " + text, make)
          for text, make in _largest_of_other_counts(s, m, budget)],
    ]  # fmt: skip


def _largest_of_other_counts(s: int, m: int, budget: int) -> list[Mistake]:
    """The largest d if the weights are counted with a mistake; more weights for more d, with each of them."""

    def largest(place: int) -> Callable[[], int]:
        def made() -> int:
            low, high = 0, 1 + budget
            while low < high - 1:
                d = (low + high) // 2
                low, high = (d, high) if weight_hints(d, s, m)[place][1]() <= budget else (low, d)
            return low

        return made

    return [(text, largest(place)) for place, (text, _) in enumerate(weight_hints(1, s, m))]

"""The paper's figures: what ours are held against, and proof that our networks are the paper's.

A figure of which we know only the value that readers quote is marked `RECALLED` and may be off in its
last digit; the others are printed, or were measured with the authors' released weights.
"""

from collections.abc import Iterator
from typing import NamedTuple

import npsr

RECALLED = "~"
"""Stands before a recalled figure in the tables."""

WEIGHTS = {
    "srcnn": 8032,
    "srcnn-ex": 57184,
    "transition-1": 58976,
    "transition-2": 17088,
    "fsrcnn": 12464,
    "fsrcnn-s": 3937,
}
SPEED_UP = {"srcnn-ex": 1.0, "transition-1": 8.7, "transition-2": 30.1, "fsrcnn": 41.3}
TRANSITIONS = {"srcnn-ex": 32.83, "transition-1": 32.95, "transition-2": 33.01, "fsrcnn": 33.06}
"""Table 1 and Figure 3: Set5 ×3, trained on the 91 images."""


class Setting(NamedTuple):
    """PSNR on Set5 ×3 of FSRCNN(d, s, m), and its weights."""

    psnr: float
    weights: int


SETTINGS = {
    (48, 12, 2): Setting(32.87, 8832),
    (48, 12, 3): Setting(32.88, 10128),
    (48, 12, 4): Setting(33.08, 11424),
    (56, 12, 2): Setting(33.00, 9872),
    (56, 12, 3): Setting(32.97, 11168),
    (56, 12, 4): Setting(33.16, 12464),
    (48, 16, 2): Setting(32.95, 11232),
    (48, 16, 3): Setting(33.10, 13536),
    (48, 16, 4): Setting(33.18, 15840),
    (56, 16, 2): Setting(33.01, 12336),
    (56, 16, 3): Setting(33.12, 14640),
    (56, 16, 4): Setting(33.17, 16944),
}
"""Figure 4, left. All but 32.87 and 33.16 are recalled."""
SETTINGS_PRINTED = {(48, 12, 2), (56, 12, 4)}

REAL_TIME = {"weights": 3976, "side": 760, "frames": 24, "srcnn_frames": 1.32, "fsrcnn_s_frames": 24.7}
"""Section 4: at ×3 a network of at most 3976 weights enlarges to 760 × 760 pixels 24 times a second."""

ON_91 = """
            bicubic SRF    SRCNN  SRCNN-Ex SCN    FSRCNN-s FSRCNN
Set5 2      33.66  ~36.84 ~36.33 ~36.67   ~36.76 ~36.53    36.94
Set14 2     30.23  ~32.46 ~32.15 ~32.35   ~32.48 ~32.22   ~32.54
BSD200 2    29.70  ~31.57 ~31.34 ~31.53   ~31.63 ~31.44    31.73
Set5 3      30.39  ~32.73 ~32.45  32.83   ~33.04  32.55    33.06
Set14 3     27.54  ~29.21 ~29.01  29.26   ~29.37  29.08    29.37
BSD200 3    27.26  ~28.40 ~28.27  28.47   ~28.54  28.32    28.55
Set5 4      28.42  ~30.35 ~30.15 ~30.45   ~30.82 ~30.04    30.55
Set14 4     26.00  ~27.41 ~27.21 ~27.44   ~27.62 ~27.12    27.50
BSD200 4    25.97  ~26.85 ~26.72 ~26.88   ~27.02 ~26.73    26.92
"""
"""PSNR of networks trained on the 91 images."""

ON_OWN = """
            KK     A+    SRF    SRCNN-Ex SCN    FSRCNN-s FSRCNN
Set5 2     ~36.20  36.55 ~36.87  36.66    36.93  36.57    37.00
Set14 2    ~32.11  32.28 ~32.51  32.45    32.56  32.28    32.63
BSD200 2   ~31.30  31.44 ~31.65 ~31.53    31.63  31.48    31.80
Set5 3     ~32.28  32.59 ~32.71  32.75    33.10  32.60    33.16
Set14 3    ~28.94  29.13 ~29.23  29.29    29.41  29.12    29.42
BSD200 3   ~28.19  28.36 ~28.45  28.48    28.54  28.35    28.59
Set5 4     ~30.03  30.29 ~30.35  30.48    30.86  30.11    30.70
Set14 4    ~27.14  27.33 ~27.41  27.50    27.64  27.19    27.59
BSD200 4   ~26.68  26.83 ~26.89 ~26.90    27.02  26.75    26.98
"""
"""PSNR of networks trained on each method's own set: the 91 images and General-100 for FSRCNN,
ImageNet for SRCNN (9-5-5)."""


def table(text: str) -> dict[tuple[str, int], dict[str, str]]:
    """(set, factor) → method → PSNR as written, `RECALLED` before it if so."""
    head, *lines = (line.split() for line in text.strip().splitlines())
    return {(name, int(n)): dict(zip(head, figures, strict=True)) for name, n, *figures in lines}


def value(figure: str) -> float:
    """PSNR of an entry of a table."""
    return float(figure.removeprefix(RECALLED))


def printed(d: int, s: int, m: int) -> str:
    """PSNR of a setting as tables show it."""
    mark = "" if (d, s, m) in SETTINGS_PRINTED else RECALLED
    return f"{mark}{SETTINGS[d, s, m].psnr:.2f}"


def real_time_weights(srcnn_frames: float, frames: float, n: int = 3) -> int:
    """Most weights of a network that reaches `frames` per second where SRCNN reaches `srcnn_frames`:
    time is in proportion to weights times pixels, and FSRCNN has n² times fewer pixels.
    """
    return round(WEIGHTS["srcnn"] * srcnn_frames / frames * n**2)


def differences() -> Iterator[str]:
    """Where our networks are not the paper's; nothing, if all is well."""
    facts = [(name, npsr.weight_count(npsr.build(name)), paper) for name, paper in WEIGHTS.items()]
    facts += [
        (f"{setting}", npsr.weight_count(npsr.fsrcnn(*setting)), paper.weights)
        for setting, paper in SETTINGS.items()
    ]
    facts += [("Equation 2", npsr.equation_2(56, 12, 4), WEIGHTS["fsrcnn"])]
    facts += [("Equation 1", npsr.equation_1(9, 64, 1, 32, 5), WEIGHTS["srcnn"])]
    speeds = [(name, round(npsr.speed_up(npsr.build(name)), 1), paper) for name, paper in SPEED_UP.items()]
    limit = real_time_weights(REAL_TIME["srcnn_frames"], REAL_TIME["frames"])
    facts += [*speeds, ("real time", limit, REAL_TIME["weights"])]
    return (f"{what} is {ours}, the paper has {paper}" for what, ours, paper in facts if ours != paper)

"""Wrong submissions, a file an exercise: what to change in a right one, and the hint that it must get.

Each is (style of the right solution, text, its replacement, pieces of the hint of which one must appear,
parted by "|").
"""

from importlib import import_module

from npsr.exercises.course import NAMES

WRONG = {number: import_module(f"exercises.wrong.{name}").WRONG for number, name in enumerate(NAMES, 1)}

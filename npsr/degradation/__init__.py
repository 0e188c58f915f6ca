"""Degradations: what happens to pictures on their way, before a network enlarges them.

Enters: a high-resolution plane, and a list of kinds with their strengths. Leaves: a low-resolution plane.
Open `degrading.py` first.
"""

"""Compiled parts of methods that choose a matrix per pixel, and of what learns the matrices.

Enters: features of pixels, as (rows, columns, p) or one vector a row. Leaves: patches, codes, choices.
Open `patches.py` first: a matrix per pixel, and patches added where they overlap.
"""

"""Typical mistakes: for each exercise, what a submission would return that makes them.

Enters: the arguments of a call. Leaves: for each mistake its hint, and a function that computes the wrong result, by our own
layers from the same arguments. The checker compares; the first that equals the submission's result names the hint.
"""

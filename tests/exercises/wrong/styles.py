"""Styles of right solutions, by the folder in which they lie."""

L, V = "loops", "vectorised"

"""Streamed inference: rows of pixels pass through all layers, and nothing is stored whole.

Enters: planes, and the layers' parameters. Leaves: the enlarged planes.
Open `inference.py` first, then `plan.py` and `stream.py`.
"""

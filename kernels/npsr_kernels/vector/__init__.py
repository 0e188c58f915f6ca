"""Vectors: the processor's registers as values in compiled code, and Winograd's transforms on them.

Enters and leaves: vectors of L lanes. Open `simd.py` first.
"""

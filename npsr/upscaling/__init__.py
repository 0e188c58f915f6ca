"""Enlarging images: which networks for which factor, band by band; and many files one after the other.

Enters: an image or files. Leaves: the enlarged image or files.
Open `upscale.py` first, then `plan.py`, `bands.py`, `operations.py`; for files `batch.py`.
"""

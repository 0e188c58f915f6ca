"""The rivals: models that are matrices, not networks, and enlarge a plane.

Enters: an LR luma plane and its bicubic enlargement. Leaves: the enlarged plane. `npsr/learning` learns them.
Open `anchored.py` first (A+, ANR, GR), on the features of `features.py`; `files.py` keeps them all.
"""

"""How the rivals are learnt: runs in folders, from photographs to matrices.

Enters: a recipe and a folder of photographs. Leaves: a run's folder, with the model.
Open `run.py` first; `anchors.py` (A+, ANR, GR), on the samples of `pools.py`.
"""

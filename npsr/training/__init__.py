"""Training: from a recipe and a folder of images to a network in a run's folder.

Enters: images and a recipe (the shipped ones lie in `recipes/`). Leaves: checkpoints, a log, a model.
Open `loop.py` first; `run.py` does the same in a folder, from a recipe, with checkpoints.
"""

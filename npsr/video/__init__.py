"""Videos: the picture enlarged frame by frame, everything else copied.

Enters: a video file. Leaves: a larger one.
Open `upscale.py` first.
"""

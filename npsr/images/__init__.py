"""Image files and pixels: reading and writing whole, colour, MATLAB's bicubic.

Enters: a file or its bytes. Leaves: a `Photograph`, that is pixels with what else the file says; and back.
Open `files.py` first; `resize.py` is the bicubic that the evaluation stands on.
"""

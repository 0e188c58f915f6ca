"""Networks as files: the released models, our own format, and those of other programs.

Enters: a name or a file. Leaves: a network; or, from a network, a file. Released models lie beside the code.
Open `weights.py` first.
"""

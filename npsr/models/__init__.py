"""Networks as files: the released models, our own format, and those of other programs that are read.

Enters: a name or a file. Leaves: a network; or, from a network, a file of our own. Released models lie
beside the code. Open `weights.py` first.
"""

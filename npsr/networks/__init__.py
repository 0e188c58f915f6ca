"""The networks: layers as data, forward, loss and gradients, and what a network costs.

Enters: a batch of LR luma planes; with labels, a loss. Leaves: the enlarged planes; every gradient.
Open `network.py` first, the core of the program; `architectures.py` builds the paper's networks.
"""

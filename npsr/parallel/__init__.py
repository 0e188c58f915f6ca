"""Data-parallel gradients: processes with shared memory compute the chunks of one batch.

Enters: a network, a batch, a number of processes. Leaves: the loss and gradients of one process, to the bit.
Open `processes.py` first; `worker.py` is what the others run.
"""

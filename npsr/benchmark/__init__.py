"""How fast a network is on this machine.

Enters: a network and a size. Leaves: seconds, with how they spread, and what machine took them.
Open `measure.py` first.
"""

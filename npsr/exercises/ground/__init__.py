"""What an exercise stands on, whatever it asks for.

Enters: functions of a submission, called by name. Leaves: a property that holds, or the first wrong
number with its hint. npsr's own layers in plain NumPy (`layers.py`) are what exercises build on and
are held against; `checking.py` says what a check is and chooses hints, `properties.py` holds the
checks that several exercises share; `calling.py` and `wire.py` carry calls and answers. Open first:
`checking.py`.
"""

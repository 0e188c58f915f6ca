"""What every room needs of the system: atomic files, locks, checks of arguments, the version.

Enters and leaves: paths and plain values; nothing here knows of images or networks.
Open `files.py` first.
"""

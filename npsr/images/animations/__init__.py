"""Animated GIF, WebP, PNG and AVIF: every frame as it is shown, and written again.

Enters: a file. Leaves: an `Animation`, whose frames are whole pictures; and back. Open `files.py` first.
"""

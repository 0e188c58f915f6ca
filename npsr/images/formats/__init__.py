"""What each file format holds besides pixels: read, adapted to the enlarged picture, written, or named.

Enters: a file. Leaves: `Item`s, each of which is put into the output or named in a note; nothing else happens
to one. Open `inventory.py` first: it says what each format holds. Nothing here decodes pixels.
"""

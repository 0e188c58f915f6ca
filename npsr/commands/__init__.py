"""One module a command: `add` declares it to the parser, `run` does it.

Enters: the options of the command line. Leaves: files, lines on the terminal, and the exit code. What is
heavy is imported when a command runs, so that help is instant. Open first: `evaluate.py`, a short one.
"""

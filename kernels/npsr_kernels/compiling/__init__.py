"""What compiled functions need: decorators, the compilation cache, threads, working memory.

Enters: a Python function. Leaves: the same compiled, stored on disk for later processes.
Open `compiled.py` first.
"""

"""One module a command: `add` declares it to the parser, `run` does it.

What is heavy is imported when a command runs, so that help is instant.
"""

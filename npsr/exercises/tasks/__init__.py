"""The exercises, one a file: the task as docstring, the stub's functions, and below the line the checks.

What stands above the line "How it is checked" is copied to the student as it is; what stands below
is no secret.
"""

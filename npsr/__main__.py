"""`python -m npsr` is the command `npsr`."""

from npsr.cli import main

main()

"""Mistakes of users and faults of files, told apart from defects of the program itself.

A library that decodes a file may raise anything when the file is damaged. Lines of ours may not: an
AttributeError, a NameError or a TypeError from one of them is a defect, and no file is to be blamed for it.
"""

from types import TracebackType

MISTAKES = (ValueError, OSError, ArithmeticError, MemoryError)
"""What may be wrong with a file, or with what is asked of it."""
KINDS = (AttributeError, NameError, TypeError, AssertionError)
"""What bad data cannot cause in lines that check their data."""
DECODERS = frozenset({"PIL", "av", "imagecodecs", "imageio", "numpy", "scipy", "tifffile"})
DECODERS |= {"pillow_heif", "pillow_jxl"}
DECODERS |= {"ast", "json", "pickletools", "struct", "zipfile", "zlib"}
"""Packages that read files, and in which bad data may cause anything."""


def is_defect(error: BaseException) -> bool:
    """Whether an error is the program's own: of such a kind, and from outside the decoders."""
    return isinstance(error, KINDS) and _raised_in(error.__traceback__) not in DECODERS


def _raised_in(trace: TracebackType | None) -> str:
    """The package of the line that raised."""
    name = ""
    while trace is not None:
        name, trace = trace.tb_frame.f_globals.get("__name__", ""), trace.tb_next
    return name.partition(".")[0]


def report(error: Exception) -> str:
    """A line that asks for a report of a defect; the traceback goes to a file that it names."""
    import traceback
    from tempfile import NamedTemporaryFile

    line = f"a defect of npsr, not of what it was given ({type(error).__name__}: {error})"
    try:
        with NamedTemporaryFile(
            "w", prefix="npsr-defect-", suffix=".txt", delete=False, errors="replace"
        ) as file:
            traceback.print_exception(error, file=file)
    except OSError:
        return f"{line}: please report it"
    return f"{line}: please report it with {file.name}, which holds the traceback"

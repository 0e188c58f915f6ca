"""Mistakes of users and faults of files, told apart from defects of the program itself.

A library that decodes a file may raise anything when the file is damaged. Lines of ours may not: an
AttributeError, a NameError or a TypeError from one of them is a defect, and no file is to be blamed for it.
"""

from collections.abc import Iterator
from types import TracebackType

MISTAKES = (ValueError, OSError, ArithmeticError, MemoryError)
"""What may be wrong with a file, or with what is asked of it."""
KINDS = (AttributeError, NameError, TypeError, AssertionError)
"""What bad data cannot cause in lines that check their data."""
READERS = (
    *("PIL", "av", "imagecodecs", "imageio", "pillow_heif", "pillow_jxl", "tifffile"),
    *("numpy.lib._format_impl", "numpy.lib._npyio_impl", "numpy.lib.format", "numpy.lib.npyio"),
    *("json", "numcodecs", "pickletools", "scipy.io", "zarr", "zipfile"),
)
"""Modules that read files, and in which bad data may cause anything."""
NO_READERS = ("PIL.Image",)
"""Of these, modules that lines of ours call with values of their own."""


def is_defect(error: BaseException) -> bool:
    """Whether an error is the program's own: of such a kind, and not from within a reader of files."""
    return isinstance(error, KINDS) and not any(map(_reads, _modules(error.__traceback__)))


def _modules(trace: TracebackType | None) -> Iterator[str]:
    """The modules that an error passed through."""
    while trace is not None:
        yield trace.tb_frame.f_globals.get("__name__", "")
        trace = trace.tb_next


def _reads(module: str) -> bool:
    return module not in NO_READERS and any(f"{module}.".startswith(f"{name}.") for name in READERS)


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

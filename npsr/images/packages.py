"""Packages that some formats need."""

import logging
from importlib import import_module
from typing import Any

from npsr.images.photograph import ImageError


class MissingPackageError(ImageError):
    """A format needs a package that is not installed."""


def package(name: str, needed_for: str, distribution: str = "") -> Any:
    """Import tifffile, imagecodecs or a plugin, which `pip` may know by another name.

    Raises
    ------
    MissingPackageError
        If it is missing.
    """
    try:
        module = import_module(name)
    except ImportError as error:
        raise MissingPackageError(
            f"{needed_for} needs {distribution or name}: pip install 'npsr[formats]'"
        ) from error
    logging.getLogger(name).addHandler(logging.NullHandler())  # what it has to say comes as an error
    return module

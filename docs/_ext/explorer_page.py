"""The page of `npsr explore`, written beside the site's own pages, which show it in a frame."""

from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

import npsr
from npsr.commands.explore import SHOWN
from npsr.explorer.page import html


def write(app: Sphinx, error: Exception | None) -> None:
    """Write the page when all others are written."""
    if error is None and app.builder.format == "html":
        page = html([(name, npsr.load(name, factor)) for name, factor in SHOWN])
        (Path(app.outdir) / "explore_page.html").write_text(page, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the page."""
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

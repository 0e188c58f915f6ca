"""The archives that sphinx-gallery makes for downloading, without the time at which they were made.

Otherwise two builds of the same pages would not have the same bytes.
"""

from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from sphinx.application import Sphinx

LONG_AGO = (1980, 1, 1, 0, 0, 0)


def settle(app: Sphinx) -> None:
    """Write each archive anew, its members in the order of their names."""
    for folder in app.config.sphinx_gallery_conf["gallery_dirs"]:
        for path in sorted(Path(app.srcdir, folder).glob("*.zip")):
            with ZipFile(path) as archive:
                contents = {name: archive.read(name) for name in sorted(archive.namelist())}
            with ZipFile(path, "w") as archive:
                for name, content in contents.items():
                    member = ZipInfo(name, LONG_AGO)
                    member.external_attr = 0o644 << 16
                    archive.writestr(member, content, ZIP_DEFLATED)


def setup(app: Sphinx) -> dict[str, Any]:
    """Let it run after sphinx-gallery."""
    app.connect("builder-inited", settle, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

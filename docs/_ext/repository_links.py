"""Links of Markdown pages to files of the repository, which work where the files lie and on the site.

A link to a page that the site includes leads to that page. A link to any other file leads to a page
that shows the file. A link to nothing is a warning, and so an error.
"""

import os
from pathlib import Path
from typing import Any

from docutils import nodes
from markupsafe import escape
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

LOG = logging.getLogger(__name__)
ROOT = Path(__file__).parents[2]

PAGES = {
    "README.md": "index",
    "MODELS.md": "models",
    "CHANGELOG.md": "changelog",
    "CONTRIBUTING.md": "contributing",
    "kernels/README.md": "explanation/layers",
}
"""Pages of the site that are, or include, a file outside docs/."""

CHAPTERS = {
    "streamed-inference": "explanation/streaming",
    "winograd-down-the-columns": "explanation/winograd",
    "the-training-step": "explanation/lanes",
    "compiled-code-on-disk": "explanation/compiled",
    "evaluation": "explanation/protocol",
}
"""Chapters of those files that are pages of their own, by their anchors."""

LANGUAGES = {".py": "python", ".toml": "toml", ".json": "json", ".js": "javascript", ".html": "html"}
SHOWN = {*LANGUAGES, ".md", ".css", ".txt"}


class RepositoryLinks(SphinxTransform):
    """Gives each link its target while a page is read."""

    default_priority = 900

    def apply(self, **kwargs: Any) -> None:
        """Replace MyST's nodes for links to files."""
        for node in list(self.document.findall(addnodes.pending_xref)) + list(
            self.document.findall(addnodes.download_reference)
        ):
            if node.get("reftype") == "myst":
                self.settle(node)

    def settle(self, node: nodes.Element) -> None:
        """Point a link at its page, if MyST has not found one."""
        if node.get("refdomain") == "doc" and node["reftarget"] in self.env.found_docs:
            return
        source = Path(node.source or self.env.doc2path(self.env.docname))
        target, _, anchor = node["reftarget"].partition("#")
        anchor = anchor or node.get("reftargetid") or ""
        path = Path(os.path.normpath(source.parent / target))
        if not path.exists():
            path = ROOT / "docs" / f"{target}.md"  # MyST cut the suffix
        if target in CHAPTERS:  # a chapter of an included file that another page includes
            self.to_page(node, CHAPTERS[target], "")
        elif path.exists() and path.is_relative_to(ROOT):
            self.to_file(node, path.relative_to(ROOT).as_posix(), anchor)
        else:
            LOG.warning("the link to %s leads nowhere", node["reftarget"], location=node)

    def to_file(self, node: nodes.Element, name: str, anchor: str) -> None:
        """Point a link to a file at the page that includes it, or shows it."""
        if name.startswith("docs/") and name.endswith(".md"):
            self.to_page(node, name.removeprefix("docs/").removesuffix(".md"), anchor)
        elif name in PAGES and anchor in CHAPTERS:
            self.to_page(node, CHAPTERS[anchor], "")
        elif name in PAGES:
            self.to_page(node, PAGES[name], anchor)
        else:
            self.to_source(node, name)

    def to_page(self, node: nodes.Element, page: str, anchor: str) -> None:
        """A reference that MyST resolves later, and warns of if it cannot."""
        link = addnodes.pending_xref(
            "",
            *node.children,
            refdomain="doc",
            reftarget=page,
            reftargetid=anchor or None,
            refdoc=self.env.docname,
            reftype="myst",
            refexplicit=True,
        )
        link.source, link.line = node.source, node.line
        node.replace_self(link)

    def to_source(self, node: nodes.Element, name: str) -> None:
        """A reference to the page that shows a file."""
        if not hasattr(self.env, "repository_files"):
            self.env.repository_files = set()
        self.env.repository_files.add(name)
        uri = self.app.builder.get_relative_uri(self.env.docname, f"source/{name}")
        node.replace_self(nodes.reference("", "", *node.children, internal=True, refuri=uri))


def source_pages(app: Sphinx) -> Any:
    """Yield a page for each file that is linked, and for the files of each folder that is linked."""
    names = getattr(app.env, "repository_files", set())
    within = {p.relative_to(ROOT).as_posix() for n in names for p in shown_files(ROOT / n)}
    for name in sorted(names | within):
        body = folder(app, name) if (ROOT / name).is_dir() else listing(app, name)
        title = f"<h1>{escape(name)}</h1>"
        yield f"source/{name}", {"title": name, "body": title + body}, "page.html"


def shown_files(path: Path) -> list[Path]:
    """The text files directly in a folder; none of a file."""
    return sorted(p for p in path.iterdir() if p.suffix in SHOWN) if path.is_dir() else []


def folder(app: Sphinx, name: str) -> str:
    """Links to the files of a folder."""
    page = f"source/{name}"
    items = []
    for path in shown_files(ROOT / name):
        uri = app.builder.get_relative_uri(page, f"source/{path.relative_to(ROOT).as_posix()}")
        items.append(f'<li><a href="{escape(uri)}">{escape(path.name)}</a></li>')
    return f"<ul>{''.join(items)}</ul>"


def listing(app: Sphinx, name: str) -> str:
    """A file's text, highlighted."""
    path = ROOT / name
    language = LANGUAGES.get(path.suffix, "text")
    return app.builder.highlighter.highlight_block(
        path.read_text(encoding="utf-8"), language, linenos="inline", location=name
    )


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the transform and the pages."""
    app.add_transform(RepositoryLinks)
    app.connect("html-collect-pages", source_pages)
    return {"parallel_read_safe": False, "parallel_write_safe": True}

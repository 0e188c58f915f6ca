"""Names in single backticks in docstrings: linked if the reference has them, else set as code.

Every public name of npsr must be in the reference: one that is not is a warning, and so an error.
"""

from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole

import npsr

LOG = logging.getLogger(__name__)


class NameRole(SphinxRole):
    """A reference that may stay without a target."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Make the reference."""
        name = self.text.removesuffix("()")
        reference = pending_xref(
            self.rawtext,
            nodes.literal(self.rawtext, self.text, classes=["xref", "py", "py-obj"]),
            refdomain="py",
            reftype="obj",
            reftarget=name,
            refexplicit=False,
            refdoc=self.env.docname,
            refwarn=False,
            optional=True,
        )
        reference["py:module"] = self.env.ref_context.get("py:module")
        reference["py:class"] = self.env.ref_context.get("py:class")
        return [reference], []


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the role, and the check."""
    app.add_role("name", NameRole())
    app.connect("missing-reference", keep_as_code)
    app.connect("env-check-consistency", check_public_names)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def keep_as_code(app: Sphinx, env: Any, node: pending_xref, content: nodes.Element) -> nodes.Element | None:
    """What an optional reference becomes that has no target."""
    return content if node.get("optional") else None


def check_public_names(app: Sphinx, env: BuildEnvironment) -> None:
    """Warn of every public name that no page documents."""
    documented = {name for name, *_ in env.get_domain("py").get_objects()}
    for name in npsr.__all__:
        if f"npsr.{name}" not in documented:
            LOG.warning("npsr.%s is public, but no page of docs/reference documents it", name)

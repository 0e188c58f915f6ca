"""The directive `recipe-keys`: the keys of a recipe, from the dataclasses that hold them."""

import inspect
from dataclasses import MISSING, Field, fields
from importlib import import_module
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from numpydoc.docscrape import NumpyDocString
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class RecipeKeys(SphinxDirective):
    """A table of key, default and meaning of a dataclass, `module.Class`."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Write the table."""
        module, name = self.arguments[0].rsplit(".", 1)
        kind = getattr(import_module(module), name)
        meanings = {name: one for c in reversed(kind.__mro__) for name, one in attributes(c.__doc__).items()}
        lines = [".. list-table::", "   :header-rows: 1", "   :widths: 20 20 60", ""]
        for cells in [("key", "default", "what it is"), *(row(field, meanings) for field in fields(kind))]:
            lines += [f"   {'* -' if not i else '  -'} {cell}" for i, cell in enumerate(cells)]
        return self.parse_text_to_nodes(StringList(lines, source=module))


def attributes(docstring: str | None) -> dict[str, tuple[str, str]]:
    """Kind and meaning of each attribute that a numpydoc docstring describes."""
    found = {}
    for parameter in NumpyDocString(inspect.cleandoc(docstring or ""))["Attributes"]:
        for name in parameter.name.split(", "):
            found[name] = parameter.type, " ".join(parameter.desc)
    return found


def row(field: Field, meanings: dict[str, tuple[str, str]]) -> tuple[str, str, str]:
    """Key, default and meaning as reStructuredText."""
    kind, meaning = meanings[field.name]
    default = "must be given" if field.default is MISSING else f"``{toml(field.default)}``"
    return f"``{field.name}``", default, f"{meaning.rstrip('.')} (*{kind}*)."


def toml(value: Any) -> str:
    """A value as a recipe's file writes it."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return f'"{value}"'
        case tuple():
            return f"[{', '.join(map(toml, value))}]"
        case _:
            return f"{value:g}"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("recipe-keys", RecipeKeys)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""How Sphinx builds the site: `make docs`. Everything is local, and every warning is an error."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
for folder in (HERE / "_ext", HERE / "scripts", ROOT, ROOT / "kernels"):
    sys.path.insert(0, str(folder))
os.environ.setdefault("SOURCE_DATE_EPOCH", "0")  # two builds give the same bytes

import matplotlib as mpl  # noqa: E402

from npsr.system.version import __version__  # noqa: E402

mpl.use("Agg")

project = "npsr"
author = "the authors of npsr"
copyright = author
version = release = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.viewcode",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
    "sphinx_argparse_cli",
    "explorer_page",
    "mathml",
    "names",
    "recipe_keys",
    "repository_links",
    "settled_archives",
]
exclude_patterns = ["_build", "scripts", "**/sg_execution_times.rst", "**/*.ipynb", "**/*.py"]
suppress_warnings = ["myst.header"]  # chapters that are included begin at their own level
highlight_language = "text"
default_role = "name"
nitpicky = True

myst_enable_extensions = ["dollarmath", "colon_fence", "deflist", "attrs_block"]
myst_fence_as_directive = ["math"]
myst_heading_anchors = 4

autodoc_typehints = "none"  # the docstrings give types, shapes and ranges
autosummary_generate = False
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
viewcode_line_numbers = True

sphinx_gallery_conf = {
    "examples_dirs": ["scripts/tutorials", "scripts/gallery"],
    "gallery_dirs": ["tutorials", "gallery"],
    "filename_pattern": r"\.py$",
    "within_subsection_order": "FileNameSortKey",
    "download_all_examples": False,
    "show_signature": False,
    "write_computation_times": False,
    "min_reported_time": 10**6,
    "image_scrapers": ("matplotlib",),
    "reset_modules": ("gallery_style.reset",),
    "abort_on_example_error": True,
    "matplotlib_animations": False,
    "remove_config_comments": True,
    "notebook_images": False,
    "plot_gallery": "True",
}

html_theme = "furo"
html_title = f"npsr {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_search_summary = False  # it would be fetched, which browsers refuse on files
html_show_sphinx = False
html_show_copyright = False
html_last_updated_fmt = None
html_math_renderer = "mathml"

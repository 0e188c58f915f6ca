"""Open networks on the table: one HTML page, in the browser."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from npsr.commands.arguments import positive

if TYPE_CHECKING:
    from npsr.commands.arguments import Commands
    from npsr.networks.network import Network

SHOWN = (("fsrcnn", 3), ("fsrcnn", 2), ("fsrcnn", 4), ("fsrcnn-s", 3), ("srcnn", 3))
"""The released networks that the page shows when none is named."""


def add(commands: "Commands") -> None:
    """Declare the command."""
    explore = commands.add_parser("explore", help="a network open on the table: one page for the browser")
    explore.add_argument("models", nargs="*", metavar="FILE.npz|NAME", help="default: the released networks")
    explore.add_argument("-s", "--scale", type=positive, help="upscaling factor of the names (default: all)")
    explore.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("npsr_explorer.html"),
        help="the page (default npsr_explorer.html)",
    )
    explore.add_argument(
        "-f", "--force", action="store_true", help="replace any existing file, not only an older page"
    )
    explore.add_argument("--no-open", action="store_true", help="write the page and do not open it")
    explore.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the page and open it."""
    import webbrowser

    from npsr.explorer.page import html, is_page
    from npsr.system.files import atomic_write, check_target

    replace = options.force or is_page(options.output)
    check_target(options.output, replace)
    page = html(_networks(options.models, options.scale))
    with atomic_write(options.output, replace) as file:
        file.write(page.encode())
    print(options.output)
    if not options.no_open and not webbrowser.open(options.output.resolve().as_uri()):
        print("no browser could be opened: open the file in one")
    return 0


def _networks(models: list[str], scale: int | None) -> "list[tuple[str, Network]]":
    """The networks that were asked for, each with what it is called."""
    from npsr.models.archive import released
    from npsr.models.weights import load

    if not models:
        shown = [(name, factor) for name, factor in SHOWN if scale in (None, factor)]
        return [(name, load(name, factor)) for name, factor in shown] or [("fsrcnn", load("fsrcnn", scale))]
    networks: list[tuple[str, Network]] = []
    for model in models:
        if model.endswith(".npz"):
            networks.append((Path(model).stem, load(model, scale)))
        else:
            factors = [scale] if scale else released().get(model, [None])
            networks += [(model, load(model, factor)) for factor in factors]
    return networks

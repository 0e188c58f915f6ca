"""Draw the convergence of runs."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from npsr.commands.arguments import Commands


def add(commands: "Commands") -> None:
    """Declare the command."""
    plot = commands.add_parser("plot", help="draw the convergence of training runs")
    plot.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="folders of runs")
    plot.add_argument("-o", "--output", type=Path, required=True, help="FILE.png, .svg or .pdf")
    axes = ("samples", "steps", "seconds")
    plot.add_argument("--against", choices=axes, default="samples", help="what they are drawn over")
    plot.add_argument("-f", "--force", action="store_true", help="replace an existing file")
    plot.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Draw loss and validation of runs."""
    from npsr.training.convergence import draw

    draw(options.runs, options.output, options.against, options.force)
    print(options.output)
    return 0

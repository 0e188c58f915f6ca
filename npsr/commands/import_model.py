"""Convert other people's models."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from npsr.commands.arguments import positive

if TYPE_CHECKING:
    from npsr.commands.arguments import Commands


def add(commands: "Commands") -> None:
    """Declare the command."""
    importer = commands.add_parser("import", help="convert the authors' released .mat models")
    importer.add_argument("file", type=Path, help="FSRCNN, FSRCNN-s or SRCNN as FILE.mat")
    importer.add_argument("-o", "--output", type=Path, required=True, help="the .npz file to write")
    importer.add_argument("-s", "--scale", type=positive, help="factor (default: as in the file's name)")
    importer.add_argument("-f", "--force", action="store_true", help="replace an existing file")
    importer.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Convert a model of the authors."""
    from npsr.matlab import import_matlab
    from npsr.weights import check_name, save

    check_name(options.output, options.force)
    net = import_matlab(options.file, options.scale)
    save(net, options.output, options.force)
    print(f"{options.output}: {net.name} ×{net.scale}")
    return 0

"""Convert other people's models."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from npsr.commands.arguments import positive

if TYPE_CHECKING:
    from npsr.commands.arguments import Commands
    from npsr.networks.network import Network


def add(commands: "Commands") -> None:
    """Declare the command."""
    importer = commands.add_parser("import", help="convert the authors' .mat models and PyTorch's FSRCNN")
    importer.add_argument(
        "file",
        type=Path,
        nargs="+",
        help="FSRCNN, FSRCNN-s or SRCNN as FILE.mat; a state dict as FILE.pth; with --method a rival's files",
    )
    importer.add_argument("--method", choices=("a+", "anr", "gr", "kk", "scn"), help="a rival, and which one")
    importer.add_argument("-o", "--output", type=Path, required=True, help="the .npz file to write")
    importer.add_argument("-s", "--scale", type=positive, help="factor (default: as in the file's name)")
    importer.add_argument("-f", "--force", action="store_true", help="replace an existing file")
    importer.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Convert a model of the authors', or of PyTorch's users."""
    from npsr.models.archive import WeightsError
    from npsr.models.matlab import import_matlab
    from npsr.models.pytorch import import_pytorch
    from npsr.models.weights import check_name, save

    if options.method:
        return _import_rival(options)
    if len(options.file) > 1:
        raise WeightsError("a network is one file, but several are named: say --method for a rival's")
    (path,) = options.file
    importers = {".mat": import_matlab} | dict.fromkeys((".pth", ".pt", ".ckpt", ".tar"), import_pytorch)
    suffix = path.suffix.lower()
    if suffix not in importers:
        raise WeightsError(f"{path} ends in {suffix!r}, but must end in one of {', '.join(importers)}")
    check_name(options.output, options.force)
    net = importers[suffix](path, options.scale)
    save(net, options.output, options.force)
    print(f"{options.output}: {net.name} ×{net.scale}, {_description(net)}")
    return 0


def _import_rival(options: argparse.Namespace) -> int:
    """Convert matrices of the layout that a rival's authors published."""
    from npsr.models.archive import WeightsError
    from npsr.models.sparse_coding_file import import_scn
    from npsr.models.weights import check_name, save
    from npsr.networks.network import Network
    from npsr.rivals.files import save_rival
    from npsr.rivals.importing import import_anchored, import_kk
    from npsr.rivals.model import Rival

    check_name(options.output, options.force)
    if options.scale is None and options.method != "scn":
        raise WeightsError("the factor is missing, which the files of a rival do not tell: say it with -s")
    model: Network | Rival
    if options.method == "scn":
        model = import_scn(options.file, options.scale)
        save(model, options.output, options.force)
    else:
        if options.method == "kk":
            rival: Rival = import_kk(options.file[0], options.scale)
        else:
            rival = import_anchored(options.file, options.scale, options.method)
        save_rival(rival, options.output, options.force)
        model = rival
    print(f"{options.output}: {model.name} ×{model.scale}, {model.provenance['source']}")
    return 0


def _description(net: "Network") -> str:
    """What was imported, in a line."""
    from npsr.networks.architectures import parameter_count
    from npsr.networks.layers import DeConv, PReLU

    parts = [f"{parameter_count(net)} parameters"]
    if slopes := {layer.slopes for layer in net.layers if isinstance(layer, PReLU)}:
        parts.append("one slope a layer" if slopes == {1} else "slopes by channel")
    parts += [f"deconvolution cut by {layer.padding}" for layer in net.layers if isinstance(layer, DeConv)]
    return ", ".join([*parts, net.provenance["source"]])

"""What a network's weights tell of its training: how strong layers have grown, and what gradients preserve.

PReLU(c x) = c PReLU(x) for c > 0, so a feature may be made stronger and what reads it weaker, and nothing
changes. Along such a change the loss has no slope: for every channel ⟨w, ∂L/∂w⟩ + b ∂L/∂b equals ⟨v, ∂L/∂v⟩
of the weights v that read it. So small steps of gradient descent, of rates η, preserve
‖w‖²/η + b²/η − ‖v‖²/η, each with its own rate. Where that has moved, the start was another, or the noise of
the gradients moved it, which makes every layer stronger.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from study import Row, markdown

import npsr


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table of a network that the paper's rates trained."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "model", help="an .npz network, a released one as fsrcnn_x3, or the authors' .mat file"
    )
    path = parser.parse_args(arguments).model
    net = (
        npsr.import_matlab(Path(path))
        if path.endswith(".mat")
        else npsr.starting_network("fsrcnn", 3, 0, path)
    )
    print(markdown(rows(net)))


def rows(net: npsr.Network) -> list[Row]:
    """For every layer ‖W‖² and what is preserved between it and the next, now and as the paper draws them."""
    new = npsr.build(net.name, net.scale)
    layers = [layer for layer in net.layers if isinstance(layer, npsr.Conv | npsr.DeConv)]
    table: list[Row] = []
    for layer, reader in zip(layers, [*layers[1:], None], strict=True):
        row: Row = {"layer": layer.name}
        for when, which in (("start", new), ("now", net)):
            row[f"‖W‖² {when}"] = round(float(np.sum(which.parameters[f"{layer.name}.weight"] ** 2.0)), 2)
        for when, which in (("start", new), ("now", net)):
            row[f"preserved, {when}"] = None if reader is None else round(preserved(which, layer, reader), 2)
        table.append(row)
    return table


def preserved(net: npsr.Network, layer: npsr.Conv, reader: npsr.Conv | npsr.DeConv) -> float:
    """The median over channels of ‖w‖² + 10 b² − ‖v‖².

    The rate of biases and of the deconvolution is a tenth: its ‖v‖² counts tenfold as well.
    """
    weight, bias = (net.parameters[f"{layer.name}.{kind}"] for kind in ("weight", "bias"))
    read = net.parameters[f"{reader.name}.weight"] ** 2.0
    last = isinstance(reader, npsr.DeConv)
    taken = 10 * read.sum(axis=(1, 2, 3)) if last else read.sum(axis=(0, 2, 3))
    return float(np.median(np.sum(weight**2.0, axis=(1, 2, 3)) + 10 * bias**2.0 - taken))


if __name__ == "__main__":
    main()

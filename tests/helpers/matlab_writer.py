"""The layouts of the authors' .mat files."""

import numpy as np
from scipy.io import savemat


def column_major(weight):
    """(filters, channels, f, f) → channels × f² (down the columns) × filters, as MATLAB stores it."""
    filters, channels, f, _ = weight.shape
    array = np.empty((channels, f * f, filters))
    for n, c, row, column in np.ndindex(weight.shape):
        array[c, column * f + row, n] = weight[n, c, row, column]
    return array


def cells(arrays):
    cell = np.empty((len(arrays), 1), dtype=object)
    cell[:, 0] = arrays
    return cell


def fsrcnn_file(path, net):
    names = list(dict.fromkeys(key.split(".")[0] for key in net.parameters))
    weights = [column_major(net.parameters[f"{name}.weight"]) for name in names]
    slopes = [net.parameters.get(f"{name}.slope", np.zeros(0)).reshape(1, -1) for name in names]
    biases = [net.parameters[f"{name}.bias"].reshape(-1, 1) for name in names]
    savemat(path, {"weights_conv": cells(weights), "biases_conv": cells(biases), "prelu_conv": cells(slopes)})

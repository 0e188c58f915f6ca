"""The authors' released MATLAB models → networks.

Their matrices are column-major: a filter's f² numbers run down its columns. FSRCNN files hold cells
of one entry a layer and one slope a layer; SRCNN files hold three matrices.
"""

from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import loadmat

from npsr.models.archive import WeightsError
from npsr.models.importing import factor_of, finished
from npsr.models.weights import require_kind
from npsr.networks.architectures import fsrcnn, srcnn
from npsr.networks.layers import Conv, DeConv
from npsr.networks.network import Arrays, Network
from npsr.system.defects import is_defect

PADDING = {2: 4, 3: 3, 4: 4}
"""The authors cut their deconvolution by 4, and their labels at ×3 are displaced by one pixel:
HR[o + 1] = out[o], so that tap k of LR pixel i belongs to HR pixel 3·i + k − 3. That is padding 3;
with it the displacement is undone."""


def import_matlab(path: str | Path, scale: int | None = None) -> Network:
    """Read a released model of the authors.

    Parameters
    ----------
    path : str or Path
        FSRCNN, FSRCNN-s or SRCNN as a .mat file.
    scale : int, optional
        Upscaling factor; by default the one in the file's name (``…x3.mat``), as the file does not
        hold it.

    Returns
    -------
    Network
        float32, border "replicate", displacement undone.

    Raises
    ------
    WeightsError
        If the file is missing, damaged or of another kind, or its factor unknown.

    Examples
    --------
    >>> npsr.import_matlab("FSRCNN_x3.mat").name
    'fsrcnn(56,12,4)'
    """
    path = Path(path)
    contents = _read(path)
    scale = factor_of(path, scale, PADDING)
    try:
        net = _fsrcnn(contents, scale) if "weights_conv" in contents else _srcnn(contents, scale)
        return finished(path, net, net.parameters, "released by the authors")
    except WeightsError:
        raise
    except (KeyError, ValueError, IndexError) as error:
        raise WeightsError(
            f"{path} is not a model of the authors ({error}): it must hold FSRCNN's cells weights_conv, "
            "biases_conv, prelu_conv or SRCNN's weights_conv1 to 3 and biases_conv1 to 3"
        ) from error


def _fsrcnn(contents: dict[str, Any], scale: int) -> Network:
    """FSRCNN(d, s, m) from its cells."""
    weights, biases, slopes = (
        list(_array(contents[key]).ravel()) for key in ("weights_conv", "biases_conv", "prelu_conv")
    )
    m = len(weights) - 4
    d, s = (_three_axes(weights[index]).shape[2] for index in (0, 1))
    net = fsrcnn(d, s, m, scale, shared_slopes=True)
    *inner, last = net.layers
    assert isinstance(last, DeConv)
    convolutions = [layer for layer in net.layers if isinstance(layer, Conv | DeConv)]
    parameters: Arrays = {}
    for layer, weight, bias, slope in zip(convolutions, weights, biases, slopes, strict=True):
        # channels × f² × filters; the deconvolution 1 × 81 × d, its input channels last.
        parameters[f"{layer.name}.weight"] = _filters(_three_axes(weight), layer.f)
        parameters[f"{layer.name}.bias"] = np.ravel(bias)
        parameters[f"{layer.name}.slope"] = np.ravel(slope)
    displaced = DeConv(last.name, last.f, last.n, last.c, last.stride, PADDING[scale])
    return Network(net.name, scale, (*inner, displaced), parameters)


def _srcnn(contents: dict[str, Any], scale: int) -> Network:
    """SRCNN(f1-f2-f3) from weights_conv1 (f1² × 64), 2 (64 × f2² × 32) and 3 (32 × f3²)."""
    first, second, third = (_array(contents[f"weights_conv{k}"]) for k in (1, 2, 3))
    second = _three_axes(second)
    f1, f2, f3 = (int(np.sqrt(squared)) for squared in (first.shape[0], second.shape[1], third.shape[1]))
    net = srcnn(f1, f2, f3, scale)
    weights = [first[None], second, third[:, :, None]]
    parameters: Arrays = {}
    for k, layer in enumerate(layer for layer in net.layers if isinstance(layer, Conv)):
        parameters[f"{layer.name}.weight"] = _filters(weights[k], layer.f)
        parameters[f"{layer.name}.bias"] = np.ravel(contents[f"biases_conv{k + 1}"])
    return Network(net.name, scale, net.layers, parameters)


def _filters(array: np.ndarray, f: int) -> np.ndarray:
    """Channels × f² (column-major) × filters → (filters, channels, f, f)."""
    channels, _, filters = array.shape
    return np.ascontiguousarray(array.reshape(channels, f, f, filters).transpose(3, 0, 2, 1))


def _array(value: Any) -> np.ndarray:
    """The value, if it is an array of numbers or of cells."""
    return require_kind("a matrix", value, np.ndarray)


def _three_axes(value: Any) -> np.ndarray:
    """MATLAB drops trailing axes of length 1."""
    array = _array(value)
    return array.reshape(array.shape + (1,) * (3 - array.ndim))


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return loadmat(file)  # type: ignore[arg-type]
    except FileNotFoundError as error:
        raise WeightsError(f"{path} does not exist: check the name") from error
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror or error}") from error
    except Exception as error:  # SciPy raises many kinds for damaged files
        if is_defect(error):
            raise
        raise WeightsError(f"{path} is not a MATLAB file or is damaged ({error})") from error

"""PyTorch's files written by hand, so that reading them is tested without PyTorch, and with what no
PyTorch would write.
"""

import io
import struct
import zipfile
from typing import NamedTuple

from npsr.networks.layers import PReLU

MAGIC = 0x1950A86A20F9469CFC6C
KINDS = {"float32": "Float", "float64": "Double", "float16": "Half", "uint16": "BFloat16", "int64": "Long"}
KINDS |= {"uint8": "Byte", "int8": "Char", "int16": "Short", "int32": "Int", "bool": "Bool"}
KINDS |= {"complex64": "ComplexFloat", "complex128": "ComplexDouble"}


class Global(NamedTuple):
    module: str
    name: str


class Call(NamedTuple):
    function: Global
    arguments: tuple


class Reference(NamedTuple):
    """A persistent identifier: how a storage is referred to."""

    value: tuple


def pickled(value):
    """A pickle of protocol 2."""
    return b"\x80\x02" + _instructions(value) + b"."


def _instructions(value):  # noqa: PLR0911
    many = lambda values: b"".join(map(_instructions, values))  # noqa: E731
    match value:
        case Global(module, name):
            return f"c{module}\n{name}\n".encode()
        case Call(function, arguments):
            return _instructions(function) + _instructions(arguments) + b"R"
        case Reference(inner):
            return _instructions(inner) + b"Q"
        case None | True | False:
            return {None: b"N", True: b"\x88", False: b"\x89"}[value]
        case int():
            content = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
            return b"\x8a" + bytes([len(content)]) + content
        case float():
            return b"G" + struct.pack(">d", value)
        case str():
            return b"X" + struct.pack("<I", len(value.encode())) + value.encode()
        case tuple():
            return b"(" + many(value) + b"t"
        case list():
            return b"](" + many(value) + b"e"
        case dict():
            return b"}(" + many(inner for item in value.items() for inner in item) + b"u"
        case set():
            return b"\x8f(" + many(sorted(value)) + b"\x90"
        case bytes():  # instructions
            return value


def tensor(array, key, old=False):
    """A tensor whose numbers are the storage `key`."""
    kind = Global("torch", f"{KINDS[array.dtype.name]}Storage")
    reference = Reference(("storage", kind, key, "cpu", array.size, *([None] if old else [])))
    strides = tuple(step // array.itemsize for step in array.strides)
    arguments = (reference, 0, array.shape, strides, False, Call(Global("collections", "OrderedDict"), ()))
    return Call(Global("torch._utils", "_rebuild_tensor_v2"), arguments)


def in_memory(array):
    """Its bytes as they lie there, whatever the order of its axes."""
    return array.ravel("K").tobytes()


def zip_of(value, storages=(), members=(), **options):
    """A file of PyTorch 1.6 and later; `storages` by their keys, `members` besides."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", **options) as archive:
        archive.writestr("archive/data.pkl", pickled(value))
        for name, content in [*((f"data/{key}", one) for key, one in dict(storages).items()), *members]:
            archive.writestr(f"archive/{name}", content)
    return stream.getvalue()


def state_file(arrays, wrap=lambda state: state, old=False):
    """A state dict of arrays as a file; `wrap` puts it into something larger."""
    state = {key: tensor(array, str(k), old) for k, (key, array) in enumerate(arrays.items())}
    contents = {str(k): in_memory(array) for k, array in enumerate(arrays.values())}
    if not old:
        return zip_of(wrap(state), contents, [("byteorder", b"little"), ("version", b"3\n")])
    system = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"int": 4}}
    head = b"".join(map(pickled, (MAGIC, 1001, system, wrap(state), list(contents))))
    sizes = (array.size for array in arrays.values())
    return head + b"".join(struct.pack("<q", n) + c for n, c in zip(sizes, contents.values(), strict=True))


def layout(net):
    """A network's parameters by the names of the layout, in its order."""
    m = len(net.layers) // 2 - 3
    modules = ["first_part.0", "first_part.1", *(f"mid_part.{k}" for k in range(2 * m + 4)), "last_part"]
    state = {}
    for layer, module in zip(net.layers, modules, strict=True):
        kinds = {"slope": "weight"} if isinstance(layer, PReLU) else {"weight": "weight", "bias": "bias"}
        state |= {
            f"{module}.{theirs}": net.parameters[f"{layer.name}.{ours}"] for ours, theirs in kinds.items()
        }
    return state

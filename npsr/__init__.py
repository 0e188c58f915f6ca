"""npsr: FSRCNN super-resolution from scratch, in NumPy and Numba, on CPUs.

Enters: what users call or type. Leaves: the public names, and the command `npsr`. Open first:
`networks/network.py`, the core of the program; `cli.py` lists the commands.
Names are imported from their modules when first used, so that the command line can print its help
without waiting for Numba.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from npsr.system.version import __version__ as __version__

if TYPE_CHECKING:
    from npsr.benchmark.machine import describe_machine
    from npsr.benchmark.measure import measure
    from npsr.benchmark.timing import Plan, Timing, time_calls
    from npsr.degradation.degrading import degrading
    from npsr.degradation.kinds import Degradation
    from npsr.evaluation.explanation import explain
    from npsr.evaluation.metrics import psnr, ssim
    from npsr.evaluation.protocol import crop_to_multiple, evaluate, low_resolution
    from npsr.explorer.notebook import explore
    from npsr.exporting.glsl import export_glsl
    from npsr.exporting.ncnn_file import export_ncnn
    from npsr.exporting.onnx_file import export_onnx
    from npsr.images.colour import luma
    from npsr.images.files import ImageError, read_image
    from npsr.images.image_sets import image_files
    from npsr.images.resize import imresize
    from npsr.models.archive import WeightsError, released
    from npsr.models.matlab import import_matlab
    from npsr.models.pytorch import import_pytorch
    from npsr.models.weights import load, save
    from npsr.networks.architectures import (
        build,
        equation_1,
        equation_2,
        fsrcnn,
        multiplications,
        parameter_count,
        speed_up,
        srcnn,
        transition,
        weight_count,
    )
    from npsr.networks.gradient_check import TensorReport, gradcheck
    from npsr.networks.initialisation import he_initialised, initialise
    from npsr.networks.layers import Conv, DeConv, PReLU, ReLU
    from npsr.networks.network import Network, loss_and_gradients
    from npsr.rivals.files import load_model
    from npsr.training.least_squares import solve_deconvolution
    from npsr.training.loop import adam_update, fresh_state, sgd_update, train
    from npsr.training.recipe import Recipe, Stage
    from npsr.training.run import run_training
    from npsr.training.samples import Samples
    from npsr.training.sgd import adam_step, paper_rates, sgd_step
    from npsr.training.transfer import starting_network
    from npsr.upscaling.upscale import upscale
    from npsr.video.upscale import upscale_video

_MODULES = {
    "networks.architectures": [
        "build",
        "equation_1",
        "equation_2",
        "fsrcnn",
        "multiplications",
        "parameter_count",
        "speed_up",
        "srcnn",
        "transition",
        "weight_count",
    ],
    "networks.gradient_check": ["TensorReport", "gradcheck"],
    "networks.initialisation": ["he_initialised", "initialise"],
    "networks.layers": ["Conv", "DeConv", "PReLU", "ReLU"],
    "networks.network": ["Network", "loss_and_gradients"],
    "models.matlab": ["import_matlab"],
    "models.pytorch": ["import_pytorch"],
    "models.archive": ["WeightsError", "released"],
    "models.weights": ["load", "save"],
    "rivals.files": ["load_model"],
    "exporting.glsl": ["export_glsl"],
    "exporting.ncnn_file": ["export_ncnn"],
    "exporting.onnx_file": ["export_onnx"],
    "images.colour": ["luma"],
    "images.files": ["ImageError", "read_image"],
    "images.image_sets": ["image_files"],
    "images.resize": ["imresize"],
    "upscaling.upscale": ["upscale"],
    "degradation.degrading": ["degrading"],
    "degradation.kinds": ["Degradation"],
    "evaluation.explanation": ["explain"],
    "evaluation.metrics": ["psnr", "ssim"],
    "evaluation.protocol": ["crop_to_multiple", "evaluate", "low_resolution"],
    "explorer.notebook": ["explore"],
    "training.least_squares": ["solve_deconvolution"],
    "training.loop": ["adam_update", "fresh_state", "sgd_update", "train"],
    "training.recipe": ["Recipe", "Stage"],
    "training.run": ["run_training"],
    "training.samples": ["Samples"],
    "training.sgd": ["adam_step", "paper_rates", "sgd_step"],
    "training.transfer": ["starting_network"],
    "video.upscale": ["upscale_video"],
    "benchmark.machine": ["describe_machine"],
    "benchmark.measure": ["measure"],
    "benchmark.timing": ["Plan", "Timing", "time_calls"],
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "Conv",
    "DeConv",
    "Degradation",
    "ImageError",
    "Network",
    "PReLU",
    "Plan",
    "ReLU",
    "Recipe",
    "Samples",
    "Stage",
    "TensorReport",
    "Timing",
    "WeightsError",
    "adam_step",
    "adam_update",
    "build",
    "crop_to_multiple",
    "degrading",
    "describe_machine",
    "equation_1",
    "equation_2",
    "evaluate",
    "explain",
    "explore",
    "export_glsl",
    "export_ncnn",
    "export_onnx",
    "fresh_state",
    "fsrcnn",
    "gradcheck",
    "he_initialised",
    "image_files",
    "import_matlab",
    "import_pytorch",
    "imresize",
    "initialise",
    "load",
    "load_model",
    "loss_and_gradients",
    "low_resolution",
    "luma",
    "measure",
    "multiplications",
    "paper_rates",
    "parameter_count",
    "psnr",
    "read_image",
    "released",
    "run_training",
    "save",
    "sgd_step",
    "sgd_update",
    "solve_deconvolution",
    "speed_up",
    "srcnn",
    "ssim",
    "starting_network",
    "time_calls",
    "train",
    "transition",
    "upscale",
    "upscale_video",
    "weight_count",
]


def __getattr__(name: str) -> Any:
    if name == "dask":  # a room with names of its own, and with packages that not everybody has
        return import_module("npsr.dask")
    if name not in _HOME:
        raise AttributeError(f"module 'npsr' has no attribute {name!r}")
    return getattr(import_module(f"npsr.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

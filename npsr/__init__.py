"""npsr: FSRCNN super-resolution from scratch, in NumPy and Numba, on CPUs.

Names are imported from their modules when first used, so that the command line can print its help
without waiting for Numba.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from npsr.benchmark import measure
    from npsr.colour import luma
    from npsr.evaluation import evaluate
    from npsr.gradient_check import TensorReport, gradcheck
    from npsr.image_sets import image_files
    from npsr.images import ImageError, read_image
    from npsr.initialisation import he_initialised, initialise
    from npsr.layers import Conv, DeConv, PReLU, ReLU
    from npsr.least_squares import solve_deconvolution
    from npsr.machine import describe_machine
    from npsr.matlab import import_matlab
    from npsr.metrics import psnr, ssim
    from npsr.network import Network, loss_and_gradients
    from npsr.networks import (
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
    from npsr.onnx_file import export_onnx
    from npsr.pytorch import import_pytorch
    from npsr.recipe import Recipe, Stage
    from npsr.resize import imresize
    from npsr.run import run_training
    from npsr.samples import Samples, crop_to_multiple, low_resolution
    from npsr.sgd import adam_step, paper_rates, sgd_step
    from npsr.timing import Plan, Timing, time_calls
    from npsr.training import adam_update, fresh_state, sgd_update, train
    from npsr.transfer import starting_network
    from npsr.upscaling import upscale
    from npsr.video import upscale_video
    from npsr.weights import WeightsError, load, released, save

__version__ = "0.1.0"

_MODULES = {
    "benchmark": ["measure"],
    "colour": ["luma"],
    "evaluation": ["evaluate"],
    "gradient_check": ["TensorReport", "gradcheck"],
    "image_sets": ["image_files"],
    "images": ["ImageError", "read_image"],
    "initialisation": ["he_initialised", "initialise"],
    "layers": ["Conv", "DeConv", "PReLU", "ReLU"],
    "least_squares": ["solve_deconvolution"],
    "machine": ["describe_machine"],
    "matlab": ["import_matlab"],
    "metrics": ["psnr", "ssim"],
    "network": ["Network", "loss_and_gradients"],
    "networks": [
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
    "onnx_file": ["export_onnx"],
    "pytorch": ["import_pytorch"],
    "recipe": ["Recipe", "Stage"],
    "resize": ["imresize"],
    "run": ["run_training"],
    "samples": ["Samples", "crop_to_multiple", "low_resolution"],
    "sgd": ["adam_step", "paper_rates", "sgd_step"],
    "timing": ["Plan", "Timing", "time_calls"],
    "training": ["adam_update", "fresh_state", "sgd_update", "train"],
    "transfer": ["starting_network"],
    "upscaling": ["upscale"],
    "video": ["upscale_video"],
    "weights": ["WeightsError", "load", "released", "save"],
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "Conv",
    "DeConv",
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
    "describe_machine",
    "equation_1",
    "equation_2",
    "evaluate",
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
    if name not in _HOME:
        raise AttributeError(f"module 'npsr' has no attribute {name!r}")
    return getattr(import_module(f"npsr.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

"""Players that run hook shaders, without a screen or a graphics processor: ffmpeg's libplacebo, and mpv."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

DRIVERS = sorted(Path("/usr/share/vulkan/icd.d").glob("lvp_icd*.json"))
"""Vulkan computed by the processor (Debian: mesa-vulkan-drivers)."""

SCREENSHOT = """
mp.register_event("playback-restart", function()
    mp.add_timeout(1, function()
        mp.commandv("screenshot-to-file", os.getenv("SCREENSHOT"), "window")
        mp.commandv("quit")
    end)
end)
"""
"""For mpv, which runs it as Lua."""


@cache
def no_libplacebo() -> str:
    """Why ffmpeg cannot run shaders here, or nothing."""
    if not shutil.which("ffmpeg"):
        return "ffmpeg is not installed"
    filters = subprocess.run(["ffmpeg", "-filters"], capture_output=True, text=True, check=False).stdout
    if " libplacebo " not in filters:
        return "this ffmpeg has no libplacebo"
    return "" if DRIVERS else "there is no Vulkan on the processor (mesa-vulkan-drivers)"


def no_mpv() -> str:
    """Why mpv cannot play here, or nothing."""
    missing = [program for program in ("mpv", "xvfb-run") if not shutil.which(program)]
    return f"{missing[0]} is not installed" if missing else ""


def ffmpeg_plays(shader: Path, luma: np.ndarray, scale: int, luma_range: str = "studio") -> np.ndarray:
    """The luma codes of a frame after ffmpeg's libplacebo, in a window `scale` times as large."""
    if reason := no_libplacebo():
        pytest.skip(reason)
    rows, columns = luma.shape
    grey = np.full(2 * ((rows + 1) // 2) * ((columns + 1) // 2), 128, np.uint8)
    kind = {"studio": "tv", "full": "pc"}[luma_range]
    raw = ["-f", "rawvideo", "-pix_fmt", "yuv420p"]
    steps = [
        f"setparams=range={kind}:colorspace=bt709",
        "hwupload",
        f"libplacebo=w=iw*{scale}:h=ih*{scale}:custom_shader_path={shader}:dithering=none:range={kind}",
        "hwdownload",
        "format=yuv420p",
    ]
    command = ["ffmpeg", "-v", "error", "-init_hw_device", "vulkan=vk:0", "-filter_hw_device", "vk", *raw]
    command += ["-s", f"{columns}x{rows}", "-i", "-", "-vf", ",".join(steps), *raw, "-"]
    done = subprocess.run(
        command,
        input=luma.tobytes() + grey.tobytes(),
        capture_output=True,
        check=False,
        env={**os.environ, "VK_ICD_FILENAMES": str(DRIVERS[0])},
        timeout=1200,
    )
    assert done.returncode == 0, done.stderr.decode()
    return np.frombuffer(done.stdout, np.uint8)[: luma.size * scale**2].reshape(rows * scale, columns * scale)


def mpv_plays(shader: Path, clip: Path, sides: tuple[int, int], folder: Path, *options: str):
    """A screenshot of mpv's window, of the given rows and columns, and the lines of its log."""
    if reason := no_mpv():
        pytest.skip(reason)
    (folder / "screenshot.lua").write_text(SCREENSHOT)
    log, picture = folder / "log.txt", folder / "screenshot.png"
    command = ["timeout", "600", "xvfb-run", "-a", "-s", "-screen 0 1920x1200x24", "mpv", "--no-config"]
    command += ["--vo=gpu", "--gpu-api=opengl", "--gpu-sw=yes", "--pause", "--dither-depth=no", "--osc=no"]
    command += [f"--geometry={sides[1]}x{sides[0]}", "--no-border", f"--script={folder / 'screenshot.lua'}"]
    command += [f"--log-file={log}", f"--glsl-shaders={shader}", *options, str(clip)]
    done = subprocess.run(
        command, capture_output=True, check=False, env={**os.environ, "SCREENSHOT": str(picture)}
    )
    assert done.returncode == 0, done.stdout.decode()
    return np.asarray(Image.open(picture).convert("RGB")), log.read_text().splitlines()

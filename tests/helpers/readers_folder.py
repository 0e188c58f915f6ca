"""The folder in which a reader would try the examples: everything that pages and docstrings name."""

import numpy as np
from PIL import Image

import npsr
from helpers.matlab_writer import fsrcnn_file
from helpers.torch_writer import layout, state_file

PHOTOS = "beach", "city", "forest"


def picture(phase, rows=60, columns=72):
    """A picture with edges and grain, RGB, 8 bits."""
    grain = np.random.default_rng(phase).normal(0, 0.03, (rows, columns))
    r, c = np.mgrid[:rows, :columns] / 7.0
    planes = [
        0.5
        + grain
        + 0.2 * np.sin(r + phase + k) * np.cos(c - phase)
        + 0.25 * (np.sin(0.6 * r + 0.9 * c + phase) > 0)
        for k in range(3)
    ]
    return (255 * np.clip(np.stack(planes, axis=-1), 0, 1)).astype(np.uint8)


def fill(folder):
    """Put there what examples read; small, so that they run in a moment."""
    sets = ("DATA/T91", "DATA/General-100", "DATA/Set5", "FOLDER", "test", "photos")
    for number, name in enumerate(sets):
        (folder / name).mkdir(parents=True)
        for phase, photograph in enumerate(PHOTOS):
            Image.fromarray(picture(3 * number + phase, 110, 120)).save(folder / name / f"{photograph}.png")
    for number in (10, 30, 50, 70, 90):  # those that the shipped recipes hold back
        Image.fromarray(picture(number)).save(folder / "DATA" / "General-100" / f"im_{number}.png")
    for name in ("my.png", "my.jpg", "photo.jpg"):
        Image.fromarray(picture(5)).save(folder / name)
    (folder / "my.toml").write_text('[[stages]]\ndata = ["T91"]\nsteps = 9\n')
    for name in ("RUN", "docs", "runs"):
        (folder / name).mkdir()
    npsr.save(npsr.fsrcnn(8, 4, 1), folder / "RUN" / "model.npz")
    for name in ("SUBMISSIONS", "submissions"):
        (folder / name / "anna").mkdir(parents=True)
        (folder / name / "anna" / "08_counting.py").write_text("raise NotImplementedError\n")
    fsrcnn_file(folder / "FSRCNN_x3.mat", npsr.fsrcnn(scale=3, shared_slopes=True))
    (folder / "net_x3.pth").write_bytes(state_file(layout(npsr.fsrcnn(scale=3))))
    return folder

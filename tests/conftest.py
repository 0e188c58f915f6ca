"""Shared fixtures. Hypothesis is derandomised, so that every run tests the same examples."""

import os

os.environ.setdefault("NUMBA_NUM_THREADS", str(max(4, os.cpu_count() or 1)))  # before Numba is imported

import numba
import numpy as np
import pytest
from helpers.browser import browser  # noqa: F401
from helpers.recipes import RUN_RECIPE
from hypothesis import settings
from PIL import Image

settings.register_profile("fixed", derandomize=True, deadline=None, max_examples=25)
settings.register_profile("tiny", derandomize=True, deadline=None, max_examples=5)
settings.register_profile("explore", deadline=None, max_examples=300)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "tiny" if numba.config.DISABLE_JIT else "fixed"))


@pytest.fixture(autouse=True)
def compiled(monkeypatch):
    """Pictures are made by the fast engine even before it is compiled, as they are from then on."""
    monkeypatch.setattr("npsr.networks.inference_engine.is_compiled", lambda: True)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def scene(rng):
    """A smooth picture with edges, in [0, 1], of any size: the tests' photograph."""

    def make(rows: int, columns: int, channels: int = 0) -> np.ndarray:
        r, c = np.mgrid[:rows, :columns] / 7.0
        planes = [
            0.5 + 0.2 * np.sin(r + phase) * np.cos(c - phase) + 0.25 * (np.sin(0.6 * r + 0.9 * c + phase) > 0)
            for phase in rng.uniform(0, 6, max(1, channels))
        ]
        picture = np.clip(np.stack(planes, axis=-1), 0, 1)
        return picture if channels else picture[..., 0]

    return make


@pytest.fixture
def data(tmp_path, scene):
    """Folders of photographs, and beside them a recipe of a run on both."""
    for folder, names in (("photos", "12"), ("more", "3")):
        (tmp_path / "data" / folder).mkdir(parents=True)
        for name in names:
            pixels = (scene(50, 45, 3) * 255).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "data" / folder / f"{name}.png")
    (tmp_path / "recipe.toml").write_text(RUN_RECIPE)
    return tmp_path / "data"


@pytest.fixture(scope="session")
def address():
    """A cluster in this process, whose tasks run in threads: enough for all that no process must die for."""
    distributed = pytest.importorskip("distributed", reason="needs npsr[dask]")
    options = {"processes": False, "n_workers": 1, "threads_per_worker": 2, "dashboard_address": ":0"}
    with distributed.LocalCluster(**options) as cluster:
        yield cluster.scheduler_address

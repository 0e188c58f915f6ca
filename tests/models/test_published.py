"""The paper's figures on the standard images, where these are at hand (see `conftest.DATA`)."""

import pytest
from helpers.running import DATA, needs_data, needs_jit

import npsr

BICUBIC = {
    "Set5": {2: 33.661, 3: 30.392, 4: 28.421},
    "Set14": {2: 30.232, 3: 27.541, 4: 26.000},
    "BSD200": {2: 29.702, 3: 27.256, 4: 25.969},
}
AUTHORS = {"FSRCNN_x3": 33.155, "SRCNN_9-5-5_x3": 32.75, "SRCNN_9-1-5_x3": 32.39}
WEIGHTS = DATA.parent / "weights"


@needs_data
@pytest.mark.parametrize(("folder", "scale"), [(f, n) for f, row in BICUBIC.items() for n in row])
def test_bicubic(folder, scale):
    found = npsr.evaluate(DATA / folder, scale, "bicubic")["psnr"]
    assert found == pytest.approx(BICUBIC[folder][scale], abs=0.0015)


@needs_jit
@needs_data
@pytest.mark.skipif(not WEIGHTS.is_dir(), reason="the authors' models are not at hand")
@pytest.mark.parametrize("name", AUTHORS)
def test_the_authors_models(name):
    net = npsr.import_matlab(WEIGHTS / f"{name}.mat")
    assert npsr.evaluate(DATA / "Set5", 3, net)["psnr"] == pytest.approx(AUTHORS[name], abs=0.01)


@needs_jit
@needs_data
@pytest.mark.parametrize(("model", "n"), [(m, n) for m, factors in npsr.released().items() for n in factors])
def test_released_models_have_the_scores_they_state(model, n):
    loaded = npsr.load_model(model, n)
    assert npsr.evaluate(DATA / "Set5", n, loaded)["psnr"] == pytest.approx(
        loaded.provenance["scores"]["Set5"], abs=0.002
    )

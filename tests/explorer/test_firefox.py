"""The page in Firefox: opened from a file, every panel shown, the numbers of the contract, the state kept."""

import shutil

import numpy as np
import pytest
from explorer import golden

import npsr

# The driver leaves its sockets to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

FIREFOX = next(filter(None, map(shutil.which, ("firefox-esr", "firefox"))), None)
IDLE = "return document.body.dataset.idle === 'true'"
DONE = "return document.querySelector('#enlarge .body[data-done]') !== null"


@pytest.fixture(scope="module")
def firefox(tmp_path_factory):
    """Firefox by its own remote protocol, without a picture on the screen and without the network."""
    if FIREFOX is None:
        pytest.skip("no Firefox on the path: install it (apt-get install firefox-esr) to test the page in it")
    marionette = pytest.importorskip(
        "marionette_driver.marionette", reason="the tests in Firefox need pip install marionette_driver"
    )
    offline = {"network.proxy.type": 1, "network.proxy.http": "127.0.0.1", "network.proxy.http_port": 9}
    profile = str(tmp_path_factory.mktemp("profile"))
    driver = marionette.Marionette(
        bin=FIREFOX, headless=True, prefs=offline, profile=profile, gecko_log="-", startup_timeout=180
    )
    driver.start_session()
    driver.timeout.page_load = driver.timeout.script = 180
    yield driver
    driver.delete_session()
    driver.cleanup()


@pytest.fixture
def shown(firefox, page_file):
    """A function that opens the page at a fragment and waits until it is drawn."""

    def make(fragment=""):
        firefox.navigate("about:blank")
        firefox.navigate(page_file.as_uri() + fragment)
        wait(firefox, IDLE)
        return firefox

    return make


def wait(firefox, script):
    from marionette_driver import Wait

    Wait(firefox, timeout=180).until(lambda driver: driver.execute_script(script))


def text(firefox, panel, name):
    return firefox.execute_script(
        f"return document.querySelector(\"#{panel} [data-name='{name}']\").textContent"
    )


def test_every_panel_is_shown(shown, networks):
    firefox = shown("#map")
    problems = "return [...document.querySelectorAll('section.panel .problem')].map((p) => p.textContent)"
    assert set(firefox.execute_script(problems)) == {""}
    assert firefox.execute_script("return document.querySelectorAll('section.panel').length") == 12
    assert int(text(firefox, "map", "weights").replace("\u202f", "")) == npsr.weight_count(
        networks["fsrcnn", 3]
    )
    assert text(firefox, "three-ways", "difference").startswith("0.000000")
    wait(firefox, DONE)
    high = golden.luma()
    y = networks["fsrcnn", 3](npsr.low_resolution(high / 255.0, 3)[None, None])
    assert float(text(firefox, "enlarge", "psnr-network")) == pytest.approx(
        golden.psnr(y[0, 0], high, 3), abs=0.0051
    )
    wide = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert firefox.execute_script(wide) <= 0


def test_the_contract(shown, networks, rng):
    firefox, net = shown(), networks["fsrcnn-s", 3]
    x = rng.random((2, 1, 9, 10), dtype=np.float32)
    y = net(x, engine="plain")
    target = rng.random(y.shape, dtype=np.float32)
    _, gradients = npsr.loss_and_gradients(net, x, target, engine="plain")
    script = """
        const script = document.createElement("script"), [x, target, shape] = arguments;
        script.textContent = `document.body.dataset.answer = JSON.stringify(((x, target, shape) => {
          const network = npsr.network("fsrcnn-s", 3);
          const { gradients } = npsr.lossAndGradients(network, x, target, shape);
          const plain = Object.entries(gradients).map(([key, g]) => [key, [...g]]);
          return { y: [...npsr.forward(network, x, shape).y], gradients: Object.fromEntries(plain) };
        })(${JSON.stringify(x)}, ${JSON.stringify(target)}, ${JSON.stringify(shape)}))`;
        document.body.append(script);
        return JSON.parse(document.body.dataset.answer);"""
    made = firefox.execute_script(script, [x.ravel().tolist(), target.ravel().tolist(), [2, 9, 10]])
    np.testing.assert_allclose(made["y"], y.ravel(), atol=1e-5 * np.abs(y).max())
    for key, gradient in gradients.items():
        np.testing.assert_allclose(
            made["gradients"][key], gradient.ravel(), atol=1e-5 * np.abs(gradient).max()
        )


def test_keys_and_the_state(shown):
    from marionette_driver.by import By
    from marionette_driver.keys import Keys

    firefox = shown("#convolution?convolution.row=3&convolution.layer=3")
    firefox.find_element(By.CSS_SELECTOR, "#convolution canvas[tabindex]").send_keys(Keys.ARROW_DOWN)
    wait(firefox, "return location.hash.includes('convolution.row=4')")
    wait(firefox, IDLE)
    before = text(firefox, "convolution", "result")
    firefox.refresh()
    wait(firefox, IDLE)
    assert text(firefox, "convolution", "result") == before

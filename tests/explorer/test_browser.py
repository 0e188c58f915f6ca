"""The page in a real browser: nothing fetched, no error, by keyboard, for all eyes and all screens."""

import json
import re

import numpy as np
import pytest
from explorer import golden
from explorer.javascript import network_value, plain
from explorer.opened import Opened
from helpers.panels import PANELS

import npsr


def test_twelve_panels_each_with_a_question_and_its_lines(shared, go):
    tab = go("#enlarge").tab
    assert tab.eval_on_selector_all("section.panel", "all => all.map((one) => one.id)") == PANELS
    for panel in PANELS:
        assert tab.locator(f"#{panel} h2").text_content().endswith("?")
        assert "def " in tab.locator(f"#{panel} .lines pre").first.text_content()
        assert tab.locator(f"#{panel} .formula math").count() == 1


def test_the_page_is_small(page_file):
    assert page_file.stat().st_size <= 700_000


def in_page(page, expression, argument):
    """The value of an expression in the page; typed arrays as lists."""
    numbers = "(key, value) => ArrayBuffer.isView(value) ? Array.from(value) : value"
    return json.loads(page.tab.evaluate(f"(a) => JSON.stringify({expression}, {numbers})", argument))


@pytest.mark.parametrize(("name", "scale"), [("fsrcnn", 2), ("fsrcnn-s", 3), ("fsrcnn", 4), ("srcnn", 3)])
def test_the_contract(shared, go, networks, rng, name, scale):
    net = networks[name, scale]
    x = rng.random((2, 1, 12, 13), dtype=np.float32)
    y = net(x, engine="plain")
    target = rng.random(y.shape, dtype=np.float32)
    loss, gradients = npsr.loss_and_gradients(net, x, target, engine="plain")
    argument = {"name": name, "scale": scale, "x": x.ravel().tolist(), "target": target.ravel().tolist()}
    held = in_page(shared, "npsr.network(a.name, a.scale)", argument)
    assert list(held["parameters"]) == list(net.parameters)
    assert held["layers"] == [{"kind": type(layer).__name__, **vars(layer)} for layer in net.layers]
    for key, p in net.parameters.items():
        np.testing.assert_array_equal(np.float32(held["parameters"][key]), p.ravel())
    made = in_page(shared, "npsr.forward(npsr.network(a.name, a.scale), a.x, [2, 12, 13])", argument)
    assert made["shape"] == list(y.shape)
    np.testing.assert_allclose(made["y"], y.ravel(), atol=1e-5 * np.abs(y).max())
    cost = in_page(
        shared, "npsr.lossAndGradients(npsr.network(a.name, a.scale), a.x, a.target, [2, 12, 13])", argument
    )
    assert cost["loss"] == pytest.approx(loss, rel=1e-5)
    for key, gradient in gradients.items():
        np.testing.assert_allclose(
            cost["gradients"][key], gradient.ravel(), atol=1e-5 * np.abs(gradient).max()
        )


@pytest.mark.parametrize(("name", "scale"), [("fsrcnn", 2), ("fsrcnn", 3), ("fsrcnn-s", 3)])
def test_gradients_of_small_residuals(shared, go, networks, name, scale):
    """A trained network on a picture: 32-bit kernels lose digits in the residual, so these are of 64 bits."""
    net = networks[name, scale].with_border("valid")
    x, target = golden.lesson(net)
    loss, gradients = npsr.loss_and_gradients(
        net.astype("float64"), x.astype(np.float64), target.astype(np.float64)
    )
    case = {"net": network_value(net), "x": x, "target": target, "shape": [len(x), *x.shape[2:]]}
    case = json.loads(json.dumps(case, default=plain))
    cost = in_page(shared, "npsr.lossAndGradients(a.net, a.x, a.target, a.shape)", case)
    assert cost["loss"] == pytest.approx(loss, rel=1e-6)
    for key, gradient in gradients.items():
        np.testing.assert_allclose(
            cost["gradients"][key], gradient.ravel(), atol=1e-6 * np.abs(gradient).max()
        )


def test_the_contracts_pictures(shared, go, rng):
    a, b = rng.uniform(0, 255, (2, 12, 18))
    argument = {"a": a.ravel().tolist(), "b": b.ravel().tolist()}
    for factor in (2, 3, 4, 1 / 2, 1 / 3):
        made = in_page(shared, f"npsr.bicubic(a.a, 12, 18, {factor!r})", argument)
        expected = npsr.imresize(a, factor)
        assert made["shape"] == list(expected.shape)
        np.testing.assert_allclose(made["y"], expected.ravel(), atol=1e-5 * np.abs(expected).max())
    decibels = in_page(shared, "npsr.psnr(a.a, a.b, 12, 18, 3)", argument)
    assert decibels == pytest.approx(npsr.psnr(a[3:-3, 3:-3], b[3:-3, 3:-3]), rel=1e-9)


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("width", [320, 1280])
def test_no_sideways_scrolling_and_no_barrier(opened, axe, width, scheme):
    page = opened(viewport={"width": width, "height": 800}, color_scheme=scheme)
    wide = page.tab.evaluate("document.documentElement.scrollWidth")
    assert wide <= width
    page.tab.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    page.tab.evaluate(axe)
    found = page.tab.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
    assert [(one["id"], [node["target"] for node in one["nodes"]][:4]) for one in found] == []
    assert page.tab.evaluate("document.documentElement.scrollWidth") <= width


def test_the_state_survives_a_reload(opened):
    page = opened(
        "#convolution?convolution.row=3&convolution.column=9&convolution.layer=3&network=fsrcnn-s_x3"
    )
    page.tab.locator("#convolution canvas[tabindex]").press("ArrowDown")
    page.tab.wait_for_function("location.hash.includes('convolution.row=4')")
    page.idle()
    before = page.text("convolution", "result")
    page.tab.reload()
    page.idle()
    assert page.text("convolution", "result") == before
    assert page.tab.input_value("header select >> nth=0") == "fsrcnn-s_x3"


def test_nonsense_in_the_address_is_left_out(go):
    page = go("#convolution?convolution.row=NaN&convolution.layer=99&network=none&x=%zz&edit.edits=1.2:e")
    assert (
        page.tab.locator("section.panel > .body > .problem").evaluate_all(
            "all => all.map((p) => p.textContent).join('')"
        )
        == ""
    )
    assert re.match(r"−?\d", page.text("convolution", "result"))


def test_everything_by_keyboard(opened):
    page = opened()
    tab = page.tab
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    for place, panel in enumerate(PANELS):
        tab.locator("#contents a").nth(place).press("Enter")
        assert tab.evaluate("document.activeElement.id") == panel
        stops = _stops_within(tab, panel)
        assert len(stops) < 40, "too many stops for Tab"
        assert set(stops) & {"SELECT", "INPUT", "BUTTON", "CANVAS", "TD"}


def _stops_within(tab, panel):
    """What Tab stops at in a panel, from its beginning to its end."""
    stops = []
    while True:
        tab.keyboard.press("Tab")
        place = tab.evaluate(
            "[document.activeElement.closest?.('section')?.id, document.activeElement.tagName]"
        )
        if place[0] != panel:
            return stops
        stops.append(place[1])


def test_arrow_keys_step_through_the_taps(go):
    page = go("#convolution?")
    tab = page.tab
    tab.locator("#convolution [role=grid] td[tabindex='0']").first.focus()
    for key, tap in (("ArrowRight", 1), ("ArrowDown", 6)):
        tab.keyboard.press(key)
        tab.wait_for_function(f"location.hash.includes('convolution.tap={tap}')")
        page.idle()
    page.idle()
    assert tab.evaluate("document.activeElement.getAttribute('aria-selected')") == "true"
    assert "w[1,1]" in tab.locator("#convolution").inner_text()


def test_a_guess_uncovers_the_answer(go):
    page = go("#convolution?")
    tab = page.tab
    tab.locator("#convolution .predict summary").press("Enter")
    tab.wait_for_selector("#convolution.guessing")
    assert not tab.locator("#convolution [data-name=result]").is_visible()
    tab.locator("#convolution .predict input").first.press("Space")
    tab.locator("#convolution .predict button").press("Enter")
    tab.wait_for_selector("#convolution:not(.guessing)")
    assert tab.locator("#convolution .verdict").inner_text().startswith("Yes")
    assert tab.locator("#convolution [data-name=result]").is_visible()


def test_a_guess_and_unfolded_lines_survive_a_reload(opened):
    page = opened("#map?map.predict=0&map.lines=open&prelu.predict=open")
    for _ in range(2):
        assert page.tab.locator("#map .verdict").inner_text().startswith("You said “the first, 5 × 5”.")
        assert page.tab.locator("#map .lines pre").first.is_visible()
        assert not page.tab.locator("#prelu [data-name=psnr]").is_visible()
        assert page.tab.locator("#map [data-name=weights]").is_visible()
        page.tab.reload()
        page.idle()
    page.tab.locator("#map .predict summary").press("Enter")
    page.tab.wait_for_function("!location.hash.includes('map.predict')")


def test_a_link_leads_to_a_step_of_the_training(opened):
    page = opened("#train?train.step=30&train.seed=3")

    def arrived():
        """The loss of step 30, once the page has trained so far and taken note of it."""
        page.tab.wait_for_function(
            "document.querySelector(\"#train [data-name='step']\").textContent === '30'"
            " && document.querySelector('#train .play').textContent === 'Train'"
        )
        page.idle()
        return page.text("train", "loss")

    first = arrived()
    page.tab.reload()
    page.idle()
    assert arrived() == first
    page.tab.locator("#train button", has_text="One step").click()
    page.tab.wait_for_function("location.hash.includes('train.step=31')")
    page.tab.locator("#train button", has_text="Restart").click()
    page.tab.wait_for_function("!location.hash.includes('train.step')")
    assert page.value("train", "step") == 0


def test_a_mouse_that_passes_over_shows_a_pixel_for_a_moment(opened):
    page = opened("#convolution")
    before = page.text("convolution", "result")
    canvas = page.tab.locator("#convolution canvas[role=application]")
    canvas.hover(position={"x": 10, "y": 30})
    page.tab.wait_for_function(
        "(before) => document.querySelector(\"#convolution [data-name='result']\").textContent !== before",
        arg=before,
    )
    page.tab.mouse.move(0, 0)
    page.tab.wait_for_function(
        "(before) => document.querySelector(\"#convolution [data-name='result']\").textContent === before",
        arg=before,
    )
    assert "convolution.row" not in page.tab.url


def test_files_that_cannot_be_shown_are_told_and_the_page_goes_on(opened, tmp_path):
    page = opened()
    tab = page.tab
    (tmp_path / "no.npz").write_bytes(b"no archive at all")
    net = npsr.fsrcnn(4, 2, 0, 2, border="replicate")
    npsr.save(net, tmp_path / "nan.npz")
    raw = bytearray((tmp_path / "nan.npz").read_bytes())
    place = raw.find(net.parameters["feature.weight"].tobytes())
    raw[place : place + 4] = np.float32(np.nan).tobytes()
    (tmp_path / "nan.npz").write_bytes(raw)
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    (tmp_path / "huge.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9000" height="9000"/>')
    for name, told in {
        "no.npz": "no zip archive",
        "nan.npz": "feature.weight is NaN",
        "broken.png": "cannot be read as a picture",
        "huge.svg": "9000 × 9000 pixels",
    }.items():
        tab.set_input_files("header input[type=file]", tmp_path / name)
        tab.wait_for_function("(told) => document.querySelector('header').innerText.includes(told)", arg=told)
    assert page.value("map", "weights") == 12464


def test_an_own_picture_is_enlarged_and_can_be_saved(opened, tmp_path, scene):
    from PIL import Image

    Image.fromarray((scene(90, 120, 3) * 255).astype(np.uint8)).save(tmp_path / "mine.png")
    page = opened("#enlarge?enlarge.task=enlarge")
    page.tab.set_input_files("header input[type=file]", tmp_path / "mine.png")
    page.tab.wait_for_function("document.querySelector('#enlarge').innerText.includes('360 × 270')")
    with page.tab.expect_download() as download:
        page.tab.click("#enlarge button:has-text('Save')")
    with Image.open(download.value.path()) as saved:
        expected = npsr.upscale(np.array(Image.open(tmp_path / "mine.png")), 3)
        difference = np.abs(np.array(saved.convert("RGB")).astype(int) - expected)
    assert download.value.suggested_filename == "mine_fsrcnn_x3.png"
    assert difference.max() <= 2


def test_tiles_leave_no_seam(shared, go, networks, rng):
    plane = rng.random((110, 200), dtype=np.float32)
    argument = {"plane": plane.ravel().tolist()}
    made = shared.tab.evaluate(
        """async (a) => {
            const { enlarged } = modules["work/engine.js"], plane = Float32Array.from(a.plane);
            return Array.from(await enlarged(npsr.network("fsrcnn-s", 3), plane, 110, 200));
        }""",
        argument,
    )
    expected = networks["fsrcnn-s", 3](plane[None, None], engine="plain")
    np.testing.assert_allclose(made, expected.ravel(), atol=1e-5 * np.abs(expected).max())


def test_without_workers_the_page_does_the_work_itself(browser, page_file):
    page = Opened(browser, page_file)
    page.tab.add_init_script("window.Worker = function () { throw new Error('forbidden'); };")
    page.open("#enlarge")
    page.tab.wait_for_selector("#enlarge .body[data-done]")
    assert page.value("enlarge", "psnr-network") > page.value("enlarge", "psnr-bicubic")
    page.context.close()
    assert page.problems == []


def test_a_notebooks_frame_works(browser, tmp_path):
    net = npsr.fsrcnn(4, 2, 1, 2, border="replicate")
    (tmp_path / "notebook.html").write_text(f"<title>notebook</title>{npsr.explore(net)._repr_html_()}")
    page = Opened(browser, tmp_path / "notebook.html")
    page.tab.goto(page.address)
    frame = page.tab.frame_locator("iframe")
    frame.locator("#enlarge .body[data-done]").wait_for()
    frame.locator("#contents a", has_text="Design").click()
    assert frame.locator("#map [data-name=weights]").text_content() == str(npsr.weight_count(net))
    page.context.close()
    assert page.problems == []

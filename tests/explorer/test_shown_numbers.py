"""Grids, thumbnails, curves and tables: what the panels print and paint, against the Python kernels."""

import json

import numpy as np
import pytest
from explorer import golden

import npsr
from npsr.networks.network import forward, layer_backward
from npsr_kernels.deconv2d import deconv2d_forward

READ = "rows => rows.map((row) => [...row.cells].map((cell) => cell.textContent))"


@pytest.fixture(scope="module")
def net(networks):
    return networks["fsrcnn", 3]


@pytest.fixture(scope="module")
def passes(net):
    return golden.passes(net)


def cells(page, panel, label):
    """The numbers of a grid as the page prints them, times the unit under it."""
    grid = page.tab.locator(f"#{panel} table.grid[aria-label='{label}']")
    rows = grid.locator("tr").evaluate_all(READ)
    unit = grid.locator("caption").text_content().removeprefix("times ")
    return np.array([[float(text.replace("−", "-")) for text in row] for row in rows]) * float(unit or 1)


def printed(values):
    """Numbers with as many digits as a grid has: two, of the largest's power of ten unless that is 1."""
    top = np.abs(values).max()
    unit = 10.0 ** float(np.floor(np.log10(top))) if top < 0.1 or top >= 100 else 1.0
    return pytest.approx(np.asarray(values, np.float64), abs=0.00502 * unit)


def painted(page, selector):
    """Red, green and blue of a canvas."""
    read = "c => Array.from(c.getContext('2d').getImageData(0, 0, c.width, c.height).data)"
    canvas = page.tab.locator(selector)
    rgba = np.array(canvas.evaluate(read), np.int64)
    return rgba.reshape(*canvas.evaluate("c => [c.height, c.width]"), 4)[..., :3]


def signed(plane):
    """Blue below 0, white, orange above, up to the largest magnitude."""
    white = np.array([250, 250, 250])
    ends = np.where((plane < 0)[..., None], [33, 102, 172], [224, 122, 20])
    return np.round(white + (ends - white) * (np.abs(plane) / np.abs(plane).max())[..., None])


def in_numbers(page, panel, chart):
    """The rows of the table under a chart."""
    figure = page.tab.locator(f"#{panel} figure.plot", has=page.tab.locator(f"[aria-label='{chart}']"))
    figure.locator("summary").evaluate("one => { one.parentElement.open = true; }")
    figure.locator("tbody tr").first.wait_for()
    rows = figure.locator("tbody tr").evaluate_all(READ)
    return np.array([[float(text.replace("−", "-") or "nan") for text in row] for row in rows])


def test_map_paints_every_thumbnail(go, passes):
    page = go("#map?map.layer=4")
    layer, _, y = passes[4]
    assert layer.name == "mapping_1"
    for channel in range(12):
        shown = painted(page, f"#map .maps button[aria-label='map {channel}'] canvas")
        assert np.abs(shown - signed(y[0, channel].astype(np.float64))).max() <= 1
    low, high, mean = y[0, 0].min(), y[0, 0].max(), y[0, 0].mean()
    told = page.tab.locator("#map .body").inner_text().replace("−", "-")
    assert f"from {low:.3f} to {high:.3f}, mean {mean:.3f}" in told


def test_convolution_prints_window_filter_and_products(go, net, passes):
    page = go(
        "#convolution?convolution.layer=0&convolution.filter=5&convolution.row=7&convolution.column=30&convolution.tap=3"
    )
    window = passes[0][1][0, 0, 5:10, 28:33]
    weight = net.parameters["feature.weight"][5, 0]
    assert cells(page, "convolution", "Window of the input") == printed(window)
    assert cells(page, "convolution", "Filter (weights)") == printed(weight)
    assert cells(page, "convolution", "Products") == printed(window * weight)
    assert page.value("convolution", "running") == pytest.approx(
        float((window * weight)[0, :4].sum()), abs=2e-6
    )
    shown = painted(page, "#convolution canvas[role=application]")
    assert np.abs(shown - signed(passes[0][2][0, 5].astype(np.float64))).max() <= 1


def test_prelus_histogram(go, passes):
    page = go("#prelu?prelu.layer=1&prelu.channel=4&prelu.slope=-0.5")
    before = passes[3][1][0, 4].astype(np.float64).ravel()
    after = np.where(before > 0, before, -0.5 * before)
    reach = np.abs(before).max()
    edges = np.linspace(-reach, reach, 41)
    expected = [np.histogram(values, edges)[0] / before.size for values in (before, after)]
    table = in_numbers(page, "prelu", "Histogram of values before and after")
    np.testing.assert_allclose(table[:, 0], (edges[1:] + edges[:-1]) / 2, atol=1e-6)
    for column, counts in zip(table.T[1:], expected, strict=True):
        assert (
            np.abs(column - counts).sum() <= 2.5 / before.size
        )  # a value on an edge may fall on its other side


def test_deconvolution_prints_taps_products_and_phases(go, net, passes):
    page = go("#deconvolution?deconvolution.feature=7&deconvolution.row=10&deconvolution.column=4")
    x = passes[-1][1][0, 7, 21:27, 21:27]
    weight = net.parameters["deconvolution.weight"][7, 0]
    assert cells(page, "deconvolution", "Input x") == printed(x)
    assert cells(page, "deconvolution", "Filter w") == printed(weight)
    told = page.tab.locator("#deconvolution .body").inner_text().replace("−", "-")
    products = {
        f"x[{h},{w}]·w[{u},{v}]": float(x[h, w]) * float(weight[u, v])
        for h in range(6)
        for w in range(6)
        for u, v in [(13 - 3 * h, 7 - 3 * w)]
        if 0 <= u < 9 and 0 <= v < 9
    }
    assert len(products) == 9
    for name, product in products.items():
        assert float(told.split(f"{name} = ")[1].split(",")[0].split()[0]) == pytest.approx(product, abs=6e-7)


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_deconvolution_counts_by_phase(go, factor):
    page = go(f"#deconvolution?deconvolution.n={factor}")
    ones = np.ones((1, 1, 9, 9), np.float32)
    p = {2: 4, 3: 3, 4: 3}[factor]
    full = deconv2d_forward(ones, ones, np.zeros(1, np.float32), factor)[0, 0]
    start = p + 4 * factor
    expected = full[start : start + factor, start : start + factor]
    shown = cells(page, "deconvolution", "Products far from the border, by phase")
    np.testing.assert_array_equal(np.round(shown), expected)


def test_backward_paints_dx_and_prints_the_products(go, net):
    page = go(
        "#backward?backward.layer=4&backward.filter=7&backward.channel=2&backward.row=3&backward.column=4"
    )
    x, target = golden.lesson(net)
    valid, saved = net.with_border("valid"), []
    y = forward(valid, x[:1], saved)
    dy = 2 * (y - target[:1])
    for place in range(len(valid.layers) - 1, 4, -1):
        dy, _ = layer_backward(valid.layers[place], valid.parameters, dy, saved[place])
    dx, _ = layer_backward(valid.layers[4], valid.parameters, dy, saved[4])
    weight = net.parameters["mapping_1.weight"][7, 2]
    assert cells(page, "backward", "Filter w") == printed(weight)
    assert cells(page, "backward", "Products") == pytest.approx(
        weight * dy[0, 7, 3, 4], rel=2e-2, abs=1e-2 * float(np.abs(weight * dy[0, 7, 3, 4]).max())
    )
    shown = painted(page, "#backward canvas[aria-label^='dx']")
    assert np.abs(shown - signed(dx[0, 2].astype(np.float64))).max() <= 2


def test_gradient_checks_curves(go, net):
    page = go("#gradient-check?gradient-check.tensor=6&gradient-check.entry=17")
    page.tab.wait_for_selector("#gradient-check .body[data-done*=' none mapping_1.weight 17']")
    table = in_numbers(page, "gradient-check", "Relative error against ε, float32 and float64")
    x, target = golden.lesson(net)
    errors = {
        dtype: _errors(net, x.astype(dtype), target.astype(dtype), dtype, table[:, 0])
        for dtype in ("float64", "float32")
    }
    for column, dtype, coarse in ((1, "float64", 10**-2.2), (2, "float32", 10**-0.7)):
        large = table[:, 0] > coarse
        np.testing.assert_allclose(table[large, column], errors[dtype][large], rtol=0.05)
    for double, single in ((table[:, 1], table[:, 2]), (errors["float64"], errors["float32"])):
        assert double.min() < 1e-8
        assert single.min() > 1e-6


def _errors(net, x, target, dtype, steps):
    """Relative error of the central difference of one weight, for each step."""
    net = net.with_border("valid")
    wide = net.astype("float64")
    _, gradients = npsr.loss_and_gradients(wide, x.astype(np.float64), target.astype(np.float64))
    true = gradients["mapping_1.weight"].ravel()[17]
    found = []
    for epsilon in steps:
        losses = []
        for sign in (1, -1):
            moved = {key: p.astype(dtype) for key, p in net.parameters.items()}
            moved["mapping_1.weight"].flat[17] = wide.parameters["mapping_1.weight"].flat[17] + sign * epsilon
            y = forward(npsr.Network(net.name, net.scale, net.layers, moved), x)
            losses.append(
                np.asarray((y.astype(np.float64) - target) ** 2).sum().astype(dtype) / np.asarray(2, dtype)
            )
        numeric = float(losses[0] - losses[1]) / (2 * epsilon)
        found.append(abs(numeric - true) / max(abs(numeric), abs(true), 1e-30))
    return np.array(found)


def test_edit_prints_the_filter_and_what_each_feature_is_worth(go, net, passes):
    page = go("#edit?edit.feature=26")
    assert cells(page, "edit", "Filter of the feature") == printed(
        net.parameters["deconvolution.weight"][26, 0]
    )
    high, _, x = golden.specimen(net)
    whole = golden.psnr(passes[-1][2][0, 0], high, 3)
    for feature in (26, 31, 52):
        weight = net.parameters["deconvolution.weight"].copy()
        weight[feature] = 0
        without = forward(
            npsr.Network(net.name, net.scale, net.layers, net.parameters | {"deconvolution.weight": weight}),
            x,
        )
        lost = golden.psnr(without[0, 0], high, 3) - whole
        text = (
            page.tab.locator(f"#edit .maps button[data-feature='{feature}']").inner_text().replace("−", "-")
        )
        assert float(text.split(": ")[1]) == pytest.approx(float(lost), abs=0.0055)


def test_your_network_compares_tensors(go, networks):
    page = go("#your-network?your-network.a=fsrcnn_x3&your-network.b=fsrcnn_x2")
    a, b = networks["fsrcnn", 3], networks["fsrcnn", 2]
    rows = page.tab.locator("#your-network tbody tr").evaluate_all(READ)
    assert [row[0] for row in rows] == list(a.parameters)
    for key, most, relative in rows:
        difference = a.parameters[key].astype(np.float64) - b.parameters[key]
        assert float(most) == pytest.approx(np.abs(difference).max(), abs=5.1e-5)
        assert float(relative) == pytest.approx(
            np.linalg.norm(difference) / np.linalg.norm(a.parameters[key]), abs=5.1e-5
        )


def test_design_lists_and_draws_the_points(go):
    page = go("#design")
    points = json.loads((golden.PICTURE.parents[1] / "design.json").read_text())
    points = points["transitions"] + points["settings"]
    rows = page.tab.locator("#design table[aria-label='points'] tbody tr").evaluate_all(READ)
    assert [row[0] for row in rows] == [row["name"] for row in points]
    drawn = page.tab.locator("#design circle title").evaluate_all("all => all.map((one) => one.textContent)")
    for (_, weights, ours, paper), row in zip(rows, points, strict=True):
        assert int(weights.replace("\u202f", "")) == row["weights"]
        assert float(ours) == pytest.approx(row["ours"], abs=0.0051)
        assert paper == str(row["paper"])
        assert f"{row['name']}: {row['paper']} dB" in drawn

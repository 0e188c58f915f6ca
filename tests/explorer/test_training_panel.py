"""The page's training against the same training in Python: chance, samples, the first hundred losses."""

import numpy as np
import pytest
from explorer import golden
from explorer.javascript import calls, needs_node

import npsr

BATCH = 16
STEPS = 3000


def uniform(seed):
    """Mulberry32, the page's generator of chance, in [0, 1)."""
    state = seed % 2**32
    while True:
        state = (state + 0x6D2B79F5) % 2**32
        t = (state ^ (state >> 15)) * (state | 1) % 2**32
        t ^= (t + (t ^ (t >> 7)) * (t | 61)) % 2**32
        yield (t ^ (t >> 14)) / 2**32


def start(seed, scale=3):
    """FSRCNN(8,4,1) with the page's first weights: sums of twelve uniform numbers, less 6."""
    net = npsr.fsrcnn(8, 4, 1, scale, border="valid")
    draw = uniform(seed)
    for key, p in net.parameters.items():
        if key.endswith(".weight"):
            deviation = (
                0.001 if key.startswith("deconvolution") else np.sqrt(2 / (p.shape[0] * p.shape[2] ** 2))
            )
            numbers = [deviation * (sum((next(draw) for _ in range(12)), -6.0)) for _ in range(p.size)]
            p[...] = np.reshape(numbers, p.shape)
    return net


def samples(high, scale=3, stride=2):
    """All sub-images of 11 × 11 and their labels of 19 × 19, two LR pixels apart."""
    low = npsr.low_resolution(high / 255.0, scale).astype(np.float32)
    last = [min(low.shape[a] - 11, (high.shape[a] - 19 - 7) // 3) for a in (0, 1)]
    for i in range(0, last[0] + 1, stride):
        for j in range(0, last[1] + 1, stride):
            label = high[3 * i + 7 : 3 * i + 26, 3 * j + 7 : 3 * j + 26] / 255.0
            yield low[None, i : i + 11, j : j + 11], label[None].astype(np.float32)


def losses(method, rate, steps, seed=0):
    """The losses of a training in Python by npsr's own gradients and steps."""
    net = start(seed)
    x, target = map(np.stack, zip(*samples(golden.luma()), strict=True))
    velocity, square = ({key: np.zeros_like(p) for key, p in net.parameters.items()} for _ in range(2))
    told = []
    for step in range(steps):
        draw = uniform(seed * 7919 + step + 1)
        chosen = [int(next(draw) * len(x)) for _ in range(BATCH)]
        loss, gradients = npsr.loss_and_gradients(net, x[chosen], target[chosen], engine="plain")
        told.append(loss)
        halves = {key: gradient / 2 for key, gradient in gradients.items()}
        now = rate * max(0.02, 1 - step / STEPS)
        if method == "adam":
            rates = dict.fromkeys(net.parameters, now)
            npsr.adam_step(net.parameters, halves, velocity, square, rates, step + 1)
        else:
            momentum = 0.9 if method == "momentum" else 0.0
            npsr.sgd_step(net.parameters, halves, velocity, npsr.paper_rates(net, now), momentum)
    return told


@needs_node
def test_chance_and_first_weights():
    expected = start(7)
    (made,) = calls("mathematics/training.js", "m.initialised(8, 4, 1, 3, 7).parameters", [{}])
    assert list(made) == list(expected.parameters)
    for key, p in expected.parameters.items():
        np.testing.assert_allclose(made[key], p.ravel(), rtol=1e-6, atol=1e-9)


@needs_node
@pytest.mark.parametrize(("method", "rate"), [("adam", 5e-3), ("momentum", 1e-3), ("sgd", 3e-3)])
def test_every_method_takes_the_same_steps(method, rate):
    expression = """(() => {
        const samples = m.samplesOf(a.high, 192, 192, 3);
        const state = m.freshState(m.initialised(8, 4, 1, 3, 0));
        const momentum = a.method === "sgd" ? 0 : 0.9;
        const options = {method: a.method, rate: a.rate, seed: 0, batch: 16, momentum};
        return m.train(state, samples, options, 40).losses;
    })()"""
    case = {"high": golden.luma() / 255.0, "method": method, "rate": rate}
    (made,) = calls("mathematics/training.js", expression, [case])
    np.testing.assert_allclose(made, losses(method, rate, 40), rtol=2e-3)


def test_the_loss_of_step_100_in_the_browser(go):
    page = go("#train")
    page.tab.click("#train .play")
    page.tab.wait_for_function(
        """() => /^[0-9]/.test(document.querySelector("#train [data-name='loss-100']").textContent)"""
    )
    page.tab.click("#train .play")
    expected = losses("adam", 10**-2.3, 100)[-1]
    assert page.value("train", "loss-100") == pytest.approx(expected, rel=5e-3)

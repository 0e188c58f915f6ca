"""How fast the explorer computes: its scripts in node by processor time, the page in Chromium by a clock."""

import argparse
import json
import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image
from playwright.sync_api import sync_playwright

import npsr
from npsr.explorer.modules import order, script
from npsr.explorer.page import PAGE

ENLARGE = """async (side) => {
  const plane = Float32Array.from({ length: side * side }, (_, k) => ((k * 7919) % 1000) / 1000);
  const begun = performance.now();
  await modules["work/engine.js"].enlarged(npsr.network("fsrcnn(56,12,4)", 3), plane, side, side);
  return (performance.now() - begun) / 1000;
}"""
PASSED = "/passed bicubic at step [0-9]+/.exec(document.querySelector('#train').innerText)?.[0]"
PROGRAM = """
const { layers, parameters, luma } = JSON.parse(require("fs").readFileSync(0, "utf8"));
for (const key in parameters) parameters[key] = Float32Array.from(parameters[key]);
const plane = Float32Array.from({ length: 96 * 96 }, (_, k) => ((k * 7919) % 1000) / 1000);
for (let k = 0; k < 8; k++) {
  const before = process.cpuUsage();
  const details = { network: { layers, parameters }, plane, rows: 96, columns: 96, box: [0, 0, 96, 96] };
  modules["mathematics/jobs.js"].work("tile", details);
  const { user, system } = process.cpuUsage(before);
  console.log(`node, processor time: 96 × 96 LR, run ${k + 1}: ${((user + system) / 1e6).toFixed(3)} s`);
}
const training = modules["mathematics/training.js"];
const options = { method: "adam", rate: 10 ** -2.3, seed: 0, batch: 16 };
const state = training.freshState(training.initialised(8, 4, 1, 3, 0)), before = process.cpuUsage();
training.train(state, training.samplesOf(luma, 192, 192, 3), options, 1300);
const { user, system } = process.cpuUsage(before);
console.log(`node, processor time: 1300 steps of the training: ${((user + system) / 1e6).toFixed(1)} s`);
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--browser", default=shutil.which("chromium"), help="the program of Chromium")
    options = parser.parse_args()
    net = npsr.load("fsrcnn", 3)
    in_node(net)
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        page = Path(folder) / "page.html"
        page.write_text(npsr.explore(net).page, encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=options.browser, args=["--no-sandbox"])
        tab = browser.new_page()
        tab.set_default_timeout(600_000)
        tab.goto(page.as_uri() + "#train")
        tab.wait_for_selector("#enlarge .body[data-done]")
        first = tab.locator("#enlarge [data-name=seconds]").text_content()
        print(f"Chromium: the page's first enlargement, 64 × 64 LR, while it is drawn: {first}")
        for side in (96, 96, 96, 96, 171, 512):
            print(f"Chromium: {side} × {side} LR, ×3: {tab.evaluate(ENLARGE, side):.3f} s")
        tab.evaluate("window.begun = performance.now()")
        tab.click("#train .play")
        tab.wait_for_function(PASSED)
        seconds = tab.evaluate("(performance.now() - begun) / 1000")
        print(f"Chromium: the training {tab.evaluate(PASSED)} after {seconds:.1f} s")
        browser.close()
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")


def in_node(net: npsr.Network) -> None:
    """Processor time of the worker's job, without a browser."""
    node = shutil.which("node")
    if node is None:
        print("no node on the path: processor time is left out")
        return
    layers = [{"kind": type(layer).__name__, **vars(layer)} for layer in net.layers]
    parameters = {key: p.ravel().tolist() for key, p in net.parameters.items()}
    program = f"const modules = {{}};{script(PAGE, order(PAGE, 'mathematics/jobs.js'))}{PROGRAM}"
    luma = npsr.luma(np.asarray(Image.open(PAGE / "pictures" / "cat.png"))) / 255
    details = json.dumps({"layers": layers, "parameters": parameters, "luma": luma.ravel().tolist()})
    subprocess.run([node, "-e", program], input=details, text=True, check=True)


if __name__ == "__main__":
    main()

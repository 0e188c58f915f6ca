"""The benchmark runs, compares results before it times them, and writes what it measured."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.running import needs_jit

ROOT = Path(__file__).parents[2]
BENCH = ROOT / "experiments" / "bench_peers.py"


def bench(*arguments):
    paths = os.pathsep.join([str(ROOT / "kernels"), str(ROOT)])
    return subprocess.run(
        [sys.executable, str(BENCH), *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )


@needs_jit
def test_our_own_side(tmp_path):
    file, picture = tmp_path / "peers.json", tmp_path / "peers.png"
    options = ["--quick", "--only", "npsr", "--sizes", "9x8,12x10", "--json", file, "--plot", picture]
    done = bench(*options, "--cases", "fsrcnn-s_x3,srcnn_x3,training")
    assert done.returncode == 0, done.stderr
    result = json.loads(file.read_text())
    sizes = [(case["name"], case["width"], case["height"]) for case in result["cases"]]
    assert sizes == [(name, *size) for name in ("fsrcnn-s_x3", "srcnn_x3") for size in ((9, 8), (12, 10))]
    assert result["cases"][0]["flops"] == 2 * 3937 * 72
    assert result["cases"][2]["flops"] == 2 * 8032 * 9 * 72
    assert {"processor", "cores", "versions", "date", "commit"} <= set(result["machine"])
    for contenders in [*(case["contenders"] for case in result["cases"]), result["training"]]:
        for timing in contenders.values():
            assert 0 < timing["best_ms"] <= timing["median_ms"]
            assert timing["best_rate"] >= timing["median_rate"] > 0
    assert picture.stat().st_size > 0


def test_unknown_names_are_refused():
    for arguments in (["--only", "caffe"], ["--cases", "espcn_x3"]):
        done = bench(*arguments)
        assert done.returncode == 1
        assert "but takes" in done.stderr
        assert "Traceback" not in done.stderr


@needs_jit
def test_a_wrong_peer_is_not_timed(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCH.parent))
    import bench_peers
    import contenders
    import measuring

    monkeypatch.setitem(contenders.CONTENDERS, "npsr", lambda net, x, sub_pixel: lambda: 1.001 * net(x))
    entry = bench_peers.run_case(bench_peers.Case("fsrcnn-s", 3, 6, 5), ["npsr"], measuring.QUICK, [])
    assert "its output is not that of the plain kernels" in entry["contenders"]["npsr"]["failure"]


@pytest.mark.parametrize("name", ["ncnn", "onnxruntime", "openvino", "torch", "cv2"])
def test_peers_compute_the_same(name, rng, monkeypatch):
    pytest.importorskip(name)
    pytest.importorskip("onnx")
    import numpy as np

    monkeypatch.syspath_prepend(str(BENCH.parent))
    import bench_peers
    from contenders import CONTENDERS

    import npsr

    for network, scale in (("fsrcnn-s", 2), ("fsrcnn-s", 4), ("srcnn", 3)):
        net = bench_peers.lively(npsr.build(network, scale))
        x = rng.random((1, 1, 7, 10), np.float32)
        for sub_pixel in (False, True):
            y = CONTENDERS["opencv" if name == "cv2" else name](net, x, sub_pixel)()
            np.testing.assert_allclose(y, net(x), rtol=0, atol=1e-4)

"""`npsr bench` and `npsr warmup`, and what they stand on."""

import json
from collections import Counter

import numba
import numpy as np
import pytest
from helpers.networks import plan_of, trained
from helpers.running import needs_jit, run

import npsr
from npsr.benchmark.measure import measure_stages
from npsr.benchmark.timing import Plan, interleaved
from npsr.networks import inference_engine
from npsr_kernels.stream import inference
from npsr_kernels.stream.step_times import run_timed

SHORT = Plan(blocks=2, seconds=0, pause=0)


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr("npsr.benchmark.measure.Plan", lambda: SHORT)
    monkeypatch.setattr("npsr.benchmark.measure.SGEMM_SIDE", 32)


@needs_jit
def test_bench(capsys, tmp_path, short):
    file = tmp_path / "r.json"
    arguments = ["bench", "-m", "fsrcnn-s", "srcnn", "-s", 2, "--size", "12x9", "--json", file]
    code, out, _ = run(capsys, *arguments)
    assert code == 0
    assert out.count("24×18") == 2
    assert "expanding + deconvolution" in out
    result = json.loads(file.read_text())
    assert {"processor", "cores", "load before", "versions", "date"} <= set(result["machine"])
    small, enlarged = result["networks"]
    assert (small["model"], enlarged["model"]) == ("fsrcnn-s ×2", "srcnn ×2")
    for entry, multiplications in ((small, 3937 * 9 * 12), (enlarged, 8032 * 18 * 24)):
        assert entry["gflops"] * entry["median_ms"] == pytest.approx(2e-6 * multiplications)
        assert entry["megapixels"] == pytest.approx(entry["fps"] * 18 * 24 / 1e6)
        assert entry["best_ms"] <= entry["median_ms"]
        assert entry["sgemm_gflops"] > 0
    assert run(capsys, *arguments)[0] == 2  # the file is kept


@needs_jit
def test_bench_takes_files_and_threads(capsys, tmp_path, short, monkeypatch):
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(variable, "2")  # restored afterwards
    npsr.save(npsr.fsrcnn(2, 2, 0, 4, dtype="float64"), tmp_path / "own.npz")
    code, out, _ = run(capsys, "bench", "-m", tmp_path / "own.npz", "--size", "8x5", "-j", 1)
    assert code == 0
    assert "own.npz ×4" in out
    assert "32×20" in out
    assert ", 1 of " in out


def test_mistakes(capsys):
    for size in ("12", "x9", "12x0", "axb"):
        assert run(capsys, "bench", "--size", size)[0] == 2
    assert "espcn" in run(capsys, "bench", "-m", "espcn")[2]


@needs_jit
@pytest.mark.parametrize(
    ("name", "stages"),
    [
        ("fsrcnn-s", [["feature", "shrinking"], ["mapping_1"], ["expanding", "deconvolution"]]),
        ("srcnn", [["extraction", "mapping"], ["reconstruction"]]),
        ("srcnn-ex", [["extraction"], ["mapping"], ["reconstruction"]]),
        ("transition-1", [["feature"], ["mapping"], ["deconvolution"]]),
    ],
)
def test_the_stages_are_the_networks_layers(name, stages, short):
    net = npsr.build(name, 3)
    assert inference_engine.stages(net.layers, net.parameters) == stages
    entry = measure_stages(net, 5, 6)
    assert [stage["layers"] for stage in entry["stages"]] == stages


@needs_jit
@pytest.mark.parametrize("name", ["fsrcnn(6,4,2)", "srcnn"])
def test_a_network_run_part_by_part(name, rng):
    """Every stage's every step is run once, in its turn: nothing else yields the same bits."""
    plan = plan_of(trained(npsr.build(name, 3), rng))
    x = rng.random((2, 1, 21, 17)).astype(np.float32)
    out, seconds = run_timed(plan, x, threads=2)
    assert np.array_equal(out, inference.run(plan, x, threads=2))
    assert seconds.shape[1] == len(plan.stages) + 2
    assert (seconds > 0).all()


EMPTY = 9e-6
MANY_PASSES = Plan(blocks=1, seconds=50, most_calls=1, pause=0)  # by the clock below


@pytest.fixture
def busy_machine(monkeypatch):
    """A clock that the kernel alone moves: parts of known length, two calls in five interrupted.

    Yields the lengths, by line buffer, and the time that went into each of them.
    """
    lengths, spent, noise, clock = {}, Counter(), np.random.default_rng(0), [0.0]

    def stream(frame, task, spans, *rest):
        for active in np.flatnonzero(spans[:, 0] <= spans[:, 1]).tolist():
            spent[active] += lengths[active]
            clock[0] += lengths[active]
        clock[0] += EMPTY + (noise.exponential(1e-2) if noise.random() < 0.4 else 0)

    monkeypatch.setattr("npsr_kernels.stream.step_times.stream", stream)
    monkeypatch.setattr("npsr_kernels.stream.step_times.perf_counter", lambda: clock[0])
    monkeypatch.setattr("npsr.benchmark.measure.perf_counter", lambda: clock[0])
    return lengths, spent


@needs_jit
def test_stages_on_a_busy_machine(busy_machine, short):
    """Interruptions of a thousand times a step's length do not show, and twins come out alike."""
    lengths, spent = busy_machine
    lengths.update(enumerate([3e-6, 3e-5, 2e-5, 2e-5, 2e-5, 2e-5, 8e-5]))
    entry = measure_stages(npsr.fsrcnn(4, 4, 4), 400, 10, 1, MANY_PASSES)
    shares = [stage["best_ms"] / entry["best_ms"] for stage in entry["stages"]]
    loading, *stages = spent.values()
    stages[0] += loading
    assert shares == pytest.approx([stage / sum(stages) for stage in stages], rel=1e-3)
    mapping = entry["stages"][1]
    assert mapping["gflops"] * mapping["best_ms"] == pytest.approx(2e-6 * 4 * 4 * 9 * 400 * 10)


@needs_jit
def test_a_stage_too_short_to_time_gets_no_figure(busy_machine, capsys, short, monkeypatch):
    monkeypatch.setattr("npsr.benchmark.measure.Plan", lambda: MANY_PASSES)
    lengths, _ = busy_machine
    lengths.update(enumerate([3e-6, 5e-5, EMPTY / 3, 5e-5]))
    code, out, _ = run(capsys, "bench", "-m", "fsrcnn(4,4,1)", "-s", 2, "--size", "12x40")
    assert code == 0
    _, rest = out.split("mapping_1")
    assert rest.splitlines()[0].split() == ["–", "–", "–"]


@needs_jit
def test_working_memory_does_not_grow_with_the_image():
    net = npsr.fsrcnn()
    sizes = [
        inference_engine.working_bytes(
            net.layers, net.parameters, np.empty((1, 1, side, side), np.float32), 2
        )
        for side in (1024, 2048, 4096)
    ]
    assert max(sizes) < 3e6
    assert max(sizes) / min(sizes) < 1.5  # the tiles divide the columns more or less evenly


@needs_jit
def test_measure():
    timing = npsr.measure(npsr.fsrcnn(4, 4, 1), 6, 7, threads=1, plan=Plan(blocks=3, seconds=0, pause=0))
    assert len(timing.seconds) == 3
    assert 0 < timing.best <= timing.median
    with pytest.raises(ValueError, match="height is 0"):
        npsr.measure(npsr.fsrcnn(4, 4, 1), 0, 7)
    with pytest.raises(ValueError, match="border"):
        npsr.measure(npsr.fsrcnn(4, 4, 1, border="valid"), 20, 20)


def test_contenders_take_turns():
    calls = []

    def contender(name, failing=False):
        def build():
            calls.append(f"build {name}")
            return run

        def run():
            calls.append(name)
            if failing:
                raise OSError("no")

        return build

    builders = {"a": contender("a"), "b": contender("b"), "c": contender("c", failing=True)}
    timings = interleaved(builders, Plan(blocks=2, seconds=0, pause=0))
    turn = ["build a", "a", "a", "build b", "b", "b"]
    assert calls == [*turn, "build c", "c", *turn]  # who failed gets no further turn
    assert len(timings["a"].seconds) == len(timings["b"].seconds) == 2
    assert timings["c"].summary() == {"failure": "OSError: no"}


@needs_jit
def test_warmup(capsys):
    code, out, _ = run(capsys, "warmup", "--train")
    assert code == 0
    lines = out.splitlines()
    assert [line.rsplit(maxsplit=2)[0].rstrip() for line in lines[:-1]] == [
        *(f"{name} ×{scale}" for name, scales in npsr.released().items() for scale in scales),
        *("training fsrcnn ×2", "training fsrcnn ×3", "training fsrcnn ×4", "training srcnn ×3"),
    ]
    assert lines[-1].startswith("stored in ")


def test_warmup_without_compilation(capsys, monkeypatch):
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 1)
    code, _, err = run(capsys, "warmup")
    assert code == 2
    assert "NUMBA_DISABLE_JIT is set" in err

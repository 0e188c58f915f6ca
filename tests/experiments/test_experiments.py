"""Every experiment runs, writes its JSON and its figure, and has the paper's constants."""

import json
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from helpers.running import needs_jit
from PIL import Image

import npsr

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
NAMES = (
    *("figure3_transitions", "figure4_settings", "figure4_convergence", "figure2_filters", "real_time"),
    *("comparison", "ablations", "video_networks"),
)
SETS = {"T91": 2, "General-100": 1, "Set5": 2, "Set14": 1, "BSD200": 1}


@pytest.fixture(autouse=True)
def scripts(monkeypatch):
    monkeypatch.syspath_prepend(str(EXPERIMENTS))


@pytest.fixture
def folders(tmp_path, scene, address):
    """Generated images in the data sets' folders, the options that name the folders, and a cluster."""
    for name, count in SETS.items():
        (tmp_path / "data" / name).mkdir(parents=True)
        for k in range(count):
            pixels = (scene(90, 93, 3) * 255).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "data" / name / f"{k}.png")
    named = [f"--{name}={tmp_path / name}" for name in ("data", "results", "runs")]
    return [*named, f"--scheduler={address}"]


@pytest.fixture
def tiny(monkeypatch):
    """The smallest budget, and a short ladder of networks for the search."""
    import real_time
    import study
    import video_networks

    rivals = {
        "a+": {"atoms": 8, "passes": 1, "neighbours": 40, "scales": 1},
        "kk": {"basis": 6, "samples": 400, "steps": 2, "batch": 50, "confidence_samples": 300},
        **{method: {"trees": 1, "levels": 2} for method in ("rf", "srf")},
        "scn": {"steps": 1},
    }
    plan = npsr.Plan(blocks=1, seconds=0, most_calls=1, pause=0)
    budget = study.Budget(64, 32, seeds=(0, 1), rivals=rivals, timing=plan, side=12)
    monkeypatch.setitem(study.BUDGETS, "quick", budget)
    monkeypatch.setattr(real_time, "LADDERS", [[(4, 2, 0), (4, 2, 1), (4, 4, 1)]])
    monkeypatch.setattr(real_time, "SIZES", {"760×760": (12, 13)})
    monkeypatch.setattr(video_networks, "FRAME", (12, 13))


def run(name, folders):
    import_module(name).main(folders)
    results = Path(folders[1].partition("=")[2])
    result = json.loads((results / f"{name}.json").read_text())
    with Image.open(results / result["figure"]) as figure:
        assert min(figure.size) > 100
    return result


@needs_jit
@pytest.mark.parametrize("name", NAMES)
def test_an_experiment_writes_its_result_and_figure(name, folders, tiny, capsys, monkeypatch):
    if name == "comparison":  # of many methods
        monkeypatch.setattr(import_module(name), "FACTORS", (3,))
    result = run(name, folders)
    assert result["budget"] == "quick"
    assert {"processor", "cores", "commit", "versions", "date"} <= set(result["machine"])
    assert result["seeds"] == [0, 1]
    assert result["why"].endswith(".")
    printed = capsys.readouterr().out
    for heading, rows in result["tables"].items():
        assert heading in printed
        for row in rows:
            assert row.keys() == rows[0].keys()
            assert row.get("ours") is None or 0 < row["ours"] < 60
    if name == "comparison":
        methods = [
            row["method"] for row in result["tables"]["×3, each on its own training images: PSNR in dB"]
        ]
        assert {"FSRCNN, released here", "KK, released here", "A+, 91 images"} <= set(methods)


@needs_jit
def test_all_trainings_in_an_order_that_tells_early(folders, tiny, monkeypatch):
    import study
    import trainings

    opened = study.open_study("trainings.py", "", ("T91",), folders)
    starts = trainings.from_scratch(opened)
    recipes = [recipe for recipe, net in starts if net is None]
    assert len(set(recipes)) == len(recipes) == 4 + 2 + 12  # transitions, comparison, Figure 4
    assert len(starts) == len(recipes) + 4 * 2  # ablations, two seeds
    assert [recipe.model for recipe, _ in starts[:3]] == ["fsrcnn", "transition-2", "transition-1"]
    transfers = [recipe for recipe, _ in trainings.from_factor_3(opened)]
    assert len(set(transfers)) == len(transfers) == 4 + 2 * 4  # Figure 4, comparison
    assert [recipe.start for recipe in transfers].count("") == 1  # Figure 4 trains one from scratch
    (training,) = trainings.train_together(opened, starts[:1], 1)
    assert trainings.said(training) == "fsrcnn(56,12,4) ×3, seed 0: 64 in 0.0 h"
    monkeypatch.setattr("npsr.dask.sweep.connected", None)  # not called: it is trained
    (again,) = trainings.train_together(opened, starts[:1], 1)
    assert trainings.said(again) == trainings.said(training)


@needs_jit
def test_what_is_done_is_not_done_again(folders, tiny, monkeypatch):
    first = run("figure4_settings", folders)

    def refuse(*_):
        raise AssertionError("done before")

    monkeypatch.setattr(npsr, "run_training", refuse)
    monkeypatch.setattr(npsr, "evaluate", refuse)
    assert run("figure4_settings", folders)["tables"] == first["tables"]


@needs_jit
def test_an_interrupted_training_goes_on(folders, tiny, monkeypatch):
    import equal_training
    import study

    opened = study.open_study("some.py", "", ("T91",), folders)
    recipe = equal_training.equal_recipe(opened, "fsrcnn(4,2,0)", 3, samples=256)
    progress, steps = equal_training.progress, []

    def stop_at_step_5(recipe):
        def show(entry):
            if entry.get("step") == 5:
                raise KeyboardInterrupt

        return show

    monkeypatch.setattr(equal_training, "progress", stop_at_step_5)
    with pytest.raises(KeyboardInterrupt):
        equal_training.trained(opened, recipe)
    monkeypatch.setattr(
        equal_training, "progress", lambda recipe: lambda entry: steps.append(entry.get("step"))
    )
    training = equal_training.trained(opened, recipe)
    assert [step for step in steps if step] == [5, 6, 7, 8]  # a checkpoint follows its entry in the log
    assert training.samples == 256
    monkeypatch.setattr(equal_training, "progress", progress)
    whole = equal_training.trained(opened, npsr.Recipe(**(vars(recipe) | {"checkpoint_every": 4})))
    for key, p in whole.net.parameters.items():
        np.testing.assert_array_equal(p, training.net.parameters[key])


@needs_jit
def test_the_page_of_results(folders, tiny, tmp_path):
    import report

    run("figure3_transitions", folders)
    (tmp_path / "docs").mkdir()
    page = report.compose(["figure3_transitions"], tmp_path / "results", tmp_path / "docs")
    for words in (
        "make paper BUDGET=quick",
        "](../results/figure3_transitions.png)",
        "| 57184 |",
        "| 32.83 |",
    ):
        assert words in page


def test_the_papers_constants():
    import paper

    assert list(paper.differences()) == []
    assert paper.real_time_weights(1.32, 24) == 3976
    assert npsr.equation_2(32, 5, 1) < 3976 < npsr.equation_2(32, 6, 1)
    for text in (paper.ON_91, paper.ON_OWN):
        table = paper.table(text)
        assert len(table) == 9
        for (_, n), row in table.items():
            assert all(25 < paper.value(figure) < 38 for figure in row.values())
            assert paper.value(row["FSRCNN"]) > paper.value(row["FSRCNN-s"])
            assert n in (2, 3, 4)


def test_a_network_that_is_not_the_papers_is_noticed(monkeypatch, folders, capsys):
    import paper
    import study

    monkeypatch.setitem(paper.WEIGHTS, "fsrcnn", 12465)
    assert next(paper.differences()) == "fsrcnn is 12464, the paper has 12465"
    with pytest.raises(SystemExit):
        study.open_study("some.py", "", (), folders)
    assert "not the paper's networks" in capsys.readouterr().err


def test_missing_data_are_named(tmp_path, folders, capsys):
    import study

    with pytest.raises(SystemExit) as stopped:
        study.open_study("some.py", "", ("T91", "Urban100"), folders)
    assert stopped.value.code == 2
    message = capsys.readouterr().err
    assert "lacks Urban100" in message
    assert "mmlab.ie.cuhk.edu.hk" in message


def test_tables():
    import study

    rows = [{"name": "a", "PSNR": 33.1, "difference": -0.5}, {"name": "b", "PSNR": 33.06, "difference": None}]
    assert study.markdown([*rows, {"name": "c", "PSNR": "~30.00", "difference": 1.25}]).splitlines() == [
        "| name | PSNR | difference |",
        "| --- | --- | --- |",
        "| a | 33.10 | -0.50 |",
        "| b | 33.06 | – |",
        "| c | ~30.00 | +1.25 |",
    ]
    assert study.beside(33.129, "~33.04") == {"ours": 33.13, "paper": "~33.04", "difference": 0.09}
    assert study.beside(None, 30.0) == {"ours": None, "paper": 30.0, "difference": None}


def test_dead_features_are_counted():
    import ablations

    net = ablations.relu(0)
    net.parameters["feature.weight"][:3] = 0
    net.parameters["feature.bias"][:3] = -1, 0, 1
    low = np.random.default_rng(0).random((9, 9))
    alive = ablations.dead_features(ablations.relu(0), [low])
    assert ablations.dead_features(net, [low]) >= alive + 2
    assert ablations.unshrunk(0).layers[2].c == 56
    assert npsr.weight_count(ablations.unshrunk(0)) == 25 * 56 + 4 * 9 * 56**2 + 81 * 56


def test_the_search_finds_the_last_that_holds():
    import real_time

    for count in range(5):
        ladder = [(d, 1, 1) for d in range(count)]
        for limit in range(count + 1):
            found = real_time.largest(lambda setting, limit=limit: setting[0] < limit, ladder)
            assert found == ((limit - 1, 1, 1) if limit else None)
    for ladder in real_time.LADDERS:
        weights = [npsr.equation_2(*setting) for setting in ladder]
        assert weights == sorted(weights)
    assert (56, 12, 4) in real_time.LADDERS[1]


@pytest.mark.parametrize("name", ["fsrcnn", "fsrcnn-s", "transition-1"])
def test_balancing_a_released_model_changes_no_result(name, rng):
    import release_model

    net = npsr.load(name, 3)
    filters = net.parameters["deconvolution.weight"] * 3
    strong = replace(net, parameters=net.parameters | {"deconvolution.weight": filters})
    even = release_model.balanced(strong)
    norms = np.sqrt((even.parameters["deconvolution.weight"] ** 2).sum((1, 2, 3)))
    assert (norms * 8 > 0.7).all() and (norms * 8 < 1.42).all()
    x = rng.random((1, 1, 20, 21), np.float32)
    np.testing.assert_array_equal(even(x), strong(x))
    srcnn = npsr.load("srcnn", 3)
    assert release_model.balanced(srcnn) is srcnn


def test_large_matrices_are_released_in_half_precision():
    import release_model

    class Model:
        def __init__(self, name):
            self.name, self.regressors = name, np.ones((2, 3, 4), np.float32)

    assert release_model.halves(Model("a+"))["regressors"].dtype == np.float16
    assert release_model.halves(Model("kk")) == {}
    assert release_model.note("a+", 2) == "Half precision costs a+ ×2 -0.0001 dB on Set5."
    assert release_model.row("a+", 2).startswith("| a+ | ×2 | 36.54 | 32.24 | 31.39 | T91 | 0 | – |")

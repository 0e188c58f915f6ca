"""Runs: mistakes, resumption, and nothing lost."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from helpers.running import run

import npsr
from npsr.degradation.kinds import Degradation
from npsr.models.archive import WeightsError
from npsr.training.checkpoint import load_checkpoint
from npsr.training.data import images_digest
from npsr.training.log import read_log
from npsr.training.progress import reported
from npsr.training.recipe import Recipe, Stage, read_recipe
from npsr.training.run import run_training


def test_rates_decay():
    assert [Stage(("a",), 100, 1.0, "halve").rate_at(step) for step in (0, 49, 50, 74, 75, 90)] == [
        1, 1, 0.5, 0.5, 0.25, 0.125,
    ]  # fmt: skip
    assert Stage(("a",), 10, 1.0, "none").rate_at(9) == 1
    assert Stage(("a",), 2, 1.0, "cosine").rate_at(1) == pytest.approx(0.5)


def test_rates_rise_in_a_warm_up():
    stage = Stage(("a",), 10, 2.0, warm_up=4)
    assert [stage.rate_at(step) for step in (0, 1, 3, 4, 9)] == [0.5, 1, 2, 2, 2]
    falling = replace(stage, decay="cosine")
    assert falling.rate_at(1) == replace(falling, warm_up=0).rate_at(1) / 2


class StoppedError(Exception):
    """Stands for a kill at any moment."""


MODES = {
    "sgd": {},
    "adam": {"optimiser": "adam"},
    "deconvolution": {"train": "deconvolution"},
    "solved": {"solve_deconvolution": True, "optimiser": "adam"},
    "deconvolution, solved, adam": {
        "train": "deconvolution",
        "solve_deconvolution": True,
        "optimiser": "adam",
    },
    "products, average, flips": {
        "inner_channels": 3,
        "average": 0.9,
        "flips": True,
        "loss": "psnr",
        "slope_share": 4.0,
        "optimiser": "adam",
    },
    "degraded": {
        "optimiser": "adam",
        "degrade": (Degradation("noise", (1, 5)), Degradation("h264", (20, 35), share=0.5)),
    },
    "deconvolution, products, average": {"train": "deconvolution", "inner_channels": 2, "average": 0.5},
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("moment", [1, 2, 3, 5, 6])
def test_a_resumed_run_is_bit_identical(tmp_path, data, moment, mode):
    start = replace(npsr.fsrcnn(2, 2, 0), provenance={"samples": 320, "seconds": 9000, "data": ["old"]})
    npsr.save(start, tmp_path / "start.npz")
    recipe = read_recipe(tmp_path / "recipe.toml")
    recipe = replace(recipe, start=str(tmp_path / "start.npz"), **MODES[mode])
    whole = run_training(recipe, data, tmp_path / "whole")
    entries = []

    def stop(entry):
        entries.append(entry)
        if len(entries) == moment:
            raise StoppedError

    with pytest.raises(StoppedError):
        run_training(recipe, data, tmp_path / "cut", progress=stop)
    resumed = run_training(recipe, data, tmp_path / "cut", resume=True)
    for key, p in whole.parameters.items():
        np.testing.assert_array_equal(resumed.parameters[key], p)
    logs = [read_log(tmp_path / name / "log.jsonl") for name in ("whole", "cut")]
    assert [entry["step"] for entry in logs[0]] == [0, 3, 5, 6, 8]
    for entry in (entry for log in logs for entry in log):  # all but what the clock says
        del entry["seconds"]
        entry.pop("samples_per_second", None)
    assert logs[0] == logs[1]
    uncut, cut = (npsr.load(tmp_path / name / "model.npz").provenance for name in ("whole", "cut"))
    assert cut | {"seconds": 0} == uncut | {"seconds": 0}
    assert 9000 <= cut["seconds"] < 9100
    assert (cut["samples"], cut["data"]) == (352, ["more", "old", "photos"])
    assert (cut["recipe"]["seed"], cut["start"]) == (7, start.provenance)


def test_a_running_mean_is_measured_kept_and_released(tmp_path, data):
    """Beside the parameters, which go on as without it."""
    recipe = replace(read_recipe(tmp_path / "recipe.toml"), average=0.9)
    released = run_training(recipe, data, tmp_path / "run")
    plain = run_training(replace(recipe, average=0.0), data, tmp_path / "plain")
    state = load_checkpoint(tmp_path / "run" / "checkpoint.npz")
    kept = npsr.load(tmp_path / "run" / "checkpoint.npz")
    for key, p in released.parameters.items():
        np.testing.assert_array_equal(state.mean[key], p)
        np.testing.assert_array_equal(kept.parameters[key], p)
        np.testing.assert_array_equal(state.net.parameters[key], plain.parameters[key])
        assert (p != plain.parameters[key]).any(), key
    measured = [read_log(tmp_path / name / "log.jsonl")[-1]["validation"] for name in ("run", "plain")]
    result = npsr.evaluate(data / "photos", 3, released)["images"]
    assert measured[0] != measured[1]
    assert measured[0] == pytest.approx(next(i["psnr"] for i in result if i["name"] == "1.png"), abs=1e-6)


def test_a_checkpoint_without_its_factors_is_refused(tmp_path, data):
    recipe = replace(read_recipe(tmp_path / "recipe.toml"), inner_channels=3)
    run_training(recipe, data, tmp_path / "run")
    path = tmp_path / "run" / "checkpoint.npz"
    with np.load(path) as file:
        arrays = dict(file)
    for gone in ("factors/feature.weight.inner", "velocity/feature.weight.outer"):
        np.savez(path, **{key: array for key, array in arrays.items() if key != gone})
        with pytest.raises(WeightsError, match="is not a checkpoint"):
            run_training(recipe, data, tmp_path / "run", resume=True)
    np.savez(path, **arrays | {"factors/feature.weight.inner": np.zeros((2, 25), np.float32)})
    with pytest.raises(WeightsError, match="is not a checkpoint"):
        run_training(recipe, data, tmp_path / "run", resume=True)


def test_a_run_is_not_overwritten_or_continued_as_another(tmp_path, data):
    recipe = read_recipe(tmp_path / "recipe.toml")
    run_training(recipe, data, tmp_path / "run")
    with pytest.raises(FileExistsError, match="--resume"):
        run_training(recipe, data, tmp_path / "run")
    other = Recipe(model="fsrcnn(2,2,0)", stages=(Stage(("photos",), 9),))
    with pytest.raises(
        ValueError, match=r"another recipe \(stages, seed, batch, scales, validation, checkpoint_every\)"
    ):
        run_training(other, data, tmp_path / "run", resume=True)
    (tmp_path / "run" / "checkpoint.npz").write_bytes(b"damaged")
    with pytest.raises(WeightsError, match="checkpoint"):
        run_training(recipe, data, tmp_path / "run", resume=True)
    np.savez(tmp_path / "run" / "checkpoint.npz", a=1)
    with pytest.raises(WeightsError, match="not an npsr model"):
        run_training(recipe, data, tmp_path / "run", resume=True)


def test_a_run_with_other_images_held_back_is_refused(tmp_path, data):
    """Even where the digest is the same, because the same files follow in the same order."""
    recipe = replace(read_recipe(tmp_path / "recipe.toml"), stages=(Stage(("photos", "more"), 2),))
    recipe = replace(recipe, validation=("more/3.png",), batch=2)
    (data / "more" / "0.png").write_bytes((data / "photos" / "1.png").read_bytes())
    run_training(recipe, data, tmp_path / "run")
    other = replace(recipe, validation=())
    assert images_digest(other, data) == images_digest(recipe, data)
    with pytest.raises(ValueError, match=r"another recipe \(validation\)"):
        run_training(other, data, tmp_path / "run", resume=True)


def test_a_folder_with_other_things_is_used_and_they_stay(tmp_path, data):
    """Foreign files, foreign lines in the log, and half a line such as a full disk leaves."""
    recipe, folder = read_recipe(tmp_path / "recipe.toml"), tmp_path / "run"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    whole = run_training(recipe, data, folder)
    log = (folder / "log.jsonl").read_bytes()
    lines = log.splitlines(keepends=True)
    foreign = [
        b"a note}\n",
        b"[" * 9999 + b"\n",
        b"[1, 2]\n",
        b'{"step": "three"}\n',
        b"\xff\xfe\n",
        b"\n",
        b"7\n",
    ]
    (folder / "log.jsonl").write_bytes(b"".join([*foreign, *lines, b'{"step": 99, "samples"']))
    again = run_training(recipe, data, folder, resume=True)
    for key, p in whole.parameters.items():
        np.testing.assert_array_equal(again.parameters[key], p)
    assert (folder / "log.jsonl").read_bytes() == b"".join(foreign) + log
    assert [entry["step"] for entry in read_log(folder / "log.jsonl")] == [0, 3, 5, 6, 8]
    assert (folder / "notes.txt").read_text() == "mine"
    for text in ("{", "[]", '{"stages": 1}', "\xff", "[" * 9999):
        (folder / "recipe.json").write_text(text, encoding="latin-1")
        with pytest.raises(ValueError, match="recipe.json (is damaged|has no stages)"):
            run_training(recipe, data, folder, resume=True)
    (tmp_path / "file").write_text("")
    with pytest.raises(FileExistsError, match="is a file"):
        run_training(recipe, data, tmp_path / "file")


def test_divergence_keeps_the_last_checkpoint(tmp_path, data):
    recipe = replace(read_recipe(tmp_path / "recipe.toml"), checkpoint_every=1)
    wild = replace(recipe, stages=(recipe.stages[0], Stage(("photos",), 50, rate=1e4)))
    with pytest.raises(FloatingPointError, match="lower the"):
        run_training(wild, data, tmp_path / "run")
    assert not (tmp_path / "run" / "model.npz").exists()
    net = npsr.load(tmp_path / "run" / "checkpoint.npz")
    assert net.provenance["samples"] == 20
    assert npsr.evaluate(data / "photos", 3, net)["psnr"] > 5


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")  # of NumPy, when interpreted
def test_divergence_before_the_first_checkpoint_says_what_to_begin_with(tmp_path, data):
    recipe = Recipe("fsrcnn(2,2,0)", stages=(Stage(("photos",), 30, 1e8),), batch=2)
    with pytest.raises(FloatingPointError, match=r"lower the .* rate\. Begin anew with another --output$"):
        run_training(recipe, data, tmp_path / "run")
    with pytest.raises(FloatingPointError, match=r"at step 2, .* lower the learning rate\. Begin anew"):
        run_training(replace(recipe, checkpoint_every=1), data, tmp_path / "judged")
    npsr.save(npsr.fsrcnn(2, 2, 0, scale=2), tmp_path / "x2.npz")
    recipe = replace(recipe, start=str(tmp_path / "x2.npz"))
    with pytest.raises(FloatingPointError, match="if the deconvolution is new, with --solve-deconvolution"):
        run_training(recipe, data, tmp_path / "transfer")
    net = npsr.fsrcnn(2, 2, 0)
    net.parameters["deconvolution.bias"][:] = 9
    with pytest.raises(FloatingPointError, match="at step 1, .* start from another network"):
        run_training(recipe, data, tmp_path / "bad", net=net)


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")  # of NumPy, when interpreted
@pytest.mark.parametrize("steps", [1, 2])
def test_a_last_update_that_explodes_is_not_kept(tmp_path, data, steps):
    """No step's loss judges the last update's parameters, so the run does."""
    calm, wild = Stage(("photos",), 3), Stage(("photos",), steps, rate=1e8)
    recipe = Recipe("fsrcnn(2,2,0)", stages=(calm, wild), batch=2, checkpoint_every=1)
    with pytest.raises(FloatingPointError, match=r"checkpoint.npz, of step 3, is good: --start from it"):
        run_training(recipe, data, tmp_path / "run")
    assert load_checkpoint(tmp_path / "run" / "checkpoint.npz").step == 3
    recipe = replace(recipe, stages=(calm,), start=str(tmp_path / "run" / "checkpoint.npz"))
    assert run_training(recipe, data, tmp_path / "again").provenance["samples"] == 12


def test_a_run_without_its_checkpoint_is_not_begun_again(tmp_path, data):
    recipe = read_recipe(tmp_path / "recipe.toml")
    run_training(recipe, data, tmp_path / "run")
    (tmp_path / "run" / "checkpoint.npz").unlink()
    for name in ("model.npz", "log.jsonl"):
        with pytest.raises(ValueError, match=r"its checkpoint.npz is missing"):
            run_training(recipe, data, tmp_path / "run", resume=True)
        (tmp_path / "run" / name).unlink()
    run_training(recipe, data, tmp_path / "run", resume=True)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such locks")
def test_one_run_a_folder(tmp_path, data):
    recipe = read_recipe(tmp_path / "recipe.toml")

    def second(entry):
        if entry.get("step") == 3:
            with pytest.raises(BlockingIOError, match="another run writes to .*run"):
                run_training(recipe, data, tmp_path / "run", resume=True)

    run_training(recipe, data, tmp_path / "run", progress=second)
    run_training(recipe, data, tmp_path / "run", resume=True)


def test_what_a_run_started_from_is_needed_only_at_its_start(tmp_path, data):
    npsr.save(npsr.fsrcnn(2, 2, 0, seed=5), tmp_path / "start.npz")
    recipe = replace(read_recipe(tmp_path / "recipe.toml"), start=str(tmp_path / "start.npz"))
    run_training(recipe, data, tmp_path / "run")
    (tmp_path / "start.npz").unlink()
    run_training(recipe, data, tmp_path / "run", resume=True)


def test_leftovers_of_kills_go(tmp_path, data):
    (tmp_path / "run").mkdir()
    for name in (".checkpoint.npz.npsr-abcdefgh.part", ".log.jsonl.npsr-01234567.part", ".notes.part"):
        (tmp_path / "run" / name).write_bytes(b"half")
    run_training(read_recipe(tmp_path / "recipe.toml"), data, tmp_path / "run")
    assert [path.name for path in (tmp_path / "run").glob("*.part")] == [".notes.part"]


class GoneError(BrokenPipeError):
    """Stands for a reader that has gone away."""


def test_training_goes_on_when_nobody_reads(tmp_path, data, monkeypatch):
    def gone(*_, **__):
        raise GoneError

    monkeypatch.setattr("builtins.print", gone)
    with pytest.raises(GoneError), reported(8, 4) as progress:
        run_training(read_recipe(tmp_path / "recipe.toml"), data, tmp_path / "run", progress=progress)
        print("the run is over")
    assert (tmp_path / "run" / "model.npz").exists()


def test_training_a_network_that_no_name_tells(tmp_path, data):
    layers = [npsr.Conv("only", 3, 2, 1), npsr.ReLU("only"), npsr.DeConv("deconvolution", 9, 1, 2, 3, 3)]
    net = npsr.initialise("relu", 3, layers)
    recipe = Recipe("relu", stages=(Stage(("photos",), 2, rate=1e-12),), batch=2)
    trained = run_training(recipe, data, tmp_path / "run", net=net)
    assert (trained.name, trained.layers) == ("relu", net.with_border("replicate").layers)
    np.testing.assert_allclose(trained.parameters["only.weight"], net.parameters["only.weight"], atol=1e-6)
    again = run_training(recipe, data, tmp_path / "run", resume=True, net=net)
    np.testing.assert_array_equal(again.parameters["only.weight"], trained.parameters["only.weight"])


def test_the_command(capsys, tmp_path, data):
    code, out, _ = run(capsys, "train", tmp_path / "recipe.toml", "--data", data, "-o", tmp_path / "run")
    assert code == 0
    assert "validation" in out
    assert "samples/s" in out
    assert npsr.load(tmp_path / "run" / "model.npz").name == "fsrcnn(2,2,0)"
    arguments = ["train", "-m", "fsrcnn(2,2,0)", "-s", 2, "--data", data / "photos"]
    arguments += ["-o", tmp_path / "own", "--steps", 2, "--batch", 8]
    assert run(capsys, *arguments, "--seed", 3, "--checkpoint-every", 1)[0] == 0
    assert npsr.load(tmp_path / "own" / "model.npz").provenance["seed"] == 3
    code, _, err = run(capsys, *arguments)
    assert code == 2
    assert "--resume" in err
    assert run(capsys, "train", "--data", tmp_path / "none", "-o", tmp_path / "x", "--steps", 1)[0] == 2


def test_a_recipe_finds_its_photographs_beside_it(capsys, tmp_path, data):
    recipe = (tmp_path / "recipe.toml").rename(data / "recipe.toml")
    assert run(capsys, "train", recipe, "-o", tmp_path / "run")[0] == 0
    code, _, err = run(capsys, "train", "quick", "-o", tmp_path / "other")
    assert code == 2
    assert "--data is missing" in err


def test_an_interrupted_run_says_how_to_go_on(capsys, tmp_path, data, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    arguments = ["train", tmp_path / "recipe.toml", "--data", data, "-o", tmp_path / "run"]
    monkeypatch.setattr("npsr.training.run.train", interrupt)
    code, _, err = run(capsys, *arguments)
    assert code == 130
    assert "--resume" in err
    monkeypatch.setattr("npsr.training.run._refuse_used", interrupt)
    assert "--resume" not in run(capsys, *arguments[:-1], tmp_path / "none")[2]

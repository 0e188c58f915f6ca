"""`npsr explore` and `npsr.explore`: the file, the notebook's frame, and what goes wrong."""

import ast
import base64
import importlib.util
import json
import re
import webbrowser
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from helpers.running import run

import npsr
from npsr.explorer.modules import order, script
from npsr.explorer.page import PAGE, html, lines_of


def data_of(page):
    """What the page holds beside its scripts."""
    return json.loads(
        re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)[1]
    )


def small(**options):
    return npsr.fsrcnn(3, 2, 1, 2, border="replicate", **options)


def test_the_command_writes_one_page_of_the_released_networks(capsys, tmp_path):
    target = tmp_path / "page.html"
    assert run(capsys, "explore", "--no-open", "-o", target) == (0, f"{target}\n", "")
    shown = [(one["label"], one["scale"]) for one in data_of(target.read_text())["networks"]]
    assert shown == [("fsrcnn", 3), ("fsrcnn", 2), ("fsrcnn", 4), ("fsrcnn-s", 3), ("srcnn", 3)]
    assert target.stat().st_size <= 700_000


def test_the_page_holds_the_numbers_of_a_file(capsys, tmp_path):
    net = small()
    npsr.save(net, tmp_path / "mine.npz")
    assert run(capsys, "explore", tmp_path / "mine.npz", "--no-open", "-o", tmp_path / "p.html")[0] == 0
    (held,) = data_of((tmp_path / "p.html").read_text())["networks"]
    assert (held["label"], held["name"], held["scale"]) == ("mine", "fsrcnn(3,2,1)", 2)
    numbers = np.frombuffer(base64.b64decode(held["numbers"]), "<f4")
    np.testing.assert_array_equal(numbers, np.concatenate([p.ravel() for p in net.parameters.values()]))


def test_names_come_at_all_factors_or_at_one(capsys, tmp_path):
    for arguments, factors in ((["fsrcnn-s"], [2, 3, 4]), (["fsrcnn-s", "-s", 2], [2])):
        assert run(capsys, "explore", *arguments, "--no-open", "-o", tmp_path / "p.html")[0] == 0
        held = data_of((tmp_path / "p.html").read_text())["networks"]
        assert [one["scale"] for one in held] == factors


def test_the_browser_is_opened_unless_not_wanted(capsys, tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda address: opened.append(address) or True)
    monkeypatch.chdir(tmp_path)
    npsr.save(small(), tmp_path / "mine.npz")
    assert run(capsys, "explore", "mine.npz")[0] == 0
    assert opened == [(tmp_path / "npsr_explorer.html").as_uri()]
    assert run(capsys, "explore", "mine.npz", "--no-open")[0] == 0
    assert len(opened) == 1


def test_an_older_page_is_replaced_and_nothing_else(capsys, tmp_path):
    npsr.save(small(), tmp_path / "mine.npz")
    target = tmp_path / "letter.html"
    target.write_text("Dear all")
    code, _, told = run(capsys, "explore", tmp_path / "mine.npz", "--no-open", "-o", target)
    assert code == 2 and "exists and is kept" in told and target.read_text() == "Dear all"
    for force in (["--force"], []):
        assert run(capsys, "explore", tmp_path / "mine.npz", "--no-open", "-o", target, *force)[0] == 0


@pytest.mark.parametrize("model", ["espcn", "none.npz"])
def test_a_users_mistake_leaves_no_page(capsys, tmp_path, model):
    assert run(capsys, "explore", model, "--no-open", "-o", tmp_path / "p.html")[0] == 2
    assert list(tmp_path.iterdir()) == []


def test_a_notebook_shows_the_page_in_a_frame():
    shown = npsr.explore(small())
    frame = shown._repr_html_()
    assert unescape(re.search(r'srcdoc="([^"]*)"', frame)[1]) == shown.page
    assert data_of(shown.page)["networks"][0]["layers"][0]["border"] == "replicate"


def test_numbers_that_are_not_finite_are_refused():
    net = small()
    net.parameters["shrinking.bias"][0] = np.nan
    with pytest.raises(ValueError, match=r"shrinking\.bias holds numbers that are not finite"):
        npsr.explore(net)


def test_the_same_networks_make_the_same_page():
    assert html([("a", small())]) == html([("a", small())])


def test_the_page_fetches_nothing():
    page = html([("a", small())])
    assert not re.findall(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=\"(?!data:)", page)
    assert not re.findall(r"\b(?:fetch|importScripts|XMLHttpRequest|WebSocket)\b", page)


def test_the_points_of_the_figures_are_those_of_the_experiments():
    path = Path(npsr.__file__).parents[1] / "experiments" / "explorer_points.py"
    spec = importlib.util.spec_from_file_location("explorer_points", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert json.loads((PAGE / "design.json").read_text()) == module.points()


def test_the_lines_shown_are_the_packages():
    import npsr_kernels.prelu as kernels

    lines = lines_of("prelu.forward")
    (function,) = ast.parse(lines).body
    assert function.name == "forward" and ast.get_docstring(function) is None
    assert lines.splitlines()[-1] in Path(kernels.__file__).read_text()
    with pytest.raises(ValueError, match="no function"):
        lines_of("prelu.sideways")


def test_modules_become_one_script_in_the_order_of_need(tmp_path):
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "b.js").write_text(
        "export const two = 2;\nexport function twice(x) { return two * x; }\n"
    )
    (tmp_path / "a.js").write_text(
        'import { two as zwei, twice } from "./parts/b.js";\nexport const four = twice(zwei);\n'
    )
    names = order(tmp_path, "a.js")
    assert names == ["parts/b.js", "a.js"]
    made = script(tmp_path, names)
    assert (
        "import" not in made
        and "export" not in made
        and 'const { two: zwei, twice } = modules["parts/b.js"];' in made
    )
    (tmp_path / "parts" / "b.js").write_text('import { four } from "../a.js";\n')
    with pytest.raises(ValueError, match=r"a\.js → parts/b\.js → a\.js"):
        order(tmp_path, "a.js")


@pytest.mark.parametrize(
    "path", sorted(PAGE.rglob("*.js")), ids=lambda path: path.relative_to(PAGE).as_posix()
)
def test_modules_stay_small(path):
    assert len(path.read_text().splitlines()) <= 320

"""How a command of a page is run in the tests: as it stands, but at a small size.

A line that npsr runs is run by the same entry point, in this process. A line of another program is checked
as far as it depends on this repository: `make` needs its target, `pip install 'npsr[…]'` its extra, and
`python SCRIPT` the script and its options, a player the shaders that it is given.
"""

import re
import shlex
import shutil
import tomllib
from pathlib import Path

import pytest

from npsr.cli import main

ROOT = Path(__file__).parents[2]
STEPS = "4"
RIVALS = {
    "a+": "atoms = 12\npasses = 2\nneighbours = 60\nscales = 2",
    "kk": "basis = 8\nsamples = 400\nsteps = 4\nbatch = 50\nsolve_every = 2\nconfidence_samples = 200",
}
"""Recipes of rivals in a small size; a line that trains another one is run as far as its recipe is found."""

OTHERS = {"apt-get", "cat", "cd", "export", "ffmpeg", "mpv", "npm", "time", "xvfb-run"}
"""Programs that are not npsr's to test here; `make test-players` plays what pages play."""

ON_CLUSTERS = {"huge.zarr", "slide.ome.tif", "tcp://host-a:8786", "GRID.toml"}
MADE_ELSEWHERE = {
    "MatlabR2007aSupResModel.mat",
    "dictionary.mat",
    "weights_x2_first.mat",
    "huge.tif",
    *ON_CLUSTERS,
}
"""Files of other people, or too large, and clusters, that the reader lacks: commands are only parsed."""


def run_line(line: str) -> None:
    """Run or check one command."""
    for command in re.split(r"\s(?:&&|\|)\s", line):
        words = shlex.split(command, comments=True)
        while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
            words.pop(0)
        if words and words[0] not in OTHERS:
            HANDLERS[words[0]](words[1:])
        if "|" in line:  # what comes through pipes is tested by tests/commands
            return


def npsr_line(words: list[str]) -> None:
    """Run npsr."""
    command = words[0]
    if command == "train":
        words = train_words(words)
    if command == "bench":
        words += ["--size", "24x24"]
    if words[:2] == ["exercises", "check"] and len(words) == 3:
        words.append("1")
    if words[-1].startswith(">"):
        del words[-2 if words[-1] == ">" else -1 :]
    if MADE_ELSEWHERE & set(words):
        parsed(words)
        return
    for option in ("-o", "--output", "--json"):  # the reader would choose another name
        if option in words:
            remove(Path(words[words.index(option) + 1]))
    if command == "export":
        remove(Path(words[-1]))
    with pytest.raises(SystemExit) as end:
        main(words)
    may_fail = 1 if words[:2] == ["exercises", "check"] else 0  # a stub is not yet done
    assert end.value.code in (0, may_fail, None), f"npsr {shlex.join(words)} ended with {end.value.code}"


def remove(path: Path) -> None:
    """Remove what an earlier command of the page has made."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def train_words(words: list[str]) -> list[str]:
    """A training of a few steps."""
    if "--resume" in words:
        return words
    recipe = words[1] if not words[1].startswith("-") else "paper"
    if recipe in RIVALS:
        data = "T91" if (Path(words[words.index("--data") + 1]) / "T91").is_dir() else "."
        Path(f"{recipe}.toml").write_text(f'method = "{recipe}"\ndata = ["{data}"]\n{RIVALS[recipe]}\n')
        return [words[0], f"{recipe}.toml", *words[2:]]
    if recipe.startswith("experiments/"):
        words = [str(ROOT / word) if word == recipe else word for word in words]
    if "--steps" in words:
        place = words.index("--steps") + 1
        words[place] = min(words[place], STEPS, key=int)
    else:
        words = [*words, "--steps", STEPS]
    if "--batch" in words:
        words[words.index("--batch") + 1] = "16"
    else:
        words = [*words, "--batch", "16"]
    return words


def parsed(words: list[str]) -> None:
    """Hold a command to npsr's parsers without running it."""
    from npsr.cli import _parser

    _parser().parse_args(words)


def pip_line(words: list[str]) -> None:
    """`pip install` names npsr, this folder, or an extra that there is."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    *_, target = words
    name, _, extras = target.partition("[")
    assert name in ("npsr", "."), f"pip install {target}: pages install npsr"
    for extra in filter(None, extras.rstrip("]").split(",")):
        assert extra in project["optional-dependencies"], f"there is no extra [{extra}]"


def make_line(words: list[str]) -> None:
    """`make` has the target."""
    makefile = (ROOT / "Makefile").read_text()
    for word in words:
        assert "=" in word or re.search(rf"^{re.escape(word)}:", makefile, re.M), f"no target {word}"


def python_line(words: list[str]) -> None:
    """The script is there, and knows its options."""
    if words[:2] == ["-m", "http.server"]:
        return
    if words[:2] == ["-m", "npsr"]:
        npsr_line(words[2:])
        return
    script = ROOT / words[0]
    assert script.is_file(), f"there is no {words[0]}"
    folder = script.parent
    known = script.read_text() + "".join(p.read_text() for p in (folder / "study.py",) if p.exists())
    for word in words[1:]:
        if word.startswith("--"):
            assert f'"{word}"' in known, f"{words[0]} knows no option {word}"


def player_line(words: list[str]) -> None:
    """A player is given shaders that the page has written; tests/exporting plays such files."""
    shaders = re.findall(r"[\w./-]+\.glsl", " ".join(words))
    assert shaders, "a page plays shaders"
    for shader in shaders:
        assert Path(shader).is_file(), f"there is no {shader}"


HANDLERS = {
    "mpv": player_line,
    "ffmpeg": player_line,
    "npsr": npsr_line,
    "pip": pip_line,
    "make": make_line,
    "python": python_line,
}

"""Every fenced block of every page runs, and prints what the page says it prints."""

import io
import re
from contextlib import redirect_stdout
from pathlib import Path

import helpers.videos
import numpy as np
import pytest
from helpers import page_commands, readers_folder
from helpers.running import needs_jit
from sybil import Sybil
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.markdown import CodeBlockParser

import npsr

pytestmark = needs_jit  # whole networks, interpreted, would take minutes
ROOT = Path(__file__).parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "MODELS.md", "CONTRIBUTING.md", "kernels/README.md")),
    *sorted(p for p in (ROOT / "docs").rglob("*.md") if "_build" not in p.parts),
]
NOT_RUN = {"text", "toml", "math", "json", "html", "output", "eval-rst", ""}
"""Languages of fences that are not programs; what is in braces is a directive."""
SHELL = re.compile(r"^ {4,}(npsr|pip|python|make) ", re.MULTILINE)


def run_python(example):
    """Run a block, and keep what it prints for the block of output after it."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        PythonEvaluator()(example)
    example.namespace["printed"] = printed.getvalue()


def run_shell(example):
    """Run a block's lines; a backslash continues one."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        for line in re.sub(r"\\\n\s*", " ", example.parsed).splitlines():
            if line.strip():
                page_commands.run_line(line)
    example.namespace["printed"] = printed.getvalue()


def compare(example):
    """What the page says that the block before prints."""
    assert example.namespace.pop("printed").strip() == example.parsed.strip()


BLOCKS = Sybil(
    parsers=[
        CodeBlockParser("python", run_python),
        CodeBlockParser("shell", run_shell),
        CodeBlockParser("output", compare),
    ]
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A reader's folder, with every name that the pages use."""
    readers_folder.fill(tmp_path)
    helpers.videos.video(tmp_path / "my.mp4")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("webbrowser.open", lambda *_: True)
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_blocks_run(folder, page):
    document = BLOCKS.parse(page)
    document.namespace.update(np=np, npsr=npsr, Path=Path)
    for example in document.examples():
        example.evaluate()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_no_command_escapes(page):
    """A command stands in a fence with its language, where it is run; a fence has a language."""
    text = page.read_text(encoding="utf-8")
    inside = re.sub(r"^( *)(```+|:::+).*?^\1\2 *$", "", text, flags=re.MULTILINE | re.DOTALL)
    assert not SHELL.findall(inside)
    languages = re.findall(r"^```([\w-]*)$(?:.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    assert set(languages) <= NOT_RUN | {"python", "shell"}


def test_a_wrong_block_fails(tmp_path):
    page = tmp_path / "page.md"
    for text in (
        "```python\nprint(1)\n```\n```output\n2\n```\n",
        "```python\nraise ValueError\n```\n",
        "```shell\nnpsr upscale missing.png\n```\n",
        "```shell\npip install 'npsr[nothing]'\n```\n",
        "```shell\nmake nothing\n```\n",
        "```shell\npython experiments/demo.py --nothing\n```\n",
    ):
        page.write_text(text)
        with pytest.raises((AssertionError, ValueError)):
            for example in BLOCKS.parse(page).examples():
                example.evaluate()

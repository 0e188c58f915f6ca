"""A real browser in which the page is opened from a file, with every request refused."""

import shutil
import subprocess
from pathlib import Path

import numba
import pytest
from explorer.opened import Opened

import npsr
from npsr.explorer.page import html

SHOWN = [("fsrcnn", 3), ("fsrcnn", 2), ("fsrcnn", 4), ("fsrcnn-s", 3), ("srcnn", 3)]
AXE = "4.14.1"


@pytest.fixture(scope="session")
def networks():
    return {(name, scale): npsr.load(name, scale) for name, scale in SHOWN}


@pytest.fixture(scope="session")
def page_file(tmp_path_factory, networks):
    if numba.config.DISABLE_JIT:
        pytest.skip("what the page shows is compared with whole networks: too slow when interpreted")
    path = tmp_path_factory.mktemp("explorer") / "page.html"
    path.write_text(html([(name, net) for (name, _), net in networks.items()]), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def axe():
    """The source of axe-core, fetched once by npm into a folder that git ignores."""
    folder = Path(__file__).parent
    source = folder / "node_modules" / "axe-core" / "axe.min.js"
    if not source.exists():
        npm = shutil.which("npm") or pytest.skip("no npm on the path: install Node.js to test accessibility")
        command = [npm, "install", "--no-save", "--no-package-lock", "--prefix", folder, f"axe-core@{AXE}"]
        if subprocess.run(command, capture_output=True, timeout=120, check=False).returncode:
            pytest.skip(f"npm could not fetch axe-core@{AXE}: connect to a registry to test accessibility")
    return source.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def shared(browser, page_file):
    page = Opened(browser, page_file).open()
    yield page
    page.context.close()


@pytest.fixture
def go(shared):
    """A function that follows a link in a tab that stays open; afterwards as `opened`."""
    yield shared.go
    assert shared.problems == []
    assert shared.requests == []


@pytest.fixture
def opened(browser, page_file):
    """A function that opens the page; afterwards it must have had no problem and asked for nothing."""
    pages = []

    def make(fragment="", **context):
        pages.append(Opened(browser, page_file, **context))
        return pages[-1].open(fragment)

    yield make
    for page in pages:
        page.context.close()
        assert page.problems == []
        assert page.requests == []

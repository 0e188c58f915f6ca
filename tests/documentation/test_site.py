"""The site that `make docs` has built: complete, self-contained, and usable in a browser from a folder."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlparse

import pytest

ROOT = Path(__file__).parents[2]
SITE = ROOT / "docs" / "_build" / "html"
NEEDS_SITE = pytest.mark.skipif(not (SITE / "index.html").exists(), reason="no site: build it by make docs")
LOADED = {("img", "src"), ("script", "src"), ("link", "href"), ("iframe", "src"), ("source", "srcset")}
"""What a browser fetches by itself."""

pytestmark = NEEDS_SITE


class Page(HTMLParser):
    """The links of a page, the names that can be linked to, and what it loads."""

    def __init__(self, path):
        super().__init__()
        self.names, self.links, self.loaded = {"", "top"}, [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.names |= {attributes.get("id"), attributes.get("name")}
        if tag == "a" and attributes.get("href"):
            self.links.append(attributes["href"])
        for element, key in LOADED:
            if tag == element and attributes.get(key) and attributes.get("rel") not in ("next", "prev"):
                self.loaded.append(attributes[key])


@pytest.fixture(scope="module")
def pages():
    return {path.resolve(): Page(path) for path in SITE.rglob("*.html") if path.name != "explore_page.html"}


def test_every_link_within_the_site_leads_somewhere(pages):
    dead = []
    for path, page in pages.items():
        for link in [*page.links, *page.loaded]:
            address, anchor = urldefrag(link)
            if urlparse(link).scheme:
                continue
            address = address.partition("?")[0]
            target = (path.parent / unquote(address)).resolve() if address else path
            names = pages[target].names if target in pages else None
            missing = not target.exists() or (names is not None and unquote(anchor) not in names)
            if missing:
                dead.append(f"{path.relative_to(SITE)}: {link}")
    assert not dead


def test_nothing_is_loaded_from_elsewhere(pages):
    far = [(path.name, link) for path, page in pages.items() for link in page.loaded if urlparse(link).scheme]
    assert [pair for pair in far if not pair[1].startswith("data:")] == []
    for style in SITE.rglob("*.css"):
        found = re.findall(r"(?:url\(|@import )[\"']?(https?:)?//", style.read_text(encoding="utf-8"))
        assert not found, style


def test_formulas_are_mathml(pages):
    text = (SITE / "explanation" / "layers.html").read_text(encoding="utf-8")
    assert text.count('<math xmlns="http://www.w3.org/1998/Math/MathML" display="block"') >= 10
    assert not any("mathjax" in path.name.lower() for path in SITE.rglob("*.js"))


PAGES = [
    "index.html",
    "start/use.html",
    "tutorials/04_gradients.html",
    "gallery/index.html",
    "explanation/layers.html",
    "reference/networks.html",
    "reference/command_line.html",
    "results.html",
    "methods.html",
    "players.html",
    "psnr.html",
    "explore.html",
]


@pytest.fixture(scope="module")
def tab(browser):
    """A tab; what it asks for, and what it complains of, are kept."""
    context = browser.new_context()
    tab = context.new_page()
    tab.problems, tab.requests = [], []
    tab.on("console", lambda said: tab.problems.append(said.text) if said.type == "error" else None)
    tab.on("pageerror", lambda error: tab.problems.append(str(error)))
    tab.on("request", lambda asked: tab.requests.append(asked.url))
    yield tab
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_pages_open(tab, width, scheme):
    tab.set_viewport_size({"width": width, "height": 900})
    tab.emulate_media(color_scheme=scheme)
    for name in PAGES:
        tab.goto((SITE / name).as_uri())
        wide = tab.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{name} is {wide} pixels wide in a window of {width}"
        dark = tab.evaluate(
            "getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).slice(0, 3).every(x => x < 100)"
        )
        assert dark == (scheme == "dark"), name
    outside = [url for url in tab.requests if not url.startswith(("file:", "data:", "blob:"))]
    assert (tab.problems, outside) == ([], [])


@pytest.mark.parametrize(
    ("query", "page"), [("deconvolution", "phases"), ("gradcheck", "gradients"), ("Winograd", "winograd")]
)
def test_search_works_without_a_server(tab, query, page):
    tab.goto((SITE / "search.html").as_uri() + f"?q={query}")
    tab.wait_for_selector("#search-results li a", timeout=30_000)
    tab.wait_for_function("!document.querySelector('#search-progress')?.textContent.includes('…')")
    links = tab.eval_on_selector_all("#search-results li a", "found => found.map(a => a.href)")
    assert any(page in link for link in links)
    assert tab.problems == []

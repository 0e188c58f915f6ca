"""The README's picture of the explorer: its backward panel, as a browser draws it."""

import argparse
import io
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import sync_playwright

import npsr

LINK = "#backward?backward.layer=4&backward.mode=gather&backward.h=3&backward.k=3"


def main() -> None:
    """Draw the panel."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, default=Path("docs/explorer.png"))
    parser.add_argument("--browser", default=shutil.which("chromium"), help="the program of Chromium")
    options = parser.parse_args()
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        page = Path(folder) / "page.html"
        page.write_text(npsr.explore(npsr.load("fsrcnn", 3)).page, encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=options.browser, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 900, "height": 900}, color_scheme="light")
        tab.goto(page.as_uri() + LINK)
        tab.wait_for_function("document.body.dataset.idle === 'true'", timeout=120_000)
        shot = tab.locator("#backward").screenshot()
        browser.close()
    with Image.open(io.BytesIO(shot)) as image:  # few colours: a palette holds them in a third of the bytes
        image.convert("RGB").quantize(128).save(options.output, optimize=True)
    print(options.output)


if __name__ == "__main__":
    main()

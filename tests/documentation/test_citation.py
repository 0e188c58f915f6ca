"""What a release states in several places is the same in all of them."""

import re
from pathlib import Path

import npsr

ROOT = Path(__file__).parents[2]


def test_versions_agree():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(r"^version: (.*)$", citation, re.M)[1] == npsr.__version__
    assert f"## {npsr.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

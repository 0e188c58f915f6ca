"""Put the results of the paper's experiments together in docs/results.md."""

import argparse
import json
import os
from pathlib import Path
from typing import Any

from study import BUDGETS, ROOT, markdown

HEAD = """# Results

On this page you can compare our figures with the paper's, and see how to repeat each of them.
`make paper BUDGET={budgets}` writes this page. Every experiment is a script in `experiments/`. Its
complete figures are in `experiments/results/`. The PSNR follows the protocol of the paper (README,
"Evaluation"). No image of a test set was used for training or for the choice of a model.

"""


def main() -> None:
    """Write the page from the results of the experiments that are named, in that order."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("experiments", nargs="+", help="names of scripts, without .py")
    parser.add_argument("--results", type=Path, default=ROOT / "experiments" / "results")
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "docs" / "results.md")
    options = parser.parse_args()
    page = compose(options.experiments, options.results, options.output.parent)
    options.output.write_text(page, encoding="utf-8")
    print(options.output)


def compose(names: list[str], folder: Path, place: Path) -> str:
    """The page, which lies in `place`."""
    results = {name: json.loads((folder / f"{name}.json").read_text()) for name in names}
    levels = {result["budget"] for result in results.values()}
    budgets = "|".join(level for level in BUDGETS if level in levels)
    link = Path(os.path.relpath(folder, place)).as_posix()
    sections = [section(name, result, link) for name, result in results.items()]
    return HEAD.format(budgets=budgets) + "\n\n".join(sections) + "\n"


def section(name: str, result: dict[str, Any], link: str) -> str:
    """One experiment: its figure, why it differs from the paper's, its tables, and how it was made."""
    machine = result["machine"]
    seeds = ", ".join(map(str, result["seeds"]))
    made = (
        f"`python experiments/{name}.py --budget {result['budget']}`, seed {seeds}, {machine['date'][:10]}, "
        f"commit {machine['commit'][:10] or 'unknown'}, {machine['processor']}, {machine['cores']} cores"
    )
    load = machine["load before"]  # None if the system does not report it
    made += "." if load is None else f", load before {load:.1f}."
    others = {run["commit"][:10] for run in result["trainings"]} - {machine["commit"][:10]}
    made += f" Trained at commit {', '.join(sorted(others))}." if others else ""
    parts = [f"## {result['title']}", f"![{result['title']}]({link}/{result['figure']})", result["why"]]
    for heading, rows in result["tables"].items():
        parts += [f"**{heading}**", markdown(rows)]
    return "\n\n".join([*parts, f"*{made}*"])


if __name__ == "__main__":
    main()

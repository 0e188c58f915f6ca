"""The points of Figures 3 and 4 that the explorer's design panel shows, taken from their results."""

import argparse
import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
TARGET = Path(__file__).parents[1] / "npsr" / "explorer" / "page" / "design.json"


def main() -> None:
    """Write the points."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, default=TARGET)
    options = parser.parse_args()
    options.output.write_text(json.dumps(points()) + "\n", encoding="utf-8")
    print(options.output)


def points() -> dict[str, Any]:
    """Every network of both figures, with its weights and PSNRs; and the curves of Figure 4, right."""
    settings = [
        {"name": f"({row['d']},{row['s']},{row['m']})", **_point(row)} for row in _rows("figure4_settings")
    ]
    transitions = [{"name": row["network"], **_point(row)} for row in _rows("figure3_transitions")]
    curves = json.loads((RESULTS / "figure4_convergence.json").read_text(encoding="utf-8"))["data"]
    convergence = {
        name: [[point["samples"], round(point["psnr"], 2)] for point in curve]
        for name, curve in curves.items()
    }
    return {"settings": settings, "transitions": transitions, "convergence": convergence}


def _rows(name: str) -> list[dict[str, Any]]:
    (table,) = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))["tables"].values()
    return list(table)


def _point(row: dict[str, Any]) -> dict[str, Any]:
    return {key: row[key] for key in ("weights", "ours", "paper")}


if __name__ == "__main__":
    main()

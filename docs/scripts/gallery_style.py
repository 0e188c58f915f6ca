"""How figures look, the same for every script and every build."""

from typing import Any

import matplotlib.pyplot as plt


def reset(gallery_conf: dict[str, Any], script: str) -> None:
    """Called by sphinx-gallery before each script."""
    plt.rcdefaults()
    plt.rcParams.update(
        {
            "figure.dpi": 100,
            "figure.constrained_layout.use": True,
            "image.cmap": "gray",
            "image.interpolation": "nearest",
            "axes.titlesize": 9,
            "font.size": 9,
        }
    )

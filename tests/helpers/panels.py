"""The explorer's panels, in the order of the page: the exercises name them, and links lead to them."""

PANELS = [
    "enlarge",
    "map",
    "convolution",
    "prelu",
    "deconvolution",
    "three-ways",
    "backward",
    "gradient-check",
    "train",
    "edit",
    "design",
    "your-network",
]

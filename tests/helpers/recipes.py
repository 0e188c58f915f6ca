"""A recipe of a short run in two stages."""

RUN_RECIPE = """
model = "fsrcnn(2,2,0)"
seed = 7
batch = 4
scales = [1.0, 0.8]
checkpoint_every = 3
validation = ["photos/1.png"]
[[stages]]
data = ["photos"]
steps = 5
[[stages]]
data = ["photos", "more"]
steps = 3
rate = 5e-4
decay = "cosine"
"""

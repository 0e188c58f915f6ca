"""Networks for other programs: files that other runtimes and players run, and what such files do.

Enters: a network, or a file. Leaves: a file, one module for each format; or what the file does to a plane.
Open `onnx_file.py` first, or for players `glsl.py`, whose shaders `glsl_run.py` runs.
"""

"""The recipes that come with the package, as TOML files beside the code.

Enters: a recipe's name and a folder of images. Leaves: a `Recipe` that suits the folder.
Open `shipped.py` first.
"""

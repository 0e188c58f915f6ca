"""The recipes that come with the package, and how they suit a folder of images."""

from dataclasses import replace
from pathlib import Path

from npsr.images.files import ImageError
from npsr.images.image_sets import image_files
from npsr.training.recipe import Recipe, read_recipe

SHIPPED = Path(__file__).parent


def shipped_recipes() -> list[str]:
    """Names of the recipes in the package."""
    return sorted(path.stem for path in SHIPPED.glob("*.toml"))


def find_recipe(name: str, data: Path) -> Recipe:
    """A recipe by its file name, or a shipped one by its name.

    The shipped ones are written for the paper's data: the folders T91 and General-100. Where `data`
    does not hold them, a shipped recipe's stages become one, on all photographs of `data`, and of ten
    or more one in ten, at most five, evenly spread, is held back for validation.

    Parameters
    ----------
    name : str
        One of `shipped_recipes`, or a TOML file.
    data : Path
        Folder that the recipe's folders are relative to.

    Raises
    ------
    ValueError
        If there is no such recipe, the file is none, or `data` holds neither.
    OSError
        If the file cannot be read.
    """
    if name not in shipped_recipes():
        if not name.endswith(".toml"):
            raise ValueError(
                f"there is no recipe {name!r}: there are {', '.join(shipped_recipes())}, and .toml files"
            )
        return read_recipe(Path(name))
    recipe = read_recipe(SHIPPED / f"{name}.toml")
    folders = sorted({folder for stage in recipe.stages for folder in stage.data})
    if all((data / folder).is_dir() for folder in folders):
        return recipe
    try:
        files = image_files(data)
    except ImageError as error:
        missing = [folder for folder in folders if not (data / folder).is_dir()]
        raise ValueError(f"{error}; nor the folder {' and '.join(missing)}") from error
    count = min(5, len(files) // 10)
    held_back = files[len(files) // (2 * count) :: len(files) // count][:count] if count else []
    stage = replace(recipe.stages[0], data=(".",), steps=recipe.steps)
    return replace(recipe, stages=(stage,), validation=tuple(file.name for file in held_back))

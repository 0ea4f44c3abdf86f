"""The small trained models that come with the library: in `saved_models/` of a clone; a few in the wheel, too."""

import os
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from keras_ae._support.errors import InputError, unknown_name

if TYPE_CHECKING:
    import keras

PACKAGE = Path(__file__).parents[1]
DIRECTORIES = (PACKAGE.parent / "saved_models", PACKAGE / "saved_models")  # of a clone, of a wheel
VARIABLE = "KERAS_AE_MODELS"


def pretrained_models(directory=None) -> dict[str, Path]:
    """Returns the directories that `share_run` wrote, in any nesting, by name, such as "bottleneck_shape/2x2x16".

    Args:
        directory: Directory of the models; by default what KERAS_AE_MODELS names, or else `saved_models/` of the
            clone that the library was installed from, or the few models that a wheel carries.

    Raises:
        InputError: There is no such directory.

    Example:
        >>> models = kae.runs.pretrained_models()
        >>> (models["variational_digits"] / "README.md").is_file()
        True
    """
    directory = Path(directory or os.environ.get(VARIABLE) or _own_directory())
    if not directory.is_dir():
        action = f"correct the path, or what {VARIABLE} names"
        raise InputError(f"{directory}, which is not there", "a directory of shared models", action)
    directories = sorted(path.parent for path in directory.rglob("check.json"))
    return {path.relative_to(directory).as_posix(): path for path in directories}


def load_pretrained(name: str, directory=None) -> "keras.Model":
    """Returns a trained model that comes with the library, after a check of its checksum and outputs.

    The card in its directory, `README.md`, says what it was trained on and how good it is.

    Args:
        name: One of `pretrained_models()`.
        directory: Directory of the models, as for `pretrained_models`.

    Raises:
        InputError: There is no such model, or it has changed.

    Example:
        >>> model = kae.runs.load_pretrained("variational_digits")
        >>> images = kae.data.load("digits", limit=4).images("test")
        >>> tuple(model(images).shape)
        (4, 8, 8, 1)
    """
    from keras_ae.runs.sharing import check_shared

    name, models = PurePath(name).as_posix(), pretrained_models(directory)
    if name not in models:
        raise unknown_name("pretrained model", name, models)
    return check_shared(models[name])


def _own_directory() -> Path:
    clone, wheel = DIRECTORIES
    return clone if (clone.parent / "pyproject.toml").is_file() else wheel

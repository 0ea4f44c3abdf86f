"""All densities by name, and loading of saved ones."""

from pathlib import Path

from keras_ae._support.errors import InputError, unknown_name
from keras_ae.data import read_arrays
from keras_ae.density.autoregressive import Autoregressive
from keras_ae.density.base import Density
from keras_ae.density.flow_matching import FlowMatching
from keras_ae.density.mixture import DENSITIES
from keras_ae.density.two_stage import TwoStage

# `DENSITIES` are fitted by default, within seconds; the others only on request.
LEARNED: tuple[type[Density], ...] = (FlowMatching, TwoStage, Autoregressive)
ALL_DENSITIES: dict[str, type[Density]] = {**DENSITIES, **{kind.name: kind for kind in LEARNED}}


def load_density(path) -> Density:
    """Loads a density that `Density.save` wrote.

    Raises:
        InputError: If the file does not exist or holds no valid density.

    Example:
        >>> kae.density.Gaussian().fit(np.eye(3)[:, :2]).save("density.npz")
        >>> kae.density.load_density("density.npz").name
        'gaussian'
    """
    expected, action = "a density that was saved", "fit it again"
    stored = read_arrays(Path(path), None, expected)
    if "name" not in stored:
        raise InputError(f"{path} without name", expected, action)
    name = str(stored.pop("name"))
    if name not in ALL_DENSITIES:
        raise unknown_name("density", name, ALL_DENSITIES)
    try:
        return ALL_DENSITIES[name].from_arrays(stored)
    except KeyError as error:
        raise InputError(f"{path} without {error.args[0]}", expected, action) from None
    except (TypeError, ValueError) as error:
        raise InputError(f"{path} ({error})", expected, action) from error

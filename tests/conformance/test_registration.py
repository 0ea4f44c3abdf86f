"""Nothing that belongs in the catalogue is missing from it, and a stranger's package can add to it."""

import importlib
import inspect
import pkgutil
import subprocess
import sys

import keras
import pytest

import keras_ae
from keras_ae._support.errors import InputError
from keras_ae.bottlenecks import Bottleneck, Discrete, FlowPosterior, as_bottleneck
from keras_ae.catalogue import ARCHITECTURES, BOTTLENECKS, LAYERS, NETWORKS, Catalogue
from keras_ae.layers import LocalObjective
from keras_ae.runs.config import ModelConfig

BASES = (Bottleneck, Discrete, FlowPosterior, LocalObjective)


def _members(package: str):
    """Public classes and functions that are defined in the package's modules."""
    found = importlib.import_module(package)
    for info in pkgutil.iter_modules(found.__path__):
        module = importlib.import_module(f"{package}.{info.name}")
        for name, member in vars(module).items():
            if getattr(member, "__module__", None) == module.__name__ and not name.startswith("_"):
                yield member


@pytest.mark.parametrize(("package", "catalogue"), [("layers", LAYERS), ("bottlenecks", BOTTLENECKS)])
def test_every_layer_is_in_its_catalogue(package, catalogue):
    registered = set(catalogue.values())
    for member in _members(f"keras_ae.{package}"):
        if inspect.isclass(member) and issubclass(member, keras.layers.Layer) and member not in BASES:
            assert member in registered, f"{member.__name__} is in no catalogue"


@pytest.mark.parametrize(("package", "catalogue"), [("networks", NETWORKS), ("architectures", ARCHITECTURES)])
def test_every_builder_is_in_its_catalogue(package, catalogue):
    registered = set(catalogue.values())
    for member in _members(f"keras_ae.{package}"):
        if inspect.isfunction(member) and inspect.signature(member).return_annotation is not None:
            assert member in registered, f"{member.__name__} is in no catalogue"


def test_a_part_of_another_package_is_found_by_its_entry_point(monkeypatch):
    class Point:
        name, value = "stranger", "keras_ae.bottlenecks.identity:Identity"

    points = {"theirs": [Point]}
    monkeypatch.setattr("keras_ae._support.catalogues.entry_points", lambda group: points.get(group, []))
    catalogue = Catalogue("bottleneck", {}, group="theirs")
    assert catalogue["stranger"] is keras_ae.bottlenecks.Identity


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(InputError, match=r"did you mean 'variational'\?"):
        BOTTLENECKS["variatonal"]


def test_an_unknown_option_names_the_known_ones():
    with pytest.raises(InputError, match="one of units, activation"):
        BOTTLENECKS.check_options("dense", {"unit": 3})


@pytest.mark.thorough
@pytest.mark.parametrize(
    "order", [pytest.param("import keras_ae, keras", marks=pytest.mark.slow), "import keras, keras_ae"]
)
def test_parts_are_registered_in_either_order_of_imports(order):
    check = "assert keras.saving.get_registered_object('keras_ae>Autoencoder') is keras_ae.Autoencoder"
    subprocess.run([sys.executable, "-c", f"{order}\n{check}"], check=True)


@pytest.mark.thorough
@pytest.mark.parametrize(
    "module",
    ["layers", *(pytest.param(name, marks=pytest.mark.slow) for name in ("bottlenecks", "losses", "networks"))],
)
def test_parts_can_be_the_first_import_of_all(module):
    check = "assert keras.saving.get_registered_object('keras_ae>Autoencoder')"
    subprocess.run([sys.executable, "-c", f"import keras_ae.{module}, keras\n{check}"], check=True)


@pytest.mark.slow
def test_a_mere_look_for_keras_does_not_undo_the_registration():
    look = "import keras_ae, importlib.util; importlib.util.find_spec('keras'); import keras"
    check = "assert keras.saving.get_registered_object('keras_ae>Autoencoder') is keras_ae.Autoencoder"
    subprocess.run([sys.executable, "-c", f"{look}\n{check}"], check=True)


def test_a_part_without_an_init_of_its_own_has_the_inherited_keywords():
    catalogue = Catalogue("layer", {"heir": f"{__name__}:Heir"})
    assert catalogue.keywords("heir") == BOTTLENECKS.keywords("dense")
    assert "units" in catalogue.keywords("heir")


class Heir(keras_ae.bottlenecks.Dense):
    """A bottleneck that inherits its constructor."""


def test_options_of_the_base_are_taken_by_name_and_on_the_command_line():
    made = as_bottleneck("l2_code", 8, noise=0.1, activation="relu", weight=1.0)
    assert (made.noise, made.activation, made.weight, made.units) == (0.1, "relu", 1.0, 8)
    ModelConfig("strided", "8", "wasserstein_mmd", ("bottleneck.noise=0.1",))
    with pytest.raises(InputError, match=r"one of units, weight, activation, .*noise, frozen, seed"):
        as_bottleneck("l2_code", 8, nois=0.1)
    with pytest.raises(InputError, match="'dtype' for bottleneck 'l2_code'"):
        as_bottleneck("l2_code", 8, dtype="float16")  # every layer's: no option of the part
    with pytest.raises(InputError, match="'beta'"):  # which the constructor decides
        as_bottleneck("capacity_controlled", 8, beta=2.0)


STRANGERS = {
    "__init__": "from .codes import Renamed as Dense",
    "codes": "import keras_ae.bottlenecks as kb\nclass Renamed(kb.Dense):\n    pass",
    "own": """
import keras
from keras_ae import bottlenecks
from stranger import Dense
from . import codes

class Dense(Dense):
    def __init__(self, own, **kwargs):
        super().__init__(noise=0.1, **kwargs)

class Sparse(bottlenecks.KSparse):
    def __init__(self, units, **options):
        super().__init__(units, **options)

class Closed(codes.Renamed):
    def __init__(self, units):
        super().__init__(units)

class Layer(keras.layers.Dense):
    def __init__(self, units, **kwargs):
        super().__init__(units, **kwargs)
""",
}


def test_bases_are_followed_through_the_imports_of_other_packages(tmp_path, monkeypatch):
    (tmp_path / "stranger").mkdir()
    for name, text in STRANGERS.items():
        (tmp_path / "stranger" / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    dense = BOTTLENECKS.keywords("dense")
    expected = {
        "Dense": ("own", *(name for name in dense if name != "noise")),
        "Sparse": ("units", "k", "a"),
        "Closed": ("units",),
        "Layer": ("units",),
    }
    assert {name: BOTTLENECKS.keywords(f"stranger.own:{name}") for name in expected} == expected
    assert BOTTLENECKS.keywords("stranger.codes:Renamed") == dense
    assert "stranger" not in sys.modules


def test_importing_the_library_alone_loads_nothing_heavy():
    check = (
        "import sys, keras_ae, keras_ae.cli; from keras_ae.runs.config import ModelConfig;"
        "ModelConfig('strided', '8', 'entropic', ('bottleneck.noise=0.1',));"
        "assert not {'keras', 'tensorflow', 'jax'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", check], check=True)

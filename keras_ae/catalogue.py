"""The library's parts by name, known without importing Keras.

A part is a class or a builder function with a classmethod or attribute `examples()`; the examples feed the
conformance suite, `keras-ae compare` and the documentation. A stranger's package adds parts through the entry
point groups `keras_ae.bottlenecks` and `keras_ae.architectures`.
"""

import ast
import importlib
import importlib.util
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from keras_ae.errors import InputError, unknown_name


@dataclass(frozen=True)
class Example:
    """Constructor keywords of a small instance, and an input shape (without the batch) that it accepts.

    Models know their own input, so builders of models leave `input_shape` out.
    """

    keywords: dict[str, Any] = field(default_factory=dict)
    input_shape: tuple[int, ...] | None = None


def with_examples(*examples: Example) -> Callable:
    """Give a builder function its `examples()`."""

    def attach(builder):
        builder.examples = lambda: list(examples)
        return builder

    return attach


class Catalogue(Mapping):
    """Parts of one kind: a mapping from name to class or function, each imported when it is first asked for.

    Of a kind that other packages may add to, "module:attribute" is itself the name of whatever it names.

    Args:
        kind: What to call such a part in messages.
        parts: From name to "module:attribute".
        group: Entry point group in which other packages announce theirs.
    """

    def __init__(self, kind: str, parts: Mapping[str, str], group: str = ""):
        self.kind, self.group, self._own = kind, group, dict(parts)

    @cached_property  # Looking for entry points reads a file of each installed package.
    def _parts(self) -> dict[str, str]:
        theirs = {point.name: point.value for point in entry_points(group=self.group)} if self.group else {}
        return {**theirs, **self._own}

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)

    def __getitem__(self, name: str):
        module, _, attribute = self._location(name).partition(":")
        return getattr(importlib.import_module(module), attribute)

    def _location(self, name: str) -> str:
        parts = self._parts
        if name in parts:
            return parts[name]
        if not (self.group and ":" in name):
            raise unknown_name(self.kind, name, self)
        if _definition(*name.split(":", 1)) is None:
            action = "correct it, or put the module's folder on PYTHONPATH"
            raise InputError(f"{self.kind} {name!r}", "MODULE:FUNCTION that can be imported", action)
        return name

    def keywords(self, name: str) -> tuple[str, ...]:
        """The constructor's or function's keywords, read from its source without running it."""
        module, _, attribute = self._location(name).partition(":")
        found = _keywords_in_source(module, attribute)
        if found is None:  # Inherited, or defined elsewhere: it has to be imported.
            parameters = inspect.signature(self[name]).parameters.values()
            found = tuple(p.name for p in parameters if p.kind is not p.VAR_KEYWORD)
        return found

    def check_options(self, name: str, options: Mapping[str, Any]) -> None:
        """Refuse options that the part named `name` does not take."""
        known = self.keywords(name)
        for option in options:
            if option not in known:
                raise InputError(
                    f"option {option!r} for {self.kind} {name!r}",
                    f"one of {', '.join(known)}",
                    "correct its name",
                )


@cache
def _keywords_in_source(module: str, attribute: str) -> tuple[str, ...] | None:
    """Names of a function's or a class's arguments; None where the source does not show them."""
    node = _definition(module, attribute)
    if isinstance(node, ast.ClassDef):
        node = next((n for n in node.body if getattr(n, "name", None) == "__init__"), None)
    if node is None:
        return None
    arguments = [*node.args.args, *node.args.kwonlyargs]
    return tuple(a.arg for a in arguments if a.arg != "self")


@cache
def _definition(module: str, attribute: str) -> ast.ClassDef | ast.FunctionDef | None:
    """Where a module's source defines a class or function; None if there is no such module, or it does not."""
    first, *rest = module.split(".")
    spec = importlib.util.find_spec(first) if all(name.isidentifier() for name in (first, *rest)) else None
    if spec is None:
        return None
    paths = [Path(spec.origin or "")]
    if rest and spec.submodule_search_locations:  # several of a namespace package
        places = [Path(place, *rest) for place in spec.submodule_search_locations]
        paths = [path / "__init__.py" if path.is_dir() else path.with_suffix(".py") for path in places]
    path = next((path for path in paths if path.suffix == ".py" and path.is_file()), None)
    if path is None:
        return None
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return next((node for node in body if getattr(node, "name", None) == attribute), None)


LAYERS = Catalogue(
    "layer",
    {
        "batch_normalization": "keras_ae.layers.batch_normalization:BatchNormalization",
        "instance_normalization": "keras_ae.layers.instance_normalization:InstanceNormalization",
        "decorrelation": "keras_ae.layers.decorrelation:Decorrelation",
        "convolution_unit": "keras_ae.layers.convolution_unit:ConvolutionUnit",
        "residual_block": "keras_ae.layers.residual_block:ResidualBlock",
        "upsampling_unit": "keras_ae.layers.upsampling_unit:UpsamplingUnit",
        "spatial_broadcast": "keras_ae.layers.spatial_broadcast:SpatialBroadcast",
        "spectral_normalization": "keras_ae.layers.spectral_normalization:SpectralNormalization",
        "locally_embedded_autoencoder": "keras_ae.layers.locally_embedded:LocallyEmbeddedAutoencoder",
    },
)
BOTTLENECKS = Catalogue(
    "bottleneck",
    {
        "identity": "keras_ae.bottlenecks.identity:Identity",
        "dense": "keras_ae.bottlenecks.dense:Dense",
        "decorrelated": "keras_ae.bottlenecks.decorrelated:Decorrelated",
        "variational": "keras_ae.bottlenecks.variational:Variational",
        "k_sparse": "keras_ae.bottlenecks.k_sparse:KSparse",
        "capacity_controlled": "keras_ae.bottlenecks.capacity_controlled:CapacityControlled",
        "wasserstein_mmd": "keras_ae.bottlenecks.wasserstein_mmd:WassersteinMMD",
        "entropic": "keras_ae.bottlenecks.entropic:Entropic",
        "l2_code": "keras_ae.bottlenecks.l2_code:L2Code",
        "gaussian_mixture_regularized": (
            "keras_ae.bottlenecks.gaussian_mixture_regularized:GaussianMixtureRegularized"
        ),
    },
    group="keras_ae.bottlenecks",
)
NETWORKS = Catalogue(
    "network",
    {
        "convolutional_encoder": "keras_ae.networks.convolutional:convolutional_encoder",
        "convolutional_decoder": "keras_ae.networks.convolutional:convolutional_decoder",
        "strided_encoder": "keras_ae.networks.strided:strided_encoder",
        "strided_decoder": "keras_ae.networks.strided:strided_decoder",
        "regularized_decoder": "keras_ae.networks.regularized:regularized_decoder",
        "fully_connected_encoder": "keras_ae.networks.fully_connected:fully_connected_encoder",
        "fully_connected_decoder": "keras_ae.networks.fully_connected:fully_connected_decoder",
        "fully_connected_window_encoder": "keras_ae.networks.windows:fully_connected_window_encoder",
        "fully_connected_window_decoder": "keras_ae.networks.windows:fully_connected_window_decoder",
        "convolutional_window_encoder": "keras_ae.networks.windows:convolutional_window_encoder",
        "transposed_window_decoder": "keras_ae.networks.windows:transposed_window_decoder",
        "spatial_broadcast_decoder": "keras_ae.networks.windows:spatial_broadcast_decoder",
    },
)
ARCHITECTURES = Catalogue(
    "architecture",
    {
        "convolutional": "keras_ae.architectures.convolutional:convolutional",
        "decorrelated": "keras_ae.architectures.decorrelated:decorrelated",
        "strided": "keras_ae.architectures.strided:strided",
        "fully_connected": "keras_ae.architectures.fully_connected:fully_connected",
        "window_autoencoder": "keras_ae.architectures.window_autoencoder:window_autoencoder",
        "classic": "keras_ae.architectures.classifiers:classic",
        "pool_fc": "keras_ae.architectures.classifiers:pool_fc",
        "decoder_free": "keras_ae.architectures.classifiers:decoder_free",
        "cnn_lea": "keras_ae.architectures.locally_embedded:cnn_lea",
        "lea_fc": "keras_ae.architectures.locally_embedded:lea_fc",
        "lea_only": "keras_ae.architectures.locally_embedded:lea_only",
    },
    group="keras_ae.architectures",
)
# In the order of the thesis on locally embedded autoencoders, section 4.6.
ATTACKS = Catalogue(
    "attack",
    {
        name: f"keras_ae.evaluation.attacks.{name}:{attribute}"
        for name, attribute in {
            "gradient_sign": "GradientSign",
            "projected_gradient_descent": "ProjectedGradientDescent",
            "deep_fool": "DeepFool",
            "adef": "ADef",
            "slsqp": "SLSQP",
            "saliency_map": "SaliencyMap",
            "single_pixel": "SinglePixel",
            "local_search": "LocalSearch",
            "spatial": "Spatial",
            "gaussian_blur": "GaussianBlur",
            "contrast_reduction": "ContrastReduction",
            "additive_gaussian_noise": "AdditiveGaussianNoise",
            "salt_and_pepper_noise": "SaltAndPepperNoise",
        }.items()
    },
)

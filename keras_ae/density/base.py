"""The base class of the densities of codes."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from math import prod
from pathlib import Path
from typing import Any, Self

import numpy as np
from keras import ops

from keras_ae._support.errors import InputError
from keras_ae._support.execution import require_tensorflow
from keras_ae._support.files import write_arrays
from keras_ae._support.pixels import slices
from keras_ae.code_shapes import not_negative

AT_ONCE = 1_000  # codes whose density is computed together


class Density(ABC):
    """A density over codes [d]: `fit` it to codes, then call `sample`, `log_prob` or `save`.

    Attributes:
        title: Its name in reports and on web pages.
        discrete: Whether its codes are the integers of a discrete bottleneck.
        length: Number d of values per code; None before fitting.

    Example:
        >>> codes = np.random.default_rng(0).normal(size=(50, 2))
        >>> {name: kind().fit(codes).means.shape for name, kind in kae.density.DENSITIES.items()}
        {'standard_normal': (1, 2), 'gaussian': (1, 2), 'mixture': (10, 2)}
    """

    name: str
    title: str
    discrete = False
    length: int | None = None
    _compiled: Callable | None = None  # the sampler for the current fit

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_compiled"}  # which cannot be copied

    def fit(self, codes) -> Self:
        """Fits the density to codes [n, ...], flattened; returns itself.

        Raises:
            InputError: If there are too few codes, a value is not finite, or codes are integers but the density is
                not discrete.
        """
        if np.asarray(codes).dtype.kind in "iu" and not self.discrete:
            expected, action = "values of codes", "encode without indices=True, or fit an Autoregressive density"
            raise InputError(f"integer codes for the density {self.name!r}", expected, action)
        codes = np.asarray(codes, np.float64)
        codes = codes.reshape(len(codes), int(np.prod(codes.shape[1:])))  # -1 fails without codes
        if not np.isfinite(codes).all():
            raise InputError("codes with infinities or NaN", "finite values", "train the model anew")
        if len(codes) < self.fewest(codes.shape[1]):
            raise InputError(
                f"{len(codes)} codes of {codes.shape[1]} values for the density {self.name!r}",
                f"at least {self.fewest(codes.shape[1])}",
                "encode more images",
            )
        self._compiled = None
        return self._fit(codes)

    @abstractmethod
    def fewest(self, dimensions: int) -> int:
        """Returns the minimum number of codes for a fit to codes of `dimensions` values."""

    @abstractmethod
    def _fit(self, codes: np.ndarray) -> Self:
        """Fits the density to codes, float64 [n, d]; returns itself."""

    @abstractmethod
    def _arrays(self) -> dict[str, np.ndarray]:
        """Returns the fitted parameters, by name."""

    @classmethod
    @abstractmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Self:
        """Returns the fitted density that was saved as these arrays."""

    @abstractmethod
    def _log_prob(self, codes):
        """Returns the log density [n] of float32 codes [n, d], in Keras operations."""

    @abstractmethod
    def sampler(self) -> Callable:
        """Returns a TensorFlow function (count, seed) → codes [count, d], equal for equal seeds."""

    def log_prob(self, codes):
        """Returns the log density [n] of codes [n, ...], flattened, in nats: an array if given one, else a tensor.

        It works in compiled functions and exported graphs.

        Raises:
            InputError: If the density is not fitted, or was fitted to codes of another length.
        """
        as_array = isinstance(codes, np.ndarray)
        codes = codes if as_array else ops.convert_to_tensor(codes)
        self.check(None if None in codes.shape[1:] else prod(codes.shape[1:]))
        if not as_array:
            return self._log_prob(ops.reshape(ops.cast(codes, "float32"), (-1, self.length)))
        # A few at a time: some densities need the square of a code's values for each code.
        codes = codes.astype(np.float32).reshape(len(codes), self.length)
        parts = [self._log_prob(ops.convert_to_tensor(part)) for part in slices(codes, AT_ONCE)]
        return np.concatenate([ops.convert_to_numpy(part) for part in parts] or [np.zeros(0, np.float32)])

    def code_shape(self, model) -> tuple[int, ...]:
        """Returns the shape in which `model.decode` takes one of its codes.

        Raises:
            InputError: If the density is not fitted to codes like the model's.
        """
        shape = getattr(model, "indices_shape", None) if self.discrete else model.code_shape
        if shape is None:
            expected = "one of codes, or a discrete bottleneck"
            raise InputError(f"a density {self.name!r} of integers for codes that are none", expected)
        self.check(prod(shape))
        return tuple(shape)

    def sample(self, count: int, seed: int = 0) -> np.ndarray:
        """Samples codes, float32 [count, d], or int32 for a discrete density; equal seeds give equal codes.

        Raises:
            InputError: If the density is not fitted, `count` is negative, or the backend cannot sample from it.
        """
        self.check()
        not_negative(count=count)
        require_tensorflow("sample from this density")
        import tensorflow as tf

        if self._compiled is None:
            self._compiled = tf.function(self.sampler())
        # As tensors: a function is compiled anew for each Python number.
        return self._compiled(tf.constant(int(count)), tf.constant(int(seed))).numpy()

    def save(self, path) -> None:
        """Writes the density to an .npz file, for `load_density`.

        Raises:
            InputError: If the density is not fitted.
        """
        self.check()
        write_arrays(Path(path), {"name": self.name, **self._arrays()})

    def check(self, length: int | None = None) -> None:
        """Raises an `InputError` if the density is not fitted, or was fitted to codes of another length."""
        if self.length is None:
            raise InputError(
                f"a density {self.name!r} without codes", "one that is fitted", "call fit(codes) first"
            )
        if length not in (None, self.length):
            action = "fit a density to the codes of this model"
            raise InputError(f"codes of {length} values", f"{self.length}, as the density was fitted to", action)


def steps_for(codes: np.ndarray, batch: int, passes: int, least: int, most: int) -> int:
    """Returns the steps for `passes` over codes [n, ...], from `least` to `most`; more would overfit few codes."""
    return int(np.clip(passes * len(codes) // batch, least, most))


def standardized(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns mean and standard deviation [d] of codes, float64 [n, d], and the standardised codes, float32."""
    center = codes.mean(axis=0)
    # Values that never change stay where they are.
    scale = np.maximum(codes.std(axis=0), 1e-6 * np.maximum(1.0, np.abs(center)))
    return center, scale, ((codes - center) / scale).astype(np.float32)

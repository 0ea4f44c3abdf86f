"""The vector-quantised bottleneck (van den Oord et al., 2017)."""

import keras
from keras import ops

from keras_ae import numerics
from keras_ae._support.errors import InputError, unknown_name
from keras_ae.bottlenecks.discrete import RARE, SMALLEST, Discrete, straight_through
from keras_ae.catalogue import Example
from keras_ae.code_shapes import not_negative, whole_number

UPDATES = ("averages", "gradient")


@keras.saving.register_keras_serializable(package="keras_ae")
class VectorQuantized(Discrete):
    """A dense code z replaced by the nearest entry e of a codebook; gradients pass unchanged from e to z.

    The penalty is commitment · ‖z − sg(e)‖², plus ‖sg(z) − e‖² with "gradient", summed over the code and averaged
    over the images (sg stops gradients). With "averages" each entry is instead the exponential average of the
    values it replaces. Dead entries, with less than a tenth of the average share and unused in the batch, are
    moved to values of the batch, drawn in proportion to their squared distance from the nearest entry (as
    k-means++ does), at most a sixteenth of the codebook per training step. This also finds the initial entries, in
    the first steps. Source: van den Oord et al., "Neural discrete representation learning", eq. 1 to 3 and
    appendix A.1; dead entries: after Williams et al., 2020.

    Args:
        units: Length of the code (at each position).
        entries: Number of entries per codebook.
        groups: Number of parts of a code, each with its own codebook and integer (product quantisation).
        commitment: Weight of the distance of z. The paper uses 0.25 beside a sum over pixels; beside a *mean*,
            it acts as strongly as commitment · pixels beside a sum. The default is not the authors'.
        updates: "averages" or "gradient".
        **kwargs: Options of `Discrete` and `Dense`; `decay` also applies to the averages, and `seed` to the moves.

    Raises:
        InputError: If the groups do not divide the units, `updates` is unknown, or `commitment` is negative.

    Example:
        >>> bottleneck = kae.bottlenecks.VectorQuantized(units=4, entries=16, groups=2, seed=1)
        >>> code = bottleneck(np.random.default_rng(0).normal(size=(3, 12)))
        >>> tuple(bottleneck.indices(code).shape), bottleneck.codebook_size
        ((3, 2), 256)
    """

    penalizes = True

    def __init__(
        self,
        units: int,
        entries: int = 64,
        groups: int = 1,
        commitment: float = 1e-3,
        updates: str = "averages",
        **kwargs,
    ):
        super().__init__(units, **kwargs)
        self.entries, self.groups = whole_number("entries", entries), whole_number("groups", groups)
        if self.units % self.groups:
            raise InputError(f"{groups} groups of {units} code values", "a number that divides them")
        if updates not in UPDATES:
            raise unknown_name("updates", updates, UPDATES)
        not_negative(commitment=commitment)
        self.commitment, self.updates, self.sizes = commitment, updates, (self.entries,) * self.groups
        self.moves = keras.random.SeedGenerator(self.seed)

    def build(self, input_shape):
        super().build(input_shape)
        shape = (self.groups, self.entries, self.units // self.groups)
        options = {"shape": shape, "dtype": "float32", "autocast": False}
        self.places = self.add_weight(
            name="places", initializer="glorot_uniform", trainable=False, aggregation="mean", **options
        )
        if self.updates == "gradient":  # Moves are not gradients: they change `places`, which no optimizer has.
            self.learned = self.add_weight(name="learned", initializer="zeros", **options)

    def codebook(self):
        """Returns the entries, float32 [groups, entries, units / groups]."""
        places = ops.convert_to_tensor(self.places)
        return places + self.learned if self.updates == "gradient" else places

    def discretize(self, values, training):
        exact = ops.cast(values, "float32")
        indices = self.indices(exact)
        code = ops.cast(self.codes(indices), values.dtype)
        self.penalize(ops.square(exact - ops.stop_gradient(self.codes(indices))), self.commitment)
        if self.updates == "gradient":
            self.penalize(ops.square(ops.stop_gradient(exact) - self.codes(indices)))
        if not training:
            return code
        rows = ops.reshape(ops.stop_gradient(exact), (-1, *self.places.shape[::2]))
        self._follow(rows, ops.reshape(indices, (-1, self.groups)))
        return straight_through(values, code)

    def indices(self, code):
        rows = ops.reshape(ops.cast(code, "float32"), (-1, *self.places.shape[::2]))
        book = self.codebook()
        distances = [numerics.squared_distances(rows[:, g], book[g]) for g in range(self.groups)]
        # Not argmin: ONNX files cannot hold it in the form that Keras writes.
        nearest = ops.concatenate([ops.top_k(-each, 1)[1] for each in distances], axis=1)
        return ops.reshape(ops.cast(nearest, "int32"), (-1, *code.shape[1:-1], self.groups))

    def codes(self, indices):
        book = self.codebook()
        parts = [ops.take(book[g], indices[..., g], axis=0) for g in range(self.groups)]
        return ops.concatenate(parts, axis=-1)

    def _follow(self, rows, indices):
        """Updates the entries from values [n, groups, d] with these indices [n, groups]."""
        seen, shares = self.observe(indices)
        moved = [self._moved(g, rows[:, g], indices[:, g], seen[g], shares[g]) for g in range(self.groups)]
        self.places.assign(ops.stack([places for places, _ in moved]))
        self.shares.assign(ops.stack([shares for _, shares in moved]))

    def _moved(self, g, rows, indices, seen, shares):
        """Returns one group's places, averages of the values they replace with dead ones moved, and its shares."""
        places, n = ops.convert_to_tensor(self.places)[g], ops.cast(ops.shape(rows)[0], "float32")
        if self.updates == "averages":
            sums = ops.segment_sum(rows, indices, num_segments=self.entries) / n
            rate = (1.0 - self.decay) / ops.maximum(shares, SMALLEST)
            places = places + rate[:, None] * (sums - seen[:, None] * places)
        book = places - ops.convert_to_tensor(self.places)[g] + self.codebook()[g]
        distances = ops.min(numerics.squared_distances(rows, book), axis=1)
        few = max(1, self.entries // 16)
        drawn = keras.random.categorical(ops.log(ops.maximum(distances, 1e-12))[None], few, seed=self.moves)[0]
        unused, rarest = ops.top_k(-shares, few)
        dead = (-unused < RARE / self.entries) & (ops.take(seen, rarest) == 0.0)
        chosen = ops.one_hot(rarest, self.entries) * ops.cast(dead, "float32")[:, None]
        step = ops.matmul(ops.transpose(chosen), ops.take(rows, drawn, axis=0) - ops.take(book, rarest, axis=0))
        is_moved = ops.sum(chosen, axis=0)
        return places + step, shares * (1.0 - is_moved) + is_moved / self.entries

    def get_config(self):
        own = {name: getattr(self, name) for name in ("entries", "groups", "commitment", "updates")}
        return {**super().get_config(), **own}

    @classmethod
    def examples(cls):
        return [
            Example({"units": 4, "entries": 8, "seed": 1}, (12,)),
            Example({"units": 4, "entries": 5, "groups": 2, "updates": "gradient"}, (2, 3, 4)),
        ]

"""How a run is trained."""

from dataclasses import dataclass
from math import inf
from typing import Literal

from keras_ae._support.errors import InputError
from keras_ae._support.fields import settle_fields

Loss = Literal["mse", "sum_squared_error", "mae", "binary_crossentropy", "ssim", "gaussian_likelihood"]
Precision = Literal["float32", "mixed_bfloat16", "mixed_float16"]
COOLED = 0.2  # part of the steps over which a cooldown falls
ScheduleName = Literal["constant", "cooldown", "cosine", "one_cycle", "piecewise"]
ObjectiveMode = Literal["alternate", "independent", "joint"]
REST = "rest"  # --unlabelled: the training images whose labels are not learnt
POSITIVE = (
    *("steps", "evaluations", "batch_size", "learning_rate", "decay_factor"),
    *("patience", "checkpoint_steps", "checkpoint_minutes", "steps_per_execution"),
)


@dataclass(frozen=True)
class TrainingConfig:
    """How it is trained: Adam on a loss, for a number of steps.

    Example:
        >>> config = kae.runs.TrainingConfig(steps=100, evaluations=8, schedule="piecewise", decay_at=50)
        >>> config.rounds * config.steps_per_evaluation  # rounded up to 8 times 13
        104
    """

    steps: int = 2000
    """Training steps; rounded up so that as many lie between any two evaluations."""
    evaluations: int = 20
    """Maximum number of evaluations on the validation images, each a row of the history."""
    batch_size: int = 64
    """Images in a training step."""
    learning_rate: float = 5e-4
    """Learning rate of Adam; the highest one where a schedule changes it."""
    schedule: ScheduleName = "constant"
    """How the learning rate changes: to 0 over the last fifth of the steps, along half a cosine to 0, up and down,
    or in steps (--decay-at)."""
    warmup_steps: int = 0
    """Number of steps over which the learning rate rises linearly."""
    warmup_rate: float | None = None
    """The learning rate of the warm-up steps, where it does not rise but is the same in all of them."""
    decay_at: tuple[int, ...] = ()
    """Numbers of steps after which a piecewise schedule multiplies the learning rate by the decay factor."""
    decay_factor: float = 0.1
    """Factor by which a piecewise schedule multiplies the learning rate."""
    loss: Loss = "mse"
    """Mean over pixels and images; sum_squared_error a sum over pixels; ssim is 1 - SSIM; gaussian_likelihood is
    in nats, of the variance that fits the batch best: beside it a variational bottleneck's beta is 1."""
    noise: float = 0.0
    """Standard deviation of Gaussian noise on what the autoencoder gets, clipped to [0, 1], also when it is
    measured; what it learns to give back is clean. Architectures and bottlenecks have noise in training only."""
    penalty_warmup_steps: int = 0
    """Number of steps over which a variational bottleneck's weight beta or capacity rises linearly from 0."""
    label: str | None = None
    """Which label a classifier learns, by its name, where images have several, such as shape."""
    labelled: int | None = None
    """How many training images a classifier learns the labels of: of each label as many, drawn with the seed of
    the splits. The others are left out, or accompany them with --unlabelled; validation and test keep theirs."""
    unlabelled: str | None = None
    """Images that accompany them without labels, for the local objectives of a model such as cnn_lea: "rest", the
    other training images, or a stretch of the source such as "unlabelled[:10000]" or "train[500:]"."""
    labelled_share: float = 0.5
    """With --unlabelled: part of the images of each training step that have labels."""
    pretraining_steps: int = 0
    """First train the local objectives alone for so many of the steps, and then freeze them and train the rest."""
    objective_mode: ObjectiveMode = "alternate"
    """How a model with local objectives is trained: each moves its own layer's weights, or all that it depends on,
    or all weights move on the weighted sum."""
    objective_passes: Literal[1, 2] = 1
    """With 2, in mode alternate, local objectives take their gradients in a second pass, after the main one has
    moved its weights."""
    objective_weights: tuple[float, float] | None = None
    """With joint objectives the weights of the model's own loss and of the sum of the local ones, by default 1."""
    seed: int = 0
    """Seed of weights, sampling, splits and the order of the images."""
    precision: Precision = "float32"
    """What layers compute in; weights stay float32."""
    jit_compile: Literal["auto", "yes", "no"] = "auto"
    """Whether XLA compiles the training step."""
    steps_per_execution: int | Literal["auto"] = "auto"
    """Training steps in a call of the compiled function."""
    monitor_weights: bool = False
    """Write histograms of the weights for TensorBoard."""
    patience: int | None = None
    """Stop after so many evaluations without a lower loss on every other validation image, and keep the weights
    with the lowest. A detector's threshold is set by the rest of them."""
    checkpoint_steps: int | None = None
    """Number of steps between two saves of the unfinished run's state, besides those by time."""
    checkpoint_minutes: float = 5.0
    """Minutes between two saves of the unfinished run's state."""

    def __post_init__(self):
        settle_fields(self)
        for name in POSITIVE:
            value = getattr(self, name)
            if isinstance(value, int | float) and not 0 < value < inf:
                raise InputError(f"{name} {value}", "a number above 0", f"give another {name}")
        if not 0 <= self.noise < inf:
            raise InputError(f"noise {self.noise}", "a standard deviation, 0 or more", "give another noise")
        if self.penalty_warmup_steps < 0:
            raise InputError(f"penalty_warmup_steps {self.penalty_warmup_steps}", "0 or more", "correct it")
        if self.objective_weights is not None and not all(0 <= weight < inf for weight in self.objective_weights):
            raise InputError(f"objective_weights {list(self.objective_weights)}", "two numbers, 0 or more")
        if self.objective_passes == 2 and self.objective_mode != "alternate":
            received = f"objective_passes 2 with objective_mode {self.objective_mode}"
            raise InputError(received, "objective_mode alternate", "give one pass, or alternate objectives")
        self._check_labels()
        self._check_schedule()

    def _check_labels(self) -> None:
        if self.labelled is not None and self.labelled < 1:
            raise InputError(f"labelled {self.labelled}", "at least 1", "give another --labelled")
        if not 0 < self.labelled_share < 1:
            raise InputError(
                f"labelled_share {self.labelled_share}", "a part of each batch, above 0 and below 1", "give 0.5"
            )
        if self.unlabelled == REST and self.labelled is None:
            raise InputError(
                "unlabelled rest without labelled", "how many have labels", "give --labelled 500, say"
            )
        if self.pretraining_steps and not (0 < self.pretraining_steps < self.steps):
            received = f"pretraining_steps {self.pretraining_steps} of {self.steps} steps"
            raise InputError(received, "fewer than the steps, of which they are a part", "give another number")
        if self.pretraining_steps and (self.objective_mode != "alternate" or self.objective_passes != 1):
            received = f"pretraining_steps with objective_mode {self.objective_mode} or two passes"
            raise InputError(received, "alternate objectives in one pass", "leave one out")

    def _check_schedule(self) -> None:
        if self.warmup_rate is not None and not (0 < self.warmup_rate < inf and self.warmup_steps):
            raise InputError(
                f"warmup_rate {self.warmup_rate} with warmup_steps {self.warmup_steps}",
                "a number above 0 with steps to warm up in",
                "give --warmup-steps, and a rate above 0",
            )
        if self.warmup_steps < 0 or (self.warmup_steps and self.schedule == "one_cycle"):
            raise InputError(
                f"warmup_steps {self.warmup_steps} with schedule {self.schedule}",
                "0 or more, and 0 with one_cycle, which warms up by itself",
                "leave it out",
            )
        if bool(self.decay_at) != (self.schedule == "piecewise"):
            raise InputError(
                f"schedule {self.schedule} with decay_at {list(self.decay_at)}",
                "steps to decay at with schedule piecewise, and with no other",
                "give --schedule piecewise and --decay-at STEPS",
            )
        if list(self.decay_at) != sorted({steps for steps in self.decay_at if steps > 0}):
            raise InputError(f"decay_at {list(self.decay_at)}", "numbers of steps that increase", "sort them")

    @property
    def steps_per_evaluation(self) -> int:
        return -(-self.steps // min(self.evaluations, self.steps))

    @property
    def rounds(self) -> int:
        """Number of evaluations that are made."""
        return -(-self.steps // self.steps_per_evaluation)

    @property
    def cooled(self) -> float | None:
        """Part of the steps, the last ones, in which the learning rate falls; None where it changes before."""
        return {"constant": 0.0, "cooldown": COOLED}.get(self.schedule)

    def learning_rates(self):
        """Returns the learning rate for the optimizer: a number, or a schedule over the steps really made."""
        import keras

        from keras_ae import schedules

        steps, rate = self.rounds * self.steps_per_evaluation, self.learning_rate
        if self.schedule == "one_cycle":
            return schedules.OneCycle(rate, steps)
        if self.schedule == "cooldown":
            rate = schedules.Cooldown(rate, steps, COOLED)
        if self.schedule == "cosine":
            rate = keras.optimizers.schedules.CosineDecay(rate, steps)
        if self.schedule == "piecewise":
            rate = schedules.piecewise(rate, self.decay_at, self.decay_factor)
        return schedules.Warmup(rate, self.warmup_steps, self.warmup_rate) if self.warmup_steps else rate

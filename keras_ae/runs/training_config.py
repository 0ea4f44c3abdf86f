"""How a run is trained."""

from dataclasses import dataclass
from math import inf
from typing import Literal

from keras_ae._support.errors import InputError
from keras_ae._support.fields import settle_fields

Loss = Literal["mse", "sum_squared_error", "mae", "binary_crossentropy", "ssim", "gaussian_likelihood"]
Precision = Literal["float32", "mixed_bfloat16", "mixed_float16"]
COOLED = 0.2  # fraction of the steps, at the end, that a cooldown takes
ScheduleName = Literal["constant", "cooldown", "cosine", "one_cycle", "piecewise"]
ObjectiveMode = Literal["alternate", "independent", "joint"]
REST = "rest"  # for --unlabelled: the training images whose labels are not learnt
POSITIVE = (
    *("steps", "evaluations", "batch_size", "learning_rate", "decay_factor"),
    *("patience", "checkpoint_steps", "checkpoint_minutes", "steps_per_execution"),
)


@dataclass(frozen=True)
class TrainingConfig:
    """How to train: with Adam on a loss, for a number of steps.

    Example:
        >>> config = kae.runs.TrainingConfig(steps=100, evaluations=8, schedule="piecewise", decay_at=50)
        >>> config.rounds * config.steps_per_evaluation  # rounded up to 8 times 13
        104
    """

    steps: int = 2000
    """Number of training steps, rounded up to put equally many between any two evaluations."""
    evaluations: int = 20
    """Maximum number of evaluations on the validation images, each a row of the history."""
    batch_size: int = 64
    """Images per training step."""
    learning_rate: float = 5e-4
    """Learning rate of Adam; its maximum if a schedule changes it."""
    schedule: ScheduleName = "constant"
    """Schedule of the learning rate: cooldown falls to 0 over the last fifth of the steps, cosine along half a
    cosine to 0; one_cycle goes up and down, piecewise down in steps (--decay-at)."""
    warmup_steps: int = 0
    """Number of steps over which the learning rate rises linearly."""
    warmup_rate: float | None = None
    """Constant learning rate during the warm-up steps, instead of a linear rise."""
    decay_at: tuple[int, ...] = ()
    """Step counts after which a piecewise schedule multiplies the learning rate by the decay factor."""
    decay_factor: float = 0.1
    """Factor by which a piecewise schedule multiplies the learning rate."""
    loss: Loss = "mse"
    """Loss, a mean over pixels and images; sum_squared_error sums over pixels; ssim is 1 - SSIM;
    gaussian_likelihood is in nats, with the variance that best fits the batch (use a variational beta of 1)."""
    noise: float = 0.0
    """Standard deviation of Gaussian noise on the autoencoder's inputs, in measurements too; inputs are clipped to
    [0, 1], targets are clean. Noise of architectures and bottlenecks acts in training only."""
    penalty_warmup_steps: int = 0
    """Number of steps over which a variational bottleneck's weight beta or capacity rises linearly from 0."""
    label: str | None = None
    """Name of the label that a classifier learns, such as shape, if images have several."""
    labelled: int | None = None
    """Number of training images whose labels a classifier learns: equally many per label, drawn with the seed of
    the splits. The others are left out, or join without labels (--unlabelled); validation and test keep theirs."""
    unlabelled: str | None = None
    """Images to add without labels, for the local objectives of a model such as cnn_lea: "rest", the other
    training images, or a slice of the source such as "unlabelled[:10000]" or "train[500:]"."""
    labelled_share: float = 0.5
    """With --unlabelled: fraction of the images of each training step that have labels."""
    pretraining_steps: int = 0
    """Number of initial steps that train the local objectives alone; these are then frozen, the rest trained."""
    objective_mode: ObjectiveMode = "alternate"
    """How a model with local objectives is trained: each moves its own layer's weights, or all that it depends on,
    or all weights move on the weighted sum."""
    objective_passes: Literal[1, 2] = 1
    """With 2, in mode alternate, local objectives take their gradients in a second pass, after the main one has
    moved its weights."""
    objective_weights: tuple[float, float] | None = None
    """With joint objectives: weights of the model's own loss and of the sum of the local ones; 1 by default."""
    seed: int = 0
    """Seed of weights, sampling, splits and the order of the images."""
    precision: Precision = "float32"
    """Precision in which layers compute; weights stay float32."""
    jit_compile: Literal["auto", "yes", "no"] = "auto"
    """Whether to compile the training step with XLA."""
    steps_per_execution: int | Literal["auto"] = "auto"
    """Training steps per call of the compiled function."""
    monitor_weights: bool = False
    """Write histograms of the weights for TensorBoard."""
    patience: int | None = None
    """Stop after so many evaluations without a lower loss on every other validation image, and keep the weights
    with the lowest loss. The remaining validation images set a detector's threshold."""
    checkpoint_steps: int | None = None
    """Steps between checkpoints of the unfinished run, in addition to those by time."""
    checkpoint_minutes: float = 5.0
    """Minutes between checkpoints of the unfinished run."""

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
        """Training steps from one evaluation to the next."""
        return -(-self.steps // min(self.evaluations, self.steps))

    @property
    def rounds(self) -> int:
        """Number of evaluations made."""
        return -(-self.steps // self.steps_per_evaluation)

    @property
    def cooled(self) -> float | None:
        """Fraction of the steps, at the end, over which the learning rate falls; None if it changes earlier."""
        return {"constant": 0.0, "cooldown": COOLED}.get(self.schedule)

    def learning_rates(self):
        """Returns the learning rate for the optimizer: a number, or a schedule over the steps actually made."""
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

"""The model with several objectives, which has the library's only custom training step."""

import keras
from keras import ops

from keras_ae._support import keras_private
from keras_ae._support.errors import InputError
from keras_ae._support.execution import AutomaticExecution
from keras_ae.losses import weights_of_images
from keras_ae.objectives.division import divide
from keras_ae.objectives.labelled import batch_size, count_labelled, labelled_only
from keras_ae.objectives.modes import JointWeights, check_compilation
from keras_ae.objectives.optimizers import check_no_moving_average, local_optimizers, scaled


@keras.saving.register_keras_serializable(package="keras_ae")
class MultiObjective(keras_private.AcrossWorkers, AutomaticExecution, keras.Model):
    """A functional model with a main loss, and a local loss for each layer that is a `LocalObjective`.

    The logs show the main loss as `loss` and each local one as `<layer name>_loss`, unweighted in every mode. As
    in Keras, tracing the step fixes the variables that each objective moves: compile again after freezing layers.
    An integer label of −1 says that an image has none: the main loss and all metrics are means over the labelled
    images of a batch (0 without any), the local losses over all. (Penhouët's thesis, section 3.1.1 and eq. 5.3.)

    Args:
        inputs: Same as for `keras.Model`.
        outputs: Same as for `keras.Model`.
        name: Same as for `keras.Model`.
        **kwargs: `trainable`, the same as for `keras.Model`, and `dtype`, the policy by which `compile` scales the
            losses.

    Raises:
        InputError: If no layer owns an objective, or two such layers have the same name.

    Example:
        >>> model = kae.architectures.lea_fc((8, 8, 1), (2,), classes=3, window=4, units=4)
        >>> model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        >>> history = model.fit(np.ones((4, 8, 8, 1)), np.array([0, 1, 2, 0]), verbose=0)
        >>> sorted(history.history)
        ['lea_loss', 'loss']
    """

    mode: str | None = None
    passes = 1
    objective_optimizers: list | tuple = ()
    joint_weights: JointWeights | None = None

    def __init__(self, inputs, outputs, name=None, **kwargs):
        dtype = kwargs.pop("dtype", None)
        super().__init__(inputs, outputs, name=name, **kwargs)
        if dtype is not None:  # Keras's functional models ignore it.
            self.dtype_policy = dtype
        names = [layer.name for layer in divide(self).local]
        if not names:
            raise InputError(
                "a model in which no layer owns an objective",
                "at least one LocalObjective layer",
                "use keras.Model",
            )
        if len(set(names)) < len(names):
            raise InputError(f"local objectives named {', '.join(names)}", "different names")
        self.local_trackers = [keras.metrics.Mean(name=f"{name}_loss") for name in names]

    @property
    def optimizers(self) -> list:
        """All optimizers, the main objective's first."""
        return [self.optimizer, *self.objective_optimizers]

    @property
    def variables(self):
        """Same as `keras.Model.variables`, plus τ and λ: like random seeds, they are state but not weights."""
        weights = self.joint_weights
        return [*super().variables, *([weights.main, weights.local] if weights else [])]

    def variable_groups(self) -> list[list]:
        """Returns the trainable variables that each of `optimizers` may move."""
        if self.mode != "alternate":
            return [self.trainable_variables for _ in self.optimizers]
        local = [layer.trainable_variables for layer in divide(self).local]
        owned = {id(variable) for group in local for variable in group}
        return [[v for v in self.trainable_variables if id(v) not in owned], *local]

    def compile(  # type: ignore[override]  # names what Keras takes, and more
        self,
        optimizer="adam",
        loss=None,
        *,
        mode="alternate",
        objective_optimizers=None,
        passes=1,
        objective_weights=None,
        auto_scale_loss=True,
        **kwargs,
    ):
        """Same as `keras.Model.compile`, with an optimizer for each objective.

        Args:
            optimizer: The optimizer of the main objective, or of the joint one in mode "joint".
            loss: The main loss.
            mode: "alternate": the main objective moves only variables outside the local objectives, though its
                gradient passes through them; each local one moves only its own layer's. "independent": each
                objective moves all variables that it depends on. "joint": one step on τ · main + λ · the sum of
                the local losses.
            objective_optimizers: Optimizers of the local objectives, except in mode "joint": a list in the order
                of the layers, a mapping from layer name to optimizer, or one (by default `optimizer`) that is
                copied for each.
            passes: With 1, all gradients are taken at the same weights. With 2, in mode "alternate", the main
                objective steps first and the local ones after a second forward pass, as in the thesis. That
                doubles the cost, and updates statistics such as batch normalisation's twice.
            objective_weights: (τ, λ), only in mode "joint"; (1, 1) by default. Stored in `joint_weights`.
            auto_scale_loss: Whether to scale the losses dynamically under mixed_float16.
            **kwargs: Same as for `keras.Model.compile`, except that `jit_compile` and `steps_per_execution`
                default to "auto": chosen by device, kind of model and the steps of `fit`.

        Raises:
            InputError: If the arguments do not fit together or the model, or the backend is not TensorFlow.
        """
        check_compilation(mode, passes, loss, objective_optimizers, objective_weights)
        with self.distribute_strategy.scope():
            optimizer = keras.optimizers.get(optimizer)
            local = []
            if mode != "joint":  # Before Keras compiles, so that an error leaves the model unchanged.
                local = self._local_optimizers(objective_optimizers, optimizer, auto_scale_loss)
            super().compile(optimizer, loss, auto_scale_loss=auto_scale_loss, **kwargs)
            self.mode, self.passes, self.objective_optimizers = mode, passes, local
            weights = (1.0, 1.0) if objective_weights is None else objective_weights
            self.joint_weights = JointWeights.of(*weights) if mode == "joint" else None
            self._build_optimizers()

    def _local_optimizers(self, given, main, auto_scale_loss):
        optimizers = local_optimizers(given, main, [layer.name for layer in divide(self).local])
        check_no_moving_average([main, *optimizers])
        if auto_scale_loss and self.dtype_policy.name == "mixed_float16":
            return [scaled(optimizer) for optimizer in optimizers]
        return optimizers

    def _build_optimizers(self):
        """Creates each optimizer's variables, for exactly the model's variables that it may move."""
        for optimizer, variables in zip(self.optimizers, self.variable_groups(), strict=True):
            if not optimizer.built:
                optimizer.build(variables)

    def get_config(self):
        return {**super().get_config(), "dtype": keras.dtype_policies.serialize(self.dtype_policy)}

    def get_compile_config(self):
        config = super().get_compile_config()
        if not config:
            return config
        config = {**config, "mode": self.mode, "passes": self.passes}
        if self.joint_weights is not None:  # The current ones, so that training continues where it stopped.
            return {**config, "objective_weights": self.joint_weights.numbers()}
        optimizers = [keras.saving.serialize_keras_object(optimizer) for optimizer in self.objective_optimizers]
        return {**config, "objective_optimizers": optimizers}

    def compile_from_config(self, config):
        self.compile(**keras.saving.deserialize_keras_object(config))

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Returns the main loss and updates the local losses' metrics. Only `test_step` uses it."""
        self._report_local(self._local_losses(), y_pred)
        return self._main_loss(y, y_pred, sample_weight)

    def _main_loss(self, y, y_pred, sample_weight):
        """The compiled loss plus the losses of layers and weights outside the local objectives."""
        if y is None:
            raise InputError("inputs alone", "inputs and what their outputs are to be", "give labels too")
        if hasattr(y_pred, "shape"):  # one output
            sample_weight = weights_of_images(sample_weight, len(y_pred.shape))
        main, local = divide(self)
        owned = {id(variable) for layer in local for variable in layer.trainable_weights}
        added = [loss for layer in main for loss in keras_private.added_losses(layer)]
        regularized = [v for v in self.trainable_weights if v.regularizer is not None and id(v) not in owned]
        added += [variable.regularizer(variable) for variable in regularized]
        # A sum, because Keras leaves the mean over no images an empty tensor.
        loss = ops.sum(keras_private.compiled_loss(self, *labelled_only(y, y_pred, sample_weight)))
        return loss + self._total(added) if added else loss

    def _local_losses(self) -> list:
        return [self._total(layer.losses) for layer in divide(self).local]

    def _total(self, losses):
        # Cast, because layers under a mixed policy add losses of its compute dtype.
        scalars = [ops.cast(keras_private.aggregated(self, loss), keras.config.floatx()) for loss in losses]
        return sum(scalars, start=ops.zeros(()))

    def train_step(self, data):
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)

        def main(y_pred):
            return [self._main_loss(y, y_pred, sample_weight)]

        def local(_):
            return self._local_losses()

        if self.passes == 2:
            y_pred, main_loss = self._descend(x, main, slice(0, 1))
            _, local_losses = self._descend(x, local, slice(1, None))
        else:
            y_pred, losses = self._descend(x, lambda y_pred: main(y_pred) + local(y_pred), slice(None))
            main_loss, local_losses = losses[:1], losses[1:]
        keras_private.loss_tracker(self).update_state(
            _whole(main_loss[0]), sample_weight=count_labelled(y, y_pred)
        )
        self._report_local(local_losses, y_pred)
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def test_step(self, data):
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        y_pred = self(x, training=False)
        loss = self.compute_loss(x, y, y_pred, sample_weight, training=False)
        keras_private.loss_tracker(self).update_state(_whole(loss), sample_weight=count_labelled(y, y_pred))
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        return super().compute_metrics(x, *labelled_only(y, y_pred, sample_weight))

    def _descend(self, x, objectives, which: slice):
        """Makes one forward pass, and one step on each objective at the weights of that pass.

        Args:
            x: A batch of inputs.
            objectives: Function from the outputs to a list of losses.
            which: The optimizers that step on them.

        Returns:
            The outputs and the losses.
        """
        import tensorflow as tf

        optimizers, groups = self.optimizers[which], self.variable_groups()[which]
        with tf.GradientTape(persistent=True) as tape:
            y_pred = self(x, training=True)
            losses = objectives(y_pred)
            minimized = [self._joint(losses)] if self.mode == "joint" else losses
            minimized = [o.scale_loss(loss) for o, loss in zip(optimizers, minimized, strict=True)]
        # All gradients before the first step: objectives may share variables.
        gradients = [tape.gradient(loss, group) for loss, group in zip(minimized, groups, strict=True)]
        for optimizer, gradient, group in zip(optimizers, gradients, groups, strict=True):
            steps = list(zip(gradient, group, strict=True))
            if self.mode == "independent":  # An objective depends neither on other decoders nor on later layers.
                steps = [(g, variable) for g, variable in steps if g is not None]
            if steps:
                optimizer.apply_gradients(steps)
        return y_pred, losses

    def _joint(self, losses):
        weights, (main, *local) = self.joint_weights, losses
        assert weights is not None  # in mode "joint"
        return weights.main * main + weights.local * sum(local)

    def _report_local(self, losses, y_pred):
        for metric, loss in zip(self.local_trackers, losses, strict=True):
            metric.update_state(_whole(loss), sample_weight=batch_size(y_pred))


def _whole(loss):
    """The loss over all replicas; for gradients, Keras divides each replica's loss by their number."""
    import tensorflow as tf

    return loss * tf.distribute.get_strategy().num_replicas_in_sync

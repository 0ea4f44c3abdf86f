"""What one model costs: operations, and memory of a training step."""

from dataclasses import dataclass

import keras

TRAINING_PASSES = 3  # a forward pass, and a backward one that costs about two
COPIES_OF_WEIGHTS = 4  # weights, gradients, and Adam's two moments
NO_ACTIVATIONS = {"Const", "Identity", "Placeholder", "ReadVariableOp"}


@dataclass(frozen=True)
class Cost:
    """The cost of one model: operations and float32 activations of one image's forward pass, and parameters."""

    operations: float
    activations: int
    parameters: int


def cost(model: keras.Model) -> Cost:
    """Counts the work of an `Autoencoder` or a functional model on one image, from its TensorFlow graph."""
    import tensorflow as tf

    shape = getattr(model, "image_shape", None) or model.input_shape[1:]
    spec = tf.TensorSpec((1, *shape))
    graph = tf.function(lambda images: model(images)).get_concrete_function(spec).graph
    profiler = tf.compat.v1.profiler
    options = profiler.ProfileOptionBuilder(profiler.ProfileOptionBuilder.float_operation()).with_empty_output()
    operations = profiler.profile(graph, options=options.build()).total_float_ops
    outputs = (
        output
        for operation in graph.get_operations()
        if operation.type not in NO_ACTIVATIONS
        for output in operation.outputs
    )
    activations = sum(output.shape.num_elements() or 0 for output in outputs if output.dtype.is_floating)
    return Cost(float(operations), activations, model.count_params())


def step_bytes(of_model: Cost, batch_size: int) -> float:
    """Bytes of a training step, within a factor of about two: activations, and weights with Adam's moments."""
    activations = TRAINING_PASSES * of_model.activations * batch_size
    return 4 * (COPIES_OF_WEIGHTS * of_model.parameters + activations)

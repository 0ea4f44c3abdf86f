"""A small transformer that predicts each integer of a sequence from those before it, as pure functions."""

from collections.abc import Callable, Mapping
from math import sqrt
from typing import Any

import numpy as np
from keras import ops

HEADS = 4
EPSILON = 1e-5  # added to the variance in normalisation
HIDDEN = -1e9  # logit of masked places and of impossible values

Weights = Mapping[str, Any]
Attend = Callable[[int, Any, Any, Any], Any]


def initial_weights(values: int, length: int, width: int, blocks: int, biases, seed: int) -> dict[str, np.ndarray]:
    """Returns the initial float32 arrays, by name, of a transformer for sequences of `length` integers.

    Args:
        values: Number of rows of the embedding table.
        length: Length of the sequences.
        width: Width, a multiple of 4 (`HEADS`).
        blocks: Number of blocks, each an attention layer and a perceptron.
        biases: [length, n]: the transformer's initial logits of the n values at each place.
        seed: Seed of the random weights.
    """
    generator = np.random.default_rng(seed)
    shapes = {
        "values": (values, width),
        "places": (length, width),
        "start": (width,),
        "head": (width, biases.shape[1]),
    }
    for i in range(blocks):
        shapes |= {f"attend_{i}": (width, 3 * width), f"join_{i}": (width, width)}
        shapes |= {f"rise_{i}": (width, 4 * width), f"fall_{i}": (4 * width, width)}
    # The blocks' outputs and the head start small, so each place starts with its own frequencies.
    scales = {"join": 0.02, "fall": 0.02, "head": 0.02, "values": 0.5, "places": 0.5, "start": 0.5}
    arrays = {
        name: generator.normal(0, scales.get(name.split("_")[0], 1 / sqrt(shape[0])), shape)
        for name, shape in shapes.items()
    }
    for i in range(blocks):
        arrays |= {f"rise_bias_{i}": np.zeros(4 * width), f"fall_bias_{i}": np.zeros(width)}
    scaled = ["last_scale", *(f"{part}_scale_{i}" for part in ("attend", "rise") for i in range(blocks))]
    arrays |= {name: np.ones(width) for name in scaled} | {"biases": np.asarray(biases)}
    return {name: array.astype(np.float32) for name, array in arrays.items()}


def sequence_logits(weights: Weights, tokens):
    """Returns the logits [n, d, values] of each integer of rows [n, d], given those before it in its row."""
    length = tokens.shape[1]
    seen = ops.take(weights["values"], tokens[:, :-1], axis=0)
    start = ops.zeros_like(seen[:, :1]) if length > 1 else ops.zeros((ops.shape(tokens)[0], 1, 1))
    inputs = ops.concatenate([start + weights["start"], seen], axis=1) if length > 1 else start + weights["start"]
    visible = np.where(np.tril(np.ones((length, length))) > 0, 0.0, HIDDEN).astype(np.float32)

    def attend(_, queries, keys, values):
        return attention(queries, keys, values, visible)

    return transformed(weights, inputs + weights["places"], attend) + weights["biases"]


def transformed(weights: Weights, inputs, attend: Attend):
    """Returns the logits [n, m, values], without the biases, for inputs [n, m, width] to the first block.

    Args:
        weights: The transformer's arrays.
        inputs: [n, m, width]: sums of the vectors of integers and places.
        attend: Maps a block's number and its queries, keys and values, [n, heads, m, width / heads] each, to the
            attention of these queries.
    """
    for i in range(sum(name.startswith("join_") for name in weights)):
        normal = _normalized(inputs) * weights[f"attend_scale_{i}"]
        parts = ops.split(ops.matmul(normal, weights[f"attend_{i}"]), 3, axis=-1)
        found = ops.transpose(attend(i, *map(_to_heads, parts)), (0, 2, 1, 3))
        inputs = inputs + ops.matmul(ops.reshape(found, ops.shape(inputs)), weights[f"join_{i}"])
        normal = _normalized(inputs) * weights[f"rise_scale_{i}"]
        hidden = ops.silu(ops.matmul(normal, weights[f"rise_{i}"]) + weights[f"rise_bias_{i}"])
        inputs = inputs + ops.matmul(hidden, weights[f"fall_{i}"]) + weights[f"fall_bias_{i}"]
    return ops.matmul(_normalized(inputs) * weights["last_scale"], weights["head"])


def attention(queries, keys, values, visible):
    """Returns the attention of queries [n, heads, m, e] to keys and values [n, heads, d, e].

    Args:
        queries, keys, values: The three inputs.
        visible: [m, d] or broadcastable: 0 where a query may see a key, `HIDDEN` elsewhere.
    """
    logits = ops.matmul(queries, ops.transpose(keys, (0, 1, 3, 2))) / sqrt(queries.shape[-1])
    return ops.matmul(ops.softmax(logits + visible, axis=-1), values)


def drawn_sequences(weights: Weights, offsets: np.ndarray, count, seed):
    """Samples rows of integers, int32 [count, d], place by place, in TensorFlow operations.

    Args:
        weights: The transformer's arrays.
        offsets: int32 [d]: the row of the embedding table where each place's integers begin.
        count: Number of rows.
        seed: Two integers, for TensorFlow's stateless generators.
    """
    import tensorflow as tf

    length, width = weights["places"].shape
    blocks = sum(name.startswith("join_") for name in weights)
    places, biases, rows = (tf.constant(each) for each in (weights["places"], weights["biases"], offsets))
    kept = tf.zeros((2 * blocks, count, HEADS, length, width // HEADS))  # each block's keys, and its values

    def step(i, inputs, kept, tokens):
        here = tf.reshape(tf.one_hot(i, length), (1, 1, length, 1))
        visible = tf.where(tf.range(length) <= i, 0.0, HIDDEN)
        memory = tf.unstack(kept)

        def attend(block, queries, keys, values):
            for place, new in ((2 * block, keys), (2 * block + 1, values)):
                memory[place] = memory[place] + here * new
            return attention(queries, memory[2 * block], memory[2 * block + 1], visible)

        logits = transformed(weights, (inputs + places[i])[:, None], attend)[:, 0] + biases[i]
        noise = tf.random.stateless_uniform(tf.shape(logits), seed + tf.stack([0, i]), 1e-20, 1.0)
        token = tf.argmax(logits - tf.math.log(-tf.math.log(noise)), axis=1, output_type=tf.int32)
        tokens = tokens + token[:, None] * tf.one_hot(i, length, dtype=tf.int32)
        return i + 1, tf.gather(weights["values"], token + rows[i]), tf.stack(memory), tokens

    start = tf.tile(weights["start"][None], (count, 1))
    state = (tf.constant(0), start, kept, tf.zeros((count, length), tf.int32))
    return tf.while_loop(lambda i, *_: i < length, step, state)[-1]


def _normalized(inputs):
    centered = inputs - ops.mean(inputs, axis=-1, keepdims=True)
    return centered * ops.rsqrt(ops.mean(ops.square(centered), axis=-1, keepdims=True) + EPSILON)


def _to_heads(inputs):
    """[n, m, width] → [n, heads, m, width / heads]."""
    shape = (-1, inputs.shape[1], HEADS, inputs.shape[2] // HEADS)
    return ops.transpose(ops.reshape(inputs, shape), (0, 2, 1, 3))

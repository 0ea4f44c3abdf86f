"""What was written for TensorBoard, read back."""


def written_events(directory):
    """From tag to [(step, value), …], of all event files below a directory."""
    import tensorflow as tf

    found = {}
    for file in sorted(directory.rglob("*tfevents*")):
        for event in tf.compat.v1.train.summary_iterator(str(file)):
            for value in event.summary.value:
                found.setdefault(value.tag, []).append((event.step, tf.make_ndarray(value.tensor)))
    return found

"""A training step of a small fully connected autoencoder beside the same network in PyTorch.

    python benchmarks/fully_connected.py [--torch PYTHON] [--rounds 3] [--threads 2] [--out FILE.json]

784-128-64-8-64-128-784 with LeakyReLU, batches of 128, mean squared error, Adam; PyTorch in its eager mode, with
Adam as it is by default and with its fused one. The processes take turns. PyTorch is optional, as for
`full_size_cae.py`.
"""

from itertools import pairwise

from beside_torch import compare, training_step

BATCH, SIZES = 128, (784, 128, 64, 8)
STEPS = 50  # PyTorch's of one call
CASES = ("PyTorch float32", "PyTorch fused", "keras_ae float32", "keras_ae mixed_bfloat16")


def keras_ae_step(policy: str, threads: int):
    """Training steps of ours."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    import keras

    import keras_ae as kae

    keras.config.set_dtype_policy(policy)
    model = kae.architectures.fully_connected((28, 28, 1), (SIZES[-1],), SIZES[1:-1])
    model.compile(kae.optimizers.Adam(1e-3), "mse")
    return training_step(model, BATCH)


def torch_step(optimizer: str, threads: int):
    """Training steps of the network written in PyTorch."""
    import torch
    from torch import nn

    torch.set_num_threads(threads)
    widths = [*SIZES, *SIZES[-2::-1]]
    layers = []
    for place, (values, units) in enumerate(pairwise(widths), start=1):
        layers.append(nn.Linear(values, units))
        if place == len(widths) - 1:
            layers.append(nn.Sigmoid())
        elif place != len(SIZES) - 1:  # the code is linear
            layers.append(nn.LeakyReLU(0.2))
    model = nn.Sequential(*layers)
    moved = torch.optim.Adam(model.parameters(), 1e-3, fused=optimizer == "fused")
    images = torch.rand(BATCH, SIZES[0])

    def steps():
        for _ in range(STEPS):
            moved.zero_grad()
            loss = nn.functional.mse_loss(model(images), images)
            loss.backward()
            moved.step()
        return loss.item()

    return steps, STEPS


def step(case: str, threads: int):
    """Training steps of one case."""
    library, kind = case.split()
    return torch_step(kind, threads) if library == "PyTorch" else keras_ae_step(kind, threads)


if __name__ == "__main__":
    compare(__file__, __doc__, CASES, step)

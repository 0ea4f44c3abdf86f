"""A training step of the deterministic autoencoder of Daly et al. beside the same network in PyTorch.

    python benchmarks/strided_autoencoder.py [--torch PYTHON] [--rounds 3] [--threads 2] [--out FILE.json]

32 filters, images of 32×32×3, a code of 128 values, batches of 128, binary cross-entropy, Adam. The processes
take turns, so that other work on the machine meets both of them, and of each the fastest step counts. Where that
work is heavy, `--threads 1` and the CPU seconds still tell. PyTorch is optional, as for `full_size_cae.py`.
"""

from itertools import pairwise

from beside_torch import compare, training_step

BATCH, SIDE, CODE, FILTERS, KERNEL = 128, 32, 128, 32, 4
CASES = ("PyTorch float32", "keras_ae float32", "keras_ae mixed_bfloat16")


def keras_ae_step(policy: str, threads: int):
    """One training step of ours."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    import keras

    import keras_ae as kae

    keras.config.set_dtype_policy(policy)
    model = kae.architectures.strided((SIDE, SIDE, 3), (CODE,), FILTERS)
    model.compile(kae.optimizers.Adam(1e-3), "binary_crossentropy")
    return training_step(model, BATCH)


def torch_step(threads: int):
    """One training step of the network written in PyTorch, in the memory layout that is fastest on a CPU."""
    import torch
    from torch import nn

    torch.set_num_threads(threads)
    small, wide = SIDE // 4, 8 * FILTERS

    class Same(nn.ConvTranspose2d):
        """A kernel of 4 and stride 1 that keeps the size: one row and column more on one side."""

        def forward(self, features):
            return super().forward(features)[..., 1:-2, 1:-2]

    def normalized(convolution, filters):
        return [convolution, nn.BatchNorm2d(filters), nn.ReLU(inplace=True)]

    layers = []
    for channels, filters in pairwise([3, FILTERS, 2 * FILTERS, 4 * FILTERS, wide]):
        layers += normalized(nn.Conv2d(channels, filters, KERNEL, 2, padding=1), filters)
    layers += [nn.Flatten(), nn.Linear(wide * (SIDE // 16) ** 2, CODE)]
    layers += [nn.Linear(CODE, wide * small**2), nn.Unflatten(1, (wide, small, small))]
    for channels, filters in pairwise([wide, 4 * FILTERS, 2 * FILTERS]):
        layers += normalized(nn.ConvTranspose2d(channels, filters, KERNEL, 2, padding=1), filters)
    model = nn.Sequential(*layers, Same(2 * FILTERS, 3, KERNEL)).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    images = torch.rand(BATCH, 3, SIDE, SIDE).to(memory_format=torch.channels_last)
    assert sum(weight.numel() for weight in model.parameters()) == 3_594_851

    def step():
        optimizer.zero_grad()
        # Sigmoid and cross-entropy in one, which is PyTorch's faster way.
        loss = nn.functional.binary_cross_entropy_with_logits(model(images), images)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def step(case: str, threads: int):
    """A training step of one case."""
    library, policy = case.split()
    return torch_step(threads) if library == "PyTorch" else keras_ae_step(policy, threads)


if __name__ == "__main__":
    compare(__file__, __doc__, CASES, step)

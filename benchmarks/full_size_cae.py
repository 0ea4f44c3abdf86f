"""A training step of the bottleneck-shape paper's network beside the same one in PyTorch.

    python benchmarks/full_size_cae.py [--torch PYTHON] [--rounds 3] [--threads 2] [--out FILE.json]

48.8 million parameters, images of 96×96×3, a code of 3×3×48, batches of 32, Adam. The processes take turns, so
that other work on the machine meets all of them, and of each the fastest step counts. Where that work is heavy,
`--threads 1` and the CPU seconds still tell. PyTorch is optional: `pip install torch==2.13.0` into this
environment, or into one of its own whose interpreter is given as PYTHON.
"""

from itertools import pairwise

from beside_torch import compare, training_step

BATCH, SIDE, CODE = 32, 96, 48
CASES = ("PyTorch float32", "keras_ae float32", "keras_ae mixed_bfloat16")


def keras_ae_step(policy: str, threads: int):
    """One training step of ours."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    import keras

    import keras_ae as kae

    keras.config.set_dtype_policy(policy)
    model = kae.architectures.convolutional((SIDE, SIDE, 3), (3, 3, CODE))
    model.compile(kae.optimizers.Adam(5e-4), "mse")
    return training_step(model, BATCH)


def torch_step(threads: int):
    """One training step of the network written in PyTorch, in the memory layout that is fastest on a CPU."""
    import torch
    from torch import nn

    torch.set_num_threads(threads)

    def unit(channels, filters, stride=1):
        convolution = nn.Conv2d(channels, filters, 3, stride, padding=1)
        return nn.Sequential(convolution, nn.InstanceNorm2d(filters, affine=True), nn.ReLU(inplace=True))

    class ResidualBlock(nn.Module):
        def __init__(self, channels):
            super().__init__()
            self.units = nn.Sequential(unit(channels, channels), unit(channels, channels))

        def forward(self, features):
            return features + self.units(features)

    widths = [3, 12, 48, 192, 768, CODE]
    layers = [unit(3, 3)]
    for width, after in pairwise(widths):
        layers += [ResidualBlock(width), ResidualBlock(width), unit(width, after, stride=2)]
    for width, after in pairwise([*widths[:0:-1], 3]):
        upsampling = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        layers += [upsampling, unit(width, after), ResidualBlock(after), ResidualBlock(after)]
    model = nn.Sequential(*layers, unit(3, 3)).to(memory_format=torch.channels_last)
    assert sum(weight.numel() for weight in model.parameters()) == 48_824_109
    optimizer = torch.optim.Adam(model.parameters(), 5e-4)
    images = torch.rand(BATCH, 3, SIDE, SIDE).to(memory_format=torch.channels_last)

    def step():
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(images), images)
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

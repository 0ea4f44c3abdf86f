"""Codecs as directories: a SavedModel, the tables, and everything else that both sides must agree on."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from keras_ae._support.checksums import read_checksums
from keras_ae._support.directories import write_directory
from keras_ae._support.files import write_arrays, write_json
from keras_ae.compression.codec import Codec
from keras_ae.compression.coder import require_coder
from keras_ae.compression.entropy import Conditional, Independent
from keras_ae.compression.integer_network import IntegerNetwork
from keras_ae.compression.networks import DECODE, ENCODE
from keras_ae.compression.record import FORMAT, RECORD, TABLES, read_codec_record
from keras_ae.compression.tables import Tables
from keras_ae.export import archive, load_saved_model


def save_codec(codec: Codec, path: Path) -> None:
    """Writes a codec; see `Codec.save`."""
    write_directory(path, lambda written: _fill(codec, written))


def _fill(codec: Codec, path: Path) -> None:
    if isinstance(codec._source, Path):  # it was loaded
        read_codec_record(codec._source)
        for name in read_checksums(codec._source):
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(codec._source / name, path / name)
        return
    networks, step = codec._source
    functions = {name: endpoint.concrete() for name, endpoint in networks.endpoints(step).items()}
    archive(SimpleNamespace(variables=networks.variables), functions, path)
    tables = codec.entropy.tables
    arrays = {"counts": tables.counts, "starts": tables.starts, "lowest": tables.lowest}
    if isinstance(codec.entropy, Conditional):
        network = codec.entropy.network
        arrays |= {f"kernel_{i}": kernel for i, kernel in enumerate(network.kernels)}
        arrays |= {f"bias_{i}": bias for i, bias in enumerate(network.biases)}
        arrays["thresholds"] = network.thresholds
    write_arrays(path / TABLES, arrays, compressed=True)
    record = {
        "format": FORMAT,
        "identity": codec.identity.hex(),
        "image_shape": codec.image_shape,
        "code_shape": codec.code_shape,
        "stride": codec.stride,
        "hyperprior": isinstance(codec.entropy, Conditional),
    }
    write_json(path / RECORD, record)


def load_codec(path: Path) -> Codec:
    """Reads a codec; see `Codec.load`."""
    require_coder()
    record = read_codec_record(path)
    with np.load(path / TABLES, allow_pickle=False) as file:
        arrays = dict(file)
    tables = Tables(arrays["counts"], arrays["starts"], arrays["lowest"])
    entropy: Independent | Conditional = Independent(tables)
    if record["hyperprior"]:
        kernels, biases = ([arrays[f"{name}_{i}"] for i in range(3)] for name in ("kernel", "bias"))
        entropy = Conditional(tables, IntegerNetwork(tuple(kernels), tuple(biases), arrays["thresholds"]))
    model = load_saved_model(path)
    # The functions alone do not keep the weights alive: the model must live as long as they do.
    functions = {name: lambda array, name=name: getattr(model, name)(array) for name in (ENCODE, DECODE)}
    shapes = record["image_shape"], record["code_shape"], record["stride"]
    return Codec(*shapes, entropy, functions, bytes.fromhex(record["identity"]), path)

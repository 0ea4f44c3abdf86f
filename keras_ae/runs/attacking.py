"""Attacks on the classifier of a run."""

from collections.abc import Sequence

from keras_ae._support.errors import InputError
from keras_ae.evaluation import Robustness, attacked_images, measure_robustness
from keras_ae.runs.run import Run
from keras_ae.runs.tasks import task_of
from keras_ae.runs.training import load_run

TOTALS = "robustness"  # file of the run's directory
PER_BATCH = 20  # as in the thesis on locally embedded autoencoders, section 4.6


def attack_run(
    path, attacks: Sequence[str] = (), images: int = 400, seed: int = 0, progress: bool = True
) -> Robustness:
    """Measures how robust a run's classifier is on test images: the first 20 of each of the first batches.

    Writes to the run's directory `robustness.csv`, with a row for each attack and image, and `robustness.json`,
    the totals by attack. If the process is killed, the same call continues from the table.

    Args:
        path: Directory of a finished run.
        attacks: Names of attacks; all thirteen by default.
        images: Number of images to attack; fewer if the test batches do not have as many.
        seed: Seed of the attacks.
        progress: Whether to show progress bars.

    Raises:
        InputError: If it is no finished run of a classifier, its images have changed, an attack is unknown, or
            the table is that of another measurement.

    Example:
        >>> classifier = kae.runs.ModelConfig("classic", options=("classes=10", "filters=(4, 4)"))
        >>> training = kae.runs.TrainingConfig(steps=2, evaluations=1, jit_compile="no")
        >>> config = kae.runs.RunConfig(kae.runs.DataConfig("digits", limit=60), classifier, training)
        >>> run = kae.runs.train(config, "runs/classifier", progress=False)
        >>> totals = kae.runs.attack_run(run.path, ["gradient_sign"], images=5, progress=False).totals()
        >>> totals["gradient_sign"].images
        5
    """
    if images < 1:
        raise InputError(f"{images} images", "at least 1", "give another --images")
    run = Run.open(path)
    config, data, model = load_run(run, progress)
    task, directory = task_of(model), run.directory
    if not task.labels:
        action = "train one, such as --architecture classic"
        raise InputError(f"{run.path}, the run of an autoencoder", "the run of a classifier", action)
    batches = task.batches(data, "test", config.training, shuffle=False)
    attacked, labels = (part[:images] for part in attacked_images(batches, PER_BATCH, -(-images // PER_BATCH)))
    with directory.locked():
        options = {"seed": seed, "table": directory.path / "robustness.csv", "progress": progress}
        robustness = measure_robustness(model, attacked, labels, attacks or None, **options)
        directory.write(TOTALS, {"images": len(attacked), "seed": seed, "attacks": robustness.summary()})
    return robustness

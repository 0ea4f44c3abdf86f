import pandas
import pytest

from experiments.bottleneck_shape import open_questions
from experiments.bottleneck_shape.study import STUDY, precision


def _runs(experiment, **columns):
    return pandas.DataFrame({"experiment": experiment, "data": "cifar10", **columns})


def _before():
    return pandas.concat(
        [
            _runs(
                "dynamics",
                code=["4x4x48", "4x4x48", "8x8x12"],
                seed=[0, 1, 0],
                **{"validation.mse": [0.02, 0.04, 0.01], "final_loss": [0.01, 0.03, 0.005]},
            ),
            _runs("scaling", code=["4x4x48"], seed=[0], **{"validation.mse": [9.0], "final_loss": [9.0]}),
        ],
        ignore_index=True,
    )


def test_halves_stand_beside_what_was_trained_on_few_images():
    runs = _runs("halves", code="4x4x48", seed=0, new=["encoder", "decoder"], **{"validation.mse": [0.015, 0.012]})
    (row,) = open_questions.halves(runs, _before()).to_dict("records")
    assert row == {
        "code": "4×4×48",
        "as trained on 1,000 images": 0.02,
        "new decoder, frozen encoder": 0.012,
        "new encoder, frozen decoder": 0.015,
    }


def test_denoising_stands_beside_the_plain_models():
    columns = {"validation.mse": [0.03, 0.02], "validation.ssim": [0.5, 0.6]}
    table = open_questions.denoising(_runs("denoising", code=["8x8x12", "4x4x48"], seed=0, **columns), _before())
    assert list(table["without noise: test MSE"]) == [0.01, 0.02]
    assert list(table["denoising: test MSE against clean images"]) == [0.03, 0.02]


def test_precisions_are_compared_on_the_same_seeds():
    columns = {"validation.mse": [0.021, 0.041], "final_loss": [0.011, 0.031]}
    table = open_questions.precision(_runs("precision", code="4x4x48", seed=[0, 1], **columns), _before())
    assert list(table["precision"]) == ["float32", "mixed_bfloat16"]
    assert list(table["seeds"]) == [2, 2]
    assert list(table["test MSE"]) == pytest.approx([0.03, 0.031])
    assert table["test MSE, s.d."][0] == pytest.approx(0.02 / 2**0.5)
    assert list(table["training MSE"]) == pytest.approx([0.02, 0.021])


def test_the_runs_in_half_precision_are_those_of_the_study_otherwise():
    plain = {run.name.replace("dynamics", "precision"): run.config for run in STUDY.runs("cpu")}
    for run in precision():
        same = plain[run.name]
        assert (run.config.data, run.config.model) == (same.data, same.model)
        assert run.config.training.precision == "mixed_bfloat16"
        assert run.config.training.seed == same.training.seed

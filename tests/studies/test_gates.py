"""Gates that studies share: every run that is judged has to be long enough, not only the longest."""

import pandas
import pytest

from keras_ae.runs import DataConfig, RunConfig, TrainingConfig
from keras_ae.studies import Study, StudyRun
from keras_ae.studies.gates import long_as_the_paper


def _paper():
    return [
        StudyRun(
            f"{images}", {"experiment": "samples", "images": images}, RunConfig(DataConfig("digits"), training=t)
        )
        for images, t in ((10, TrainingConfig(steps=20)), (5_000, TrainingConfig(steps=15_000)))
    ]


STUDY = Study("s", "S", {"paper": _paper})


@pytest.mark.parametrize(
    ("steps", "choices", "passes"),
    [
        ([1_500, 1_600], {}, True),
        ([1_500, 1_400], {}, False),  # the longest does not stand for the others
        ([20, 1_500], {}, False),
        ([20, 1_500], {"images": 5_000}, True),  # of which only one is judged
        ([2, 1_500], {"images": 10}, True),
        ([], {}, True),
    ],
)
def test_every_run_that_is_judged_has_a_tenth_of_the_papers_steps(steps, choices, passes):
    rows = pandas.DataFrame({"experiment": "samples", "images": [10, 5_000][: len(steps)], "steps": steps})
    gate = long_as_the_paper(rows, STUDY, "train longer", experiment="samples", **choices)
    assert gate.passes == passes
    assert gate.command == "train longer"
    assert passes or f"{min(steps):,} training steps, where the paper has 15,000" in gate.reason

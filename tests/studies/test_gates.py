"""Gates that studies share: every run that is judged has to be long enough, not only the longest."""

import pandas
import pytest

from keras_ae.runs import DataConfig, RunConfig, TrainingConfig
from keras_ae.studies import Study, StudyRun
from keras_ae.studies.claims import Bound, Evidence
from keras_ae.studies.gates import long_as_the_paper, steady


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


@pytest.mark.parametrize(
    ("before", "now", "passes"),
    [
        ([0.1, 0.2], [0.2, 0.3], True),
        ([0.3, 0.4], [0.2, 0.3], True),  # 0.35 to 0.25 to 0.15 to 0.05 over two further quadruplings
        ([0.4, 0.5], [0.2, 0.3], False),  # 0.45 to 0.25 to 0.05 to −0.15
        ([-0.2, -0.1], [0.2, 0.3], False),
        ([-0.2, -0.1], [-0.3, -0.2], True),
        ([], [0.2, 0.3], False),
    ],
)
def test_what_training_leaves_as_it_is_need_not_wait_for_its_end(before, now, passes):
    bound = Bound("any difference counts", low=0)
    longer, shorter = (Evidence("", {"": values}, bound) for values in (now, before))
    gate = steady(longer, shorter, (100, 400, 6_400), "train longer")
    assert gate.passes == passes
    assert gate.command == "train longer"
    assert passes or "6,400" in gate.reason

"""Which table of results is kept beside a study: by run and configuration, never fewer finished runs for more."""

from dataclasses import replace

import pandas
import pytest

import keras_ae as kae
from keras_ae.commands.study import keep_tables

pytestmark = pytest.mark.tensorflow
MODEL = kae.runs.ModelConfig("fully_connected", "2", options=("hidden=(8,)",))
BASE = kae.runs.RunConfig(
    kae.runs.DataConfig("digits", limit=60),
    MODEL,
    kae.runs.TrainingConfig(steps=2, evaluations=1, jit_compile="no"),
)


def study_at(rate: float) -> kae.studies.Study:
    """A study of two runs at a learning rate."""
    training = replace(BASE.training, learning_rate=rate)
    runs = kae.studies.vary(replace(BASE, training=training), {"training.seed": [0, 1]})
    return kae.studies.Study("kept", "Kept", {"quick": lambda: runs})


@pytest.mark.thorough
def test_a_retrained_run_replaces_the_row_of_its_earlier_configuration(tmp_path):
    kept = tmp_path / "results"
    kept.mkdir()
    tables = []
    for rate, trained in ((1e-3, 2), (1e-2, 1), (1e-2, 2)):
        study, out = study_at(rate), tmp_path / str(rate)
        for run in study.runs("quick")[:trained]:
            if not (out / "quick" / run.name).exists():
                kae.runs.train(run.config, out / "quick" / run.name, progress=False)
        keep_tables(study, out, kept)
        tables.append(pandas.read_csv(kept / "quick.csv"))
    first, fewer, second = (list(table["key"]) for table in tables)
    assert fewer == first  # one finished run does not replace two
    assert not set(first) & set(second)
    assert list(tables[2]["status"]) == ["finished", "finished"]


@pytest.mark.thorough
def test_equally_many_runs_of_another_configuration_replace_an_incomplete_table(tmp_path):
    kept = tmp_path / "results"
    kept.mkdir()
    for rate in (1e-3, 1e-2):
        study, out = study_at(rate), tmp_path / str(rate)
        run = study.runs("quick")[0]
        kae.runs.train(run.config, out / "quick" / run.name, progress=False)
        keep_tables(study, out, kept)
        table = pandas.read_csv(kept / "quick.csv").set_index("run")
        assert table.loc[run.name, "key"] == kae.studies.results(study, "quick", out / "quick")["key"][0]
        assert table.loc[run.name, "status"] == "finished"

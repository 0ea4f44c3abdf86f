"""The study of what a LEA does to a network: the thesis's settings, its quick preset, what its report keeps."""

import json
import shutil
import sys
from pathlib import Path

import pandas
import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from experiments.locally_embedded_networks import evidence, measures, robustness_claims  # noqa: E402
from experiments.locally_embedded_networks.scales import EXPERIMENTS, WEIGHTS  # noqa: E402
from experiments.locally_embedded_networks.study import STUDY  # noqa: E402
from keras_ae.studies.measurements import Measure, Store, Subject  # noqa: E402


@pytest.fixture(scope="module")
def paper():
    return STUDY.runs("paper")


def _of(runs, experiment):
    return [run for run in runs if run.choices["experiment"] == experiment]


def test_the_thesis_settings(paper):
    """Sections 5.2 to 5.6 and appendix A.1: ten seeds of everything, epochs of 938 and 391 steps."""
    counts = {name: len(_of(paper, name)) for name in EXPERIMENTS}
    assert counts == {
        "equivariance": 10 * 2,
        "pooling": 10 * 6 * (1 + 2 * 2),
        "samples": 10 * 4 * 2,
        "robustness": 10 * (1 + 9),
        "regularization": 10 * (1 + 7),
    }
    epochs = {"equivariance": 50, "pooling": 100, "robustness": 100}
    for run in paper:
        training, experiment = run.config.training, run.choices["experiment"]
        assert training.learning_rate == 1e-4
        assert training.batch_size == (128 if experiment == "regularization" else 64)
        assert training.label == (None if experiment == "regularization" else "shape")
        if experiment in epochs:
            assert (training.steps, training.rounds) == (938 * epochs[experiment], epochs[experiment])
    steps = {run.choices["samples"]: run.config.training.steps for run in _of(paper, "samples")}
    assert steps == {10: 20 * 1, 500: 20 * 8, 5_000: 20 * 79, 50_000: 20 * 782}


def test_main_parameters_come_first_and_leas_second(paper):
    """Algorithm of section 4.2, with two passes; of models without LEAs, and of joint ones, there is one."""
    for run in paper:
        training = run.config.training
        alternates = bool(run.choices["type"]) and training.objective_mode == "alternate"
        assert training.objective_passes == (2 if alternates else 1)
    assert {run.config.training.objective_passes for run in STUDY.runs("cpu")} == {1}


def test_few_images_and_attacks_on_shapes_are_as_in_the_thesis(paper):
    """What `few` trains differs from the thesis's runs by its test images, `shapes` has the thesis's images."""
    theirs = {run.name: run.config for run in _of(paper, "samples")}
    few = STUDY.runs("few")
    assert len(few) == 5 * 2 * 2
    for run in few:
        config = theirs[run.name]
        assert (run.config.model, run.config.training) == (config.model, config.training)
        assert (run.config.data.train, run.config.data.image_size) == (config.data.train, config.data.image_size)
    assert {run.choices["data"] for run in STUDY.runs("shapes")} == {"dsprites"}
    assert measures.SCALES["shapes"][1].batches * 20 >= robustness_claims.ATTACKED


def test_joint_runs_of_the_thesis(paper):
    for run in _of(paper, "regularization"):
        training = run.config.training
        assert training.steps == 200 * 391
        if run.choices["model"] == "lea_only":
            assert training.objective_mode == "joint"
            assert training.objective_weights == (1.0, run.choices["weight"])
            assert training.penalty_warmup_steps == 25 * 391
        else:
            assert (training.objective_weights, training.penalty_warmup_steps) == (None, 0)
    assert {run.choices["weight"] for run in _of(paper, "regularization")} == {0.0, *WEIGHTS}


def test_the_models_of_the_thesis(paper):
    """One of each kind is built; windows of the LEAs, strides, types and capacities."""
    built = {run.name: run.config.model for run in paper if run.choices["seed"] == 0}
    model = built["robustness-cnn_lea-capacity-sb-code10-seed0"].build((64, 64, 1))
    leas = [model.get_layer(name) for name in ("lea1", "lea2")]
    assert [(lea.window, lea.strides) for lea in leas] == [((4, 4), (2, 2))] * 2
    bottleneck = leas[0].autoencoder.bottleneck
    assert (bottleneck.gamma, bottleneck.capacity, bottleneck.units) == (10, 25, 10)
    assert built["samples-cnn_lea-vae-fc-code5-samples500-seed0"].code == "5"
    pooled = built["pooling-lea_fc-vae-fc-code1-window64-seed0"].build((64, 64, 1)).get_layer("lea")
    assert pooled.compute_output_shape((1, 64, 64, 1)) == (1, 1, 1, 1)
    joint = built["regularization-lea_only-capacity-fc-code10-window8-weight0.1-seed0"].build((32, 32, 3))
    assert (joint.get_layer("lea").window, joint.get_layer("lea").strides) == ((8, 8), (4, 4))
    free = built["regularization-decoder_free-code10-window8-weight0-seed0"].build((32, 32, 3))
    assert free.count_params() < joint.count_params()
    assert not [loss for loss in free.losses if float(loss)]


def test_each_analysis_alone_is_its_part_of_the_cpu_preset():
    cpu = STUDY.runs("cpu")
    assert [run for name in EXPERIMENTS for run in STUDY.runs(name)] == cpu
    assert sum(run.config.training.steps for run in cpu) <= 400_000  # two and a half hours: see the README


def test_attacks_on_other_images_count_only_where_there_are_none_on_shapes(tmp_path):
    columns = {"experiment": "robustness", "model": "classic", "status": "finished", "seed": 0}
    for preset, data in (("shapes", "dsprites"), ("robustness", "mnist")):
        for name, rows in (("", columns), ("_robustness", {"attack": "adef", "success_rate": 0.5})):
            row = {"run": data, **({"data": data, **rows} if not name else rows)}
            pandas.DataFrame([row]).to_csv(tmp_path / f"{preset}{name}.csv")
    both, alone = (evidence.load(tmp_path, names) for names in (("shapes", "robustness"), ("robustness",)))
    assert [found.measures["attacks"]["run"].tolist() for found in (both, alone)] == [["dsprites"], ["mnist"]]
    assert [found.runs["run"].tolist() for found in (both, alone)] == [["dsprites"], ["mnist"]]


def test_runs_on_few_images_as_in_the_thesis_stand_for_longer_ones(tmp_path):
    columns = {"experiment": "samples", "model": "classic", "status": "finished", "data": "dsprites"}
    for preset, seeds, sizes in (("few", [0], [10]), ("cpu", [0, 1], [10, 500])):
        rows = [{"run": f"{n}-{seed}", "samples": n, "seed": seed, **columns} for n in sizes for seed in seeds]
        pandas.DataFrame(rows).to_csv(tmp_path / f"{preset}.csv")
    found = evidence.load(tmp_path, ("few", "cpu"))
    assert found.runs["run"].tolist() == ["10-0", "500-0", "500-1"]


def test_what_was_kept_of_parts_is_put_together(tmp_path):
    """A run that stands in two presets counts once, and as the finished one."""
    columns = {"experiment": "pooling", "model": "pool_fc", "type": None, "pair": None}
    for preset, statuses in (("cpu", ("finished", "missing")), ("pooling", ("finished", "finished"))):
        runs = [{"run": name, "status": s, **columns} for name, s in zip("ab", statuses, strict=True)]
        pandas.DataFrame(runs).to_csv(tmp_path / f"{preset}.csv")
        finished = [run["run"] for run in runs if run["status"] == "finished"]
        curves = pandas.DataFrame({"run": finished, "step": 1, "loss": 0.5})
        curves.to_csv(tmp_path / f"{preset}_curves.csv")
    found = evidence.load(tmp_path, ("cpu", "pooling", "samples"))
    assert found.runs["run"].tolist() == ["a", "b"]
    assert found.curves["run"].tolist() == ["a", "b"]
    assert found.curves["label"].unique().tolist() == ["POOL-FC"]
    assert [len(table) for table in found.measures.values()] == [0, 0, 0, 0]


def test_wider_networks_stand_for_narrow_ones_and_halves_of_their_probes_are_apart(tmp_path):
    columns = {"experiment": "equivariance", "model": "classic", "status": "finished", "data": "dsprites"}
    for preset, runs in (("probed", ["a"]), ("equivariance", ["a", "b"])):
        pandas.DataFrame([{"run": run, **columns} for run in runs]).to_csv(tmp_path / f"{preset}.csv")
        told = [{"run": run, "layer": "image", "epochs": epochs} for run in runs for epochs in (12, 6)]
        pandas.DataFrame(told).to_csv(tmp_path / f"{preset}_equivariance.csv")
    found = evidence.load(tmp_path, ("probed", "equivariance"))
    assert found.runs["run"].tolist() == ["a"]
    assert [found.measures[name]["epochs"].tolist() for name in ("layers", "halves")] == [[12], [6]]


@pytest.mark.thorough
def test_a_measurement_of_another_scale_has_another_key(tmp_path):
    """How many images are probed or attacked is part of what tells measurements apart."""
    asked = []
    subject = Subject("a", tuple(STUDY.runs("equivariance")[:1]), ())
    for probed, attacked in (measures.CPU, measures.CPU, measures.QUICK):
        for scale in (probed, attacked):
            measure = Measure(
                "m", lambda found: asked.append(found.name) or [{"value": 1}], settings={"scale": scale}
            )
            Store(tmp_path, "cpu").rows(measure, [subject])
    assert len(asked) == 6  # probed and attacked share a name here, so that each replaces the other
    again = Measure("m", lambda found: pytest.fail("measured again"), settings={"scale": measures.QUICK[1]})
    Store(tmp_path, "cpu").rows(again, [subject])


@pytest.mark.slow
@pytest.mark.tensorflow
def test_the_quick_preset_runs_and_its_report_is_made_again_from_what_is_kept(run_study, tmp_path):
    name = "locally_embedded_networks"
    done = run_study("run", name, "--preset", "quick", "--no-estimate")
    assert done.returncode == 0, done.stdout + done.stderr
    written = run_study("report", name)
    assert written.returncode == 0, written.stderr
    kept = tmp_path / "experiments" / name / "results"
    tables = ("networks_claims", "spatial_information", "pooling", "samples", "classifiers", "robustness")
    figures = ("5_4", "5_5", "5_6", "5_7", "5_8", "A_1")
    assert {Path(path).name for path in json.loads(written.stdout)} == {
        *(f"quick_{table}.md" for table in (*tables, "regularization")),
        *(f"quick_figure{number}.png" for number in figures),
    }
    layers = pandas.read_csv(kept / "quick_equivariance.csv")
    whole = layers["epochs"] == layers["epochs"].max()  # fewer epochs tell whether the probes settled
    assert layers[whole].groupby("run")["layer"].apply(tuple).tolist() == [
        ("image", "conv1", "pool1", "conv2", "pool2", "fc1", "logits"),
        ("image", "conv1", "lea1", "conv2", "lea2", "fc1", "logits"),
    ]
    assert layers[~whole].groupby("run")["layer"].apply(tuple).tolist() == [("image",)] * 2
    attacks = pandas.read_csv(kept / "quick_robustness.csv")
    assert attacks.groupby("run")["attack"].count().tolist() == [3, 3]
    assert set(attacks["images"]) == {20}
    claimed = (kept / "quick_networks_claims.md").read_text()
    shutil.rmtree(tmp_path / "runs")
    (kept / "quick_networks_claims.md").unlink()
    for path in list(kept.glob("quick*.csv")):  # As if they were those of two cores.
        shutil.copy(path, kept / path.name.replace("quick", "cpu", 1))
    assert run_study("report", name).returncode == 0
    assert (kept / "quick_networks_claims.md").read_text() == claimed
    text = (tmp_path / "experiments" / name / "README.md").read_text(encoding="utf-8")
    lacking = (kept / "not_tested.md").read_text()
    assert f"<!-- not_tested.md -->\n\n{lacking}" in text

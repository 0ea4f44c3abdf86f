"""A search with Optuna: what is proposed can be built; trials go on after an interruption; nothing without it."""

import importlib.util
import shutil
from dataclasses import replace

import pytest

from keras_ae._support.errors import InputError
from keras_ae.cli import main
from keras_ae.comparison import CompareConfig, compare, open_comparison, search, searching, write_comparison
from keras_ae.comparison.candidate import Codes
from keras_ae.comparison.purpose import Judge
from keras_ae.comparison.space import Space
from keras_ae.comparison.training import Trainer
from keras_ae.runs import DataConfig, RunDirectory, TrainingConfig

optuna = pytest.importorskip("optuna")
pytestmark = [pytest.mark.tensorflow, pytest.mark.thorough]

CONFIG = CompareConfig(
    DataConfig("digits", limit=100),
    TrainingConfig(steps=4, evaluations=4, jit_compile="no"),
    codes=("4", "6"),
    halving=True,
)
FLAGS = ["search", "--data", "digits", "--limit", "100", "--codes", "4", "6", "--steps", "4", "--evaluations", "4"]


@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 28, 3), (30, 42, 1), (9, 9, 3)])
def test_whatever_is_proposed_can_be_made_of_the_images_and_is_small_enough(shape):
    space, seen = Space(shape, max_code=400), set()
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(0))
    for number in range(60):
        candidate = space.candidate(study.ask(), number)
        candidate.model.check(shape)
        code = candidate.model.keywords(shape)["code_shape"]
        assert code[0] * (code[1] * code[2] if len(code) > 1 else 1) <= 400
        assert 1e-4 <= candidate.learning_rate <= 1e-2
        assert candidate.name.endswith(f".t{number}")
        seen.add(candidate.family)
    both = {"fully_connected-dense", "fully_connected-variational"}
    strided = {"strided-dense", "strided-variational"} if shape in ((8, 8, 1), (28, 28, 3)) else set()
    assert seen == both | strided | (set() if shape == (9, 9, 3) else {"convolutional"})


def test_named_codes_are_the_only_ones():
    space = Space((8, 8, 1), Codes(maps=((4, 4, 2),)))
    assert (space.kinds, space.maps, space.lengths, space.range) == (("convolutional",), [(4, 4, 2)], [], None)
    with pytest.raises(InputError, match="no network with a code of at most 1 values; expected at least 2"):
        Space((8, 8, 1), max_code=1)
    with pytest.raises(InputError, match="code size 3×3 for images of 8×8×1"):
        Space((8, 8, 1), Codes(maps=((3, 3, 1),)))


def _networks(monkeypatch):
    """Only the smallest networks, which build fast."""
    monkeypatch.setattr("keras_ae.comparison.space.HIDDEN", (8,))
    monkeypatch.setattr(Space, "kinds", ("fully_connected",), raising=False)
    monkeypatch.setattr(Space, "__init__", _small, raising=True)


def _small(self, image_shape, codes=None, max_code=None):
    self.image_shape, self.maps, self.lengths, self.range = image_shape, [], [4, 6], None


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("search") / "out"
    with pytest.MonkeyPatch.context() as patch:
        _networks(patch)
        return out, search(CONFIG, out, trials=4, progress=False)


def _trials(out):
    return optuna.load_study(study_name="search", storage=f"sqlite:///{out / searching.FILE}").trials


def test_trials_come_to_a_comparison_and_to_values_of_optuna(finished):
    out, results = finished
    tried = [*results.trained, *results.dropped]
    assert len(tried) == 4
    assert open_comparison(out) == results
    trials = {trial.number: trial for trial in _trials(out)}
    for one in results.trained:
        trial = trials[int(one.name.rsplit(".t", 1)[1])]
        assert trial.values == [one.validation.mse, one.code_values]
        assert one.learning_rate == pytest.approx(trial.params["learning_rate"], rel=1e-2)
        config = RunDirectory(out / "candidates" / one.name).record().config
        assert config.training.learning_rate == one.learning_rate
    for one in results.dropped:
        trial = trials[int(one.name.rsplit(".t", 1)[1])]
        assert trial.state == optuna.trial.TrialState.PRUNED
        assert one.beaten_by_error < one.error
    page = write_comparison(out).read_text()
    assert "learning rate" in page
    assert "hidden=(8,)" in page


@pytest.mark.slow
def test_a_search_that_was_interrupted_or_gets_more_trials_goes_on(finished, tmp_path, monkeypatch):
    _networks(monkeypatch)
    out, train = tmp_path / "out", Trainer.train

    def interrupted(self, candidates, until=None):
        if candidates[0].name.endswith(".t2"):
            raise KeyboardInterrupt
        return train(self, candidates, until)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "train", interrupted)
        with pytest.raises(KeyboardInterrupt):
            search(CONFIG, out, trials=3, progress=False)
    search(CONFIG, out, trials=3, progress=False)
    assert not (out / "results.json").is_symlink()
    again = search(CONFIG, out, trials=4, progress=False)
    assert [trial.params for trial in _trials(out)] == [trial.params for trial in _trials(finished[0])]
    names = [{one.name for one in (*each.trained, *each.dropped)} for each in (again, finished[1])]
    assert names[0] == names[1]
    assert again.recommended == finished[1].recommended


def test_a_finished_search_prepares_its_judge_if_it_goes_on(finished, tmp_path, monkeypatch):
    _networks(monkeypatch)
    out, prepared = shutil.copytree(finished[0], tmp_path / "out"), []

    class Preparing(Judge):
        def prepare(self, out, progress):
            prepared.append(out)

        def choose(self, path, model):
            return None

        def measure(self, path, model, selection):
            return None

    monkeypatch.setattr("keras_ae.comparison.reconstruct.Reconstruct.judge", lambda *_: Preparing())
    search(CONFIG, out, trials=4, progress=False)
    assert not prepared
    search(CONFIG, out, trials=5, progress=False)
    assert prepared == [out]


def test_a_search_and_a_comparison_do_not_share_a_directory(finished):
    with pytest.raises(InputError, match=r"config\.search"):
        compare(CONFIG, finished[0], progress=False)
    with pytest.raises(InputError, match="steps"):
        search(CompareConfig(CONFIG.data, replace(CONFIG.training, steps=8), codes=CONFIG.codes), finished[0])


def test_a_damaged_database_is_refused_in_one_line(tmp_path):
    out = tmp_path / "out"
    RunDirectory(out)
    with pytest.raises(InputError, match=r"0 trials; expected at least 1"):
        search(CONFIG, out, trials=0)
    with pytest.MonkeyPatch.context() as patch:
        _networks(patch)
        patch.setattr(Trainer, "train", lambda *arguments, **options: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            search(CONFIG, out, trials=1, progress=False)
        (out / searching.FILE).write_text("not a database, but text that is long enough to be looked at" * 20)
        with pytest.raises(InputError, match=r"search\.db .* keras-ae search wrote") as caught:
            search(CONFIG, out, trials=1, progress=False)
    assert "\n" not in str(caught.value)


def test_without_optuna_one_line_names_the_extra(tmp_path, capsys, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == "optuna" else find(name, *a))
    assert main([*FLAGS, "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert '".[search]"' in said
    assert not list(tmp_path.iterdir())

"""Search beyond a fixed list: Optuna proposes networks, codes and learning rates; the rest is as in `compare`."""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from keras_ae._support.errors import InputError
from keras_ae.comparison.candidate import Candidate, parse_codes
from keras_ae.comparison.comparing import begin, open_trainer
from keras_ae.comparison.conclusion import conclude
from keras_ae.comparison.config import CompareConfig
from keras_ae.comparison.halving import dominated, dropped_by
from keras_ae.comparison.records import DroppedCandidate, FailedCandidate, TrainedCandidate
from keras_ae.comparison.results import Comparison, dropped_candidate, dropped_row, measured
from keras_ae.comparison.rungs import rungs
from keras_ae.comparison.selection import Measured
from keras_ae.comparison.space import TRIALS, Space, check_search
from keras_ae.comparison.training import Trainer, Workers, engine_for
from keras_ae.data import ImageData
from keras_ae.runs import Engine, RunDirectory, check_workers

AT_RANDOM = 10  # random trials before Optuna's proposals learn from results
FILE = "search.db"
REASON, DROPPED, RUNG = "reason", "dropped", "after"


def search(
    config: CompareConfig,
    out,
    *,
    trials: int = TRIALS,
    data: ImageData | None = None,
    allow_inexact: bool = False,
    progress: bool = True,
    workers: Workers = 1,
    engine: Engine | None = None,
) -> Comparison:
    """Trains what Optuna proposes, towards low errors and small codes; selects and reports as `compare` does.

    A killed search resumes, and a finished one continues if given more trials. Trials and their values are kept in
    `search.db`, which Optuna's own tools can open too.

    Args:
        config: Images, budget and purpose. With `halving`, trials are pruned: dropped after a quarter or half of
            their steps if another has a lower error with as small a code. With `codes`, only these are tried.
        out: Directory of the search.
        trials: Total number of candidates to try, including earlier ones.
        data: The images, if they are already loaded; they must be those of `config.data`.
        allow_inexact, progress, workers, engine: See `compare`; one trial per worker is proposed at a time.

    Raises:
        InputError: Optuna is not installed, the images or codes are impossible, or the directory holds something
            else.

    Example:
        >>> from keras_ae.runs import DataConfig
        >>> search(CompareConfig(DataConfig("digits")), "searched", trials=0)
        Traceback (most recent call last):
        InputError: received 0 trials; expected at least 1; give another --trials
    """
    check_search(trials)
    if config.purpose.further_candidates():
        received = "a search with candidates whose codes are fixed, such as those of features"
        raise InputError(received, "networks of pixels", "take compare, or leave out --features")
    check_workers(workers, auto=True)
    data = data or config.load_data(progress)
    space = Space(data.image_shape, parse_codes(config.codes), config.max_code)
    engine = engine or engine_for(config, config.seeds * trials, data, workers, out)
    with open_trainer(config, out, data, allow_inexact, progress, engine, search=True) as trainer:
        tried = _Search(trainer, space)
        finished = trainer.out / "results.json"
        if finished.is_file() and tried.count >= trials:
            return Comparison.from_json(RunDirectory(trainer.out).read("results"))
        finished.unlink(missing_ok=True)
        begin(trainer)
        tried.go_on(trials)
        return conclude(trainer, *tried.results())


@dataclass(frozen=True, eq=False)
class _Trial:
    """A candidate with the trial that proposed it."""

    trial: Any
    candidate: Candidate


class _Search:
    """The trials of a search, in an Optuna study of two objectives: the error, and the number of code values."""

    def __init__(self, trainer: Trainer, space: Space):
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.trainer, self.space, self.optuna = trainer, space, optuna
        storage = f"sqlite:///{trainer.out.resolve() / FILE}"
        try:
            self.study = optuna.create_study(
                storage=storage, study_name="search", directions=["minimize", "minimize"], load_if_exists=True
            )
        except Exception as error:
            if "sql" not in type(error).__module__ and "optuna" not in type(error).__module__:
                raise
            received = f"{trainer.out / FILE} ({' '.join(str(error).split())[:100]})"
            raise InputError(received, "what keras-ae search wrote", "give another --out, or remove it") from None

    @property
    def count(self) -> int:
        """Number of trials that have ended."""
        return len(self._ended())

    def go_on(self, trials: int) -> None:
        """Try until this many trials have ended; interrupted ones come first."""
        while self.count < trials:
            left = trials - self.count
            self._try(self._interrupted()[:left] or self._proposed(min(left, self.trainer.workers)))

    def results(self) -> tuple[list[TrainedCandidate], list[FailedCandidate], list[DroppedCandidate]]:
        """The candidates that were trained, that failed and that were dropped."""
        states = self.optuna.trial.TrialState
        ended = {state: [t for t in self._ended() if t.state == state] for state in states}
        tried = self.trainer.train([self._candidate(trial) for trial in ended[states.COMPLETE]])
        trained = [one for one in tried if isinstance(one, TrainedCandidate)]
        failed = [self._failed(trial) for trial in ended[states.FAIL]]
        dropped = [dropped_candidate(trial.user_attrs[DROPPED]) for trial in ended[states.PRUNED]]
        return trained, failed, dropped

    def _ended(self) -> list:
        return [trial for trial in self.study.get_trials(deepcopy=False) if trial.state.is_finished()]

    def _interrupted(self) -> list[_Trial]:
        running = self.study.get_trials(deepcopy=False, states=[self.optuna.trial.TrialState.RUNNING])
        return [self._proposal(self.optuna.trial.Trial(self.study, trial._trial_id)) for trial in running]

    def _proposed(self, count: int) -> list[_Trial]:
        """New trials, which depend on the seed and on earlier trials, but not on interruptions."""
        numbers = (self.trainer.config.training.seed, len(self.study.get_trials(deepcopy=False)))
        seed = zlib.crc32(repr(numbers).encode())
        self.study.sampler = self.optuna.samplers.TPESampler(seed=seed, n_startup_trials=AT_RANDOM)
        return [self._proposal(self.study.ask()) for _ in range(count)]

    def _proposal(self, trial) -> _Trial:
        return _Trial(trial, self.space.candidate(trial, trial.number))

    def _candidate(self, trial) -> Candidate:
        """The candidate of a trial that has ended."""
        return self.space.candidate(self.optuna.trial.FixedTrial(trial.params), trial.number)

    def _failed(self, trial) -> FailedCandidate:
        candidate = self._candidate(trial)
        return FailedCandidate(candidate.name, candidate.model, trial.user_attrs.get(REASON, "it was interrupted"))

    def _try(self, trials: Sequence[_Trial]) -> None:
        """Train trials, some of them only up to a rung, and report the results to Optuna."""
        for steps in rungs(self.trainer.config.training) if self.trainer.config.halving else ():
            trials = self._after(trials, steps)
        for one, error in self._errors(trials, None):
            self.study.tell(one.trial, [error.error, error.code_values])

    def _after(self, trials: Sequence[_Trial], steps: int) -> list[_Trial]:
        """The trials that go on: no other has had a lower error after this many steps with as small a code."""
        key = f"{RUNG} {steps}"
        # A trial interrupted later has trained on: its earlier measurement stands, like the decisions based on it.
        known = {one: Measured(*one.trial.user_attrs[key]) for one in trials if key in one.trial.user_attrs}
        new = dict(self._errors([one for one in trials if one not in known], steps))
        for one, error in new.items():
            one.trial.set_user_attr(key, [error.name, error.code_values, error.error])
        errors = {one: (known | new)[one] for one in trials if one in known or one in new}
        seen = [t.user_attrs[key] for t in self.study.get_trials(deepcopy=False) if key in t.user_attrs]
        beaten = dominated([Measured(*values) for values in seen])
        left = []
        for one, error in errors.items():
            better = beaten.get(error.name)
            if better is None or self.trainer.is_finished(error.name):
                left.append(one)
                continue
            dropped = dropped_by(better, error, one.candidate.model, steps)
            one.trial.set_user_attr(DROPPED, dropped_row(dropped))
            self.study.tell(one.trial, state=self.optuna.trial.TrialState.PRUNED)
        return left

    def _errors(self, trials: Sequence[_Trial], until: int | None) -> Iterable[tuple[_Trial, Measured]]:
        """The measured errors of the trials after this many steps; failed trials end here."""
        tried = self.trainer.train([one.candidate for one in trials], until=until) if trials else []
        for one, result in zip(trials, tried, strict=True):
            if isinstance(result, FailedCandidate):
                one.trial.set_user_attr(REASON, result.failed)
                self.study.tell(one.trial, state=self.optuna.trial.TrialState.FAIL)
            else:
                yield one, measured(self.trainer.config.purpose, result)

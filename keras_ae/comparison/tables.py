"""Tables of candidates in the report: their measures and their cost."""

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from statistics import fmean

from keras_ae.comparison.parts import Column
from keras_ae.comparison.records import TrainedCandidate
from keras_ae.comparison.results import Comparison
from keras_ae.comparison.trend import Trend

_STARRED, _EMPHASISED = re.compile(r"[*]([^*]+)[*]"), r"<em>\1</em>"

SIZES = (
    Column("code values", lambda c: c.code_values, "{:,}".format),
    Column("of the image", lambda c: c.compression, "{:.1%}".format),
)
VALIDATION = (
    Column("validation MSE", lambda c: c.validation.mse, "{:.5f}".format),
    Column("± s.e.", lambda c: c.validation.mse_standard_error, "{:.5f}".format),
)
TEST = (
    Column("test MSE", lambda c: c.test and c.test.mse, "{:.5f}".format),
    Column("PSNR, dB", lambda c: c.test and c.test.psnr, "{:.2f}".format),
    Column("SSIM", lambda c: c.test and c.test.ssim, "{:.3f}".format),
)
COSTS = (
    Column("parameters", lambda c: c.parameters, "{:,}".format),
    Column("trained, s", lambda c: c.training_seconds, "{:.1f}".format),
    Column("a step, ms", lambda c: 1000 * c.training_seconds / c.steps, "{:,.1f}".format),
    Column("memory of a step, MiB", lambda c: c.step_bytes and c.step_bytes / 2**20, "{:,.1f}".format),
    Column("encode, µs", lambda c: 1e6 * c.encoding_seconds_per_image, "{:.0f}".format),
    Column("decode, µs", lambda c: _microseconds(c.decoding_seconds_per_image), "{:.0f}".format),
)
PROBES = (
    Column("probe accuracy", lambda c: c.probe and c.probe.accuracy, "{:.1%}".format),
    Column("probe F1", lambda c: c.probe and c.probe.macro_f1, "{:.3f}".format),
    Column("probe AUC", lambda c: c.probe and c.probe.roc_auc, "{:.3f}".format),
)
PROBE_EXPLANATION = (
    "*probe* is a linear classifier of the images' labels, trained on the codes of at most 3,000 training images "
    "and measured on test images: the mean of three."
)


def measure_columns(comparison: Comparison) -> list[Column]:
    """Errors of the candidates; with several seeds, means replace the first seed's errors of the same kind."""
    if not any(one.seeds for one in comparison.trained):
        return [*VALIDATION, *TEST]
    errors, label = comparison.errors(), comparison.purpose.criterion.label
    count = f"mean of {len(comparison.trained[0].seeds)} seeds"
    means = [
        Column(f"validation {label}, {count}", lambda c: errors[c.name].error, "{:.5f}".format),
        Column("± s.e. over images and seeds", lambda c: errors[c.name].standard_error, "{:.5f}".format),
        Column(f"test MSE, {count}", _test_error, "{:.5f}".format),
    ]
    return [*means, *(() if label == "MSE" else VALIDATION), *TEST]


def choice_columns(candidates: Sequence[TrainedCandidate]) -> list[Column]:
    """What a search chose for each candidate; none for candidates of `compare`."""
    if all(one.learning_rate is None for one in candidates):
        return []
    return [
        Column("learning rate", lambda c: c.learning_rate, "{:.3g}".format),
        Column("options", lambda c: " ".join(c.model.options)),
    ]


def trend_columns(trends: Mapping[str, Trend | None]) -> list[Column]:
    """How far learning curves still fall; none if no curve has a trend."""
    known = {name: one for name, one in trends.items() if one is not None}
    if not known:
        return []
    return [
        Column("MSE by twice the steps", lambda c: _of(known, c, "by_twice_the_steps"), "{:+.0%}".format),
        Column("steps more for a tenth less", lambda c: _of(known, c, "steps_for_a_tenth"), "{:,}".format),
    ]


def _of(trends: Mapping[str, Trend], candidate: TrainedCandidate, name: str):
    return getattr(trends.get(candidate.name), name, None)


def _test_error(candidate: TrainedCandidate) -> float | None:
    """The mean over the seeds that were measured on test images."""
    errors = [seed.test_mse for seed in candidate.seeds if seed.test_mse is not None]
    return fmean(errors) if errors else None


def _microseconds(seconds: float | None) -> float | None:
    return None if seconds is None else 1e6 * seconds


def probe_columns(candidates: Sequence[TrainedCandidate]) -> list[Column]:
    """The columns of the probe; candidates without a probe, those of features, have empty cells."""
    probed = [one for one in candidates if one.probe]
    return [column for column in PROBES if probed and column.value(probed[0]) is not None]


def paragraphs(*texts: str | Iterable[str]) -> str:
    """Paragraphs, in which text within *stars* is emphasised."""
    listed = [text for part in texts for text in ([part] if isinstance(part, str) else part) if text]
    return "".join(f"<p>{_STARRED.sub(_EMPHASISED, escape(text))}</p>" for text in listed)


def table(candidates: Sequence[TrainedCandidate], columns: Sequence[Column], recommended: str) -> str:
    """A table with a row for each candidate, which a click on a heading sorts."""
    headings = "".join(
        f"<th scope='col'><button type='button'>{escape(name)}</button></th>"
        for name in ("candidate", *(column.heading for column in columns))
    )
    body = "".join(
        f"<tr{' class=recommended' if one.name == recommended else ''}><td>{escape(one.name)}</td>"
        + "".join(_cell(column, one) for column in columns)
        + "</tr>"
        for one in candidates
    )
    return f"<thead><tr>{headings}</tr></thead><tbody>{body}</tbody>"


def _cell(column: Column, candidate: TrainedCandidate) -> str:
    value = column.value(candidate)
    key = f" data-value='{value}'" if isinstance(value, int | float) else ""
    return f"<td{key}>{escape(column.cell(candidate))}</td>"

"""Schedules against values worked out by hand, and as properties."""

import math

import keras
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ae import schedules
from keras_ae.runs.training_config import TrainingConfig


def values(schedule, steps):
    return [float(schedule(step)) for step in steps]


def test_warmup_rises_to_the_rate_it_scales():
    expected = [0.2, 0.4, 0.6, 0.8, 1.0, 1.0]
    assert values(schedules.Warmup(1.0, 4), range(6)) == pytest.approx(expected)
    decay = keras.optimizers.schedules.CosineDecay(1.0, 10)
    warm = schedules.Warmup(decay, 4)
    assert float(warm(1)) == pytest.approx(0.4 * (1 + math.cos(math.pi / 10)) / 2)
    assert values(warm, range(4, 11)) == values(decay, range(4, 11))


def test_the_warm_up_can_have_a_rate_of_its_own():
    """One epoch at 1e-4, then 1e-3, 1e-4 and 1e-5 from the 33rd and the 66th epoch on (Daly et al., section 3)."""
    epoch = 391  # of 50,000 images in batches of 128
    training = TrainingConfig(
        *(100 * epoch, 100, 128, 1e-3),
        schedule="piecewise",
        warmup_steps=epoch,
        warmup_rate=1e-4,
        decay_at=(33 * epoch, 66 * epoch),
        loss="binary_crossentropy",
    )
    epochs = (0, 1, 32, 33, 65, 66, 99)
    expected = [1e-4, 1e-3, 1e-3, 1e-4, 1e-4, 1e-5, 1e-5]
    for place in (0, epoch - 1):
        found = values(training.learning_rates(), [number * epoch + place for number in epochs])
        assert found == pytest.approx(expected)


def test_one_cycle_goes_up_and_down_along_half_cosines():
    schedule = schedules.OneCycle(1.0, steps=11, rise=5 / 11, start_divisor=10.0, end_divisor=100.0)
    start, end, top = 0.1, 0.001, 4
    expected = [start + (1 - start) * (1 - math.cos(math.pi * step / top)) / 2 for step in range(top)]
    expected += [end + (1 - end) * (1 + math.cos(math.pi * (step - top) / 6)) / 2 for step in range(top, 11)]
    assert values(schedule, range(11)) == pytest.approx(expected, rel=1e-5)
    assert (expected[0], expected[4], expected[10]) == (0.1, 1.0, 0.001)
    assert float(schedule(50)) == pytest.approx(0.001)


@given(st.integers(2, 5_000), st.floats(0, 0.99), st.floats(1e-5, 1.0))
@settings(max_examples=30)
def test_one_cycle_stays_between_its_ends_and_has_one_peak(steps, rise, peak):
    schedule = schedules.OneCycle(peak, steps, rise)
    looked_at = sorted({0, 1, steps // 4, steps // 2, steps - 2, steps - 1, steps, 2 * steps})
    found = values(schedule, looked_at)
    assert all(0 < value <= peak * (1 + 1e-5) for value in found)
    assert found[-1] == pytest.approx(peak / 25e4, rel=0.1)
    highest = found.index(max(found))
    assert found[highest:] == sorted(found[highest:], reverse=True)
    assert found[: highest + 1] == sorted(found[: highest + 1])


def test_a_cooldown_is_constant_and_falls_over_the_last_steps_alone():
    found = values(schedules.Cooldown(2.0, steps=20, part=0.25), [0, 14, 15, 16, 17, 18, 19, 20, 50])
    assert found == pytest.approx([2, 2, 2, 1.6, 1.2, 0.8, 0.4, 0, 0], abs=1e-6)
    assert values(schedules.Cooldown(1.0, steps=4, part=0.1), range(5)) == [1, 1, 1, 1, 0]  # less than a step


def test_a_saved_cooldown_is_the_same():
    schedule = schedules.Cooldown(0.3, steps=50, part=0.5)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(schedule))
    assert values(again, range(51)) == values(schedule, range(51))


def test_piecewise_decays_after_the_steps_named():
    schedule = schedules.piecewise(1.0, (2, 5), 0.1)
    assert values(schedule, range(7)) == pytest.approx([1, 1, 0.1, 0.1, 0.1, 0.01, 0.01])


def test_linear_reaches_its_end_and_stays():
    assert values(schedules.linear(1.0, 3.0, 4), [0, 1, 2, 3, 4, 9]) == pytest.approx([1, 1.5, 2, 2.5, 3, 3])


@pytest.mark.parametrize(
    "schedule",
    [
        schedules.OneCycle(0.1, 100, 0.2),
        schedules.Warmup(0.1, 5),
        schedules.Warmup(0.1, 5, rate=0.01),
        schedules.Warmup(schedules.piecewise(0.1, (5,), 0.5), 3),
    ],
)
def test_schedules_are_saved_with_the_optimizer(schedule):
    optimizer = keras.optimizers.Adam(schedule)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(optimizer))
    config = again.get_config()["learning_rate"]
    loaded = keras.saving.deserialize_keras_object(config)
    assert type(loaded) is type(schedule)
    assert values(loaded, range(0, 20, 3)) == values(schedule, range(0, 20, 3))

"""Engines: what their processes see, and what becomes of those that crash."""

import pytest

from keras_ae.runs import Call, CrashedError, Local

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]


def _environment(**keywords) -> Call:
    return Call("engine_calls:environment", keywords, "told its environment")


def test_processes_have_their_gpu_and_share_of_threads_and_one_that_crashed_is_replaced(tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    (tmp_path / "meet").mkdir()
    meeting = {"meet": str(tmp_path / "meet"), "count": 2}
    with Local(2, tmp_path, threads=3) as engine:
        both = engine.run({name: _environment(**meeting) for name in "ab"})
        with pytest.raises(CrashedError, match=r"that died on demand ended \(7\)\nthe last word"):
            engine.submit(Call("engine_calls:die", {}, "died on demand")).result()
        assert engine.submit(_environment()).result().value["TF_NUM_INTEROP_THREADS"] == "3"
    seen = [outcome.value for outcome in both.values()]
    assert sorted(one["CUDA_VISIBLE_DEVICES"] for one in seen) == ["0", "1"]
    assert {one["TF_NUM_INTRAOP_THREADS"] for one in seen} == {"3"}
    assert {one["TF_FORCE_GPU_ALLOW_GROWTH"] for one in seen} == {None}
    assert [path.name for path in tmp_path.iterdir()] == ["meet"]

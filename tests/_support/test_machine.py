"""How much memory control groups leave."""

import pytest

from keras_ae._support.machine import _UNLIMITED, _of_group

V1 = ("memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
V2 = ("", "memory.max", "memory.current", "inactive_file")


def _group(path, version, limit, used, cached):
    _, limits, usage, entry = version
    path.mkdir(parents=True, exist_ok=True)
    (path / limits).write_text(f"{limit}\n")
    (path / usage).write_text(f"{used}\n")
    (path / "memory.stat").write_text(f"anon 7\n{entry} {cached}\n")


@pytest.mark.parametrize("version", [V1, V2])
def test_files_that_the_system_can_drop_are_not_used_memory(version, tmp_path):
    own, top = tmp_path / "own", tmp_path / version[0]
    own.write_text(f"4:{version[0]}:/slice/job\n")
    assert _of_group(tmp_path, own) == _UNLIMITED
    _group(top, version, 1000, 900, 600)
    assert _of_group(tmp_path, own) == 700
    (top / "memory.stat").unlink()
    assert _of_group(tmp_path, own) == 100


def test_the_narrowest_of_the_groups_around_a_process_counts(tmp_path):
    own = tmp_path / "own"
    own.write_text("0::/slice/job\n")
    _group(tmp_path, V2, "max", 500, 0)
    _group(tmp_path / "slice", V2, 400, 300, 50)
    _group(tmp_path / "slice" / "job", V2, 300, 100, 0)
    assert _of_group(tmp_path, own) == 150
    own.unlink()
    assert _of_group(tmp_path, own) == _UNLIMITED

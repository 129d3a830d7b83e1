"""Files are whole or not there, and nothing of a failed or killed writing stays."""

import os
import stat
import sys

import numpy as np
import pytest
import torch

from course_utils import files, storage
from course_utils.networks import QNetwork

CARD = {"environment": "CartPole-v1", "parent": None, "return": [490.0, 480.0, 500.0]}


def test_an_older_file_survives_a_failed_write(tmp_path):
    path = tmp_path / "a.safetensors"
    storage.save_agent(path, QNetwork(3, 4, 2), CARD)
    before = path.read_bytes()
    with pytest.raises(TypeError):
        files.save_tensors(path, {"x": torch.zeros(2)}, {"not for JSON": object()})
    assert path.read_bytes() == before


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no umask")
@pytest.mark.parametrize("mask", [0o022, 0o027])
def test_a_class_may_read_what_its_teacher_saves(tmp_path, mask):
    before = os.umask(mask)
    try:
        storage.save_agent(tmp_path / "agents" / "a.safetensors", QNetwork(3, 4, 2), CARD)
    finally:
        os.umask(before)
    mode = stat.S_IMODE((tmp_path / "agents" / "a.safetensors").stat().st_mode)
    assert mode == 0o666 & ~mask


def test_what_a_killed_process_left_is_removed_and_what_another_one_writes_is_not(tmp_path):
    path = tmp_path / "a [1]*.safetensors"
    left = [tmp_path / f"{path.name}.{name}.unfinished" for name in ("old", "new")]
    for each in left:
        each.write_bytes(b"half")
    os.utime(left[0], (0, 0))
    files.write_whole(path, b"whole")
    assert path.read_bytes() == b"whole"
    assert sorted(tmp_path.iterdir()) == sorted([path, left[1]])


def test_two_processes_write_to_names_of_their_own(tmp_path, monkeypatch):
    """While one is writing, another one writes the same file: both end, the last one stays."""
    path, fsync = tmp_path / "a", os.fsync

    def interrupted(number):
        monkeypatch.setattr(files.os, "fsync", fsync)
        files.write_whole(path, b"another")

    monkeypatch.setattr(files.os, "fsync", interrupted)
    files.write_whole(path, b"one")
    assert path.read_bytes() == b"one" and list(tmp_path.iterdir()) == [path]


def test_a_failed_write_leaves_nothing(tmp_path, monkeypatch):
    def full(number):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match=r"a cannot be written \(No space left.*\): make room, or"):
        files.write_whole(tmp_path / "a", b"one")
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_leaves_nothing(tmp_path, monkeypatch):
    def interrupt(number):
        raise KeyboardInterrupt

    monkeypatch.setattr(files.os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        files.write_whole(tmp_path / "a", b"one")
    assert list(tmp_path.iterdir()) == []


def test_a_file_may_be_saved_over_while_its_numbers_are_in_use(tmp_path):
    """On Windows a file that is mapped cannot be written; here its numbers would change."""
    path = tmp_path / "a.safetensors"
    files.save_tensors(path, {"x": torch.ones(3)}, {})
    x = files.load_tensors(path)[0]["x"]
    path.write_bytes(bytes(path.stat().st_size))
    assert torch.equal(x, torch.ones(3))


def test_files_that_are_older_than_seals_are_read(tmp_path):
    path = tmp_path / "a.safetensors"
    storage.save_agent(path, QNetwork(3, 4, 2), CARD | {"made": np.int64(3)})
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"course-sha256:", b"an-older-file:"))
    assert storage.load_agent(path)[1]["made"] == 3
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(ValueError, match="a.safetensors is damaged"):
        storage.load_agent(path)

"""Files are whole or not there, and whoever reads a bad one gets one sentence."""

import json
import os
import stat
import sys

import numpy as np
import pytest
import torch

from course_utils import storage
from course_utils.networks import QNetwork

CARD = {"environment": "CartPole-v1", "parent": None, "return": [490.0, 480.0, 500.0]}


def test_an_agent_comes_back_with_its_card(tmp_path):
    network = QNetwork(3, 4, 2, width=8, dueling=True, observation_scale=[1.0, 2.0, 3.0, 4.0])
    storage.save_agent(tmp_path / "agents" / "a.safetensors", network, CARD)
    loaded, card = storage.load_agent(tmp_path / "agents" / "a.safetensors")
    x = torch.randn(3, 5, 4)
    assert torch.equal(loaded(x), network(x))
    assert card == CARD | {"parameters": network.parameters_of_one(), "seeds": 3}


def test_a_card_without_its_ancestor_is_refused(tmp_path):
    with pytest.raises(ValueError, match="the lineage card lacks environment, parent"):
        storage.save_agent(tmp_path / "a.safetensors", QNetwork(1, 4, 2), {})
    assert list(tmp_path.iterdir()) == []


def test_an_older_file_survives_a_failed_write(tmp_path):
    path = tmp_path / "a.safetensors"
    storage.save_agent(path, QNetwork(3, 4, 2), CARD)
    before = path.read_bytes()
    with pytest.raises(TypeError):
        storage.save_tensors(path, {"x": torch.zeros(2)}, {"not for JSON": object()})
    assert path.read_bytes() == before


def test_a_bad_file_gets_one_sentence(tmp_path):
    path = tmp_path / "a.safetensors"
    with pytest.raises(
        FileNotFoundError, match="a.safetensors is not in .*: run the cell or command that makes it"
    ):
        storage.load_agent(path)
    storage.save_agent(path, QNetwork(3, 4, 2), CARD)
    whole = path.read_bytes()
    for damaged in (b"", b"hello", whole[: len(whole) // 2], b"\xff" * 100):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match="a.safetensors is damaged, or not the course's"):
            storage.load_agent(path)
    storage.save_tensors(path, {"x": torch.zeros(2)}, {"kind": "curve"})
    with pytest.raises(ValueError, match="holds no agent; it has kind"):
        storage.load_agent(path)


def head_that_learns(seed=1, width=8):
    network = QNetwork(2, 4, 2, width=width, generator=torch.Generator().manual_seed(seed))
    network.hidden.requires_grad_(False)
    return network


def test_only_the_part_that_learns_is_saved(tmp_path):
    network, start = head_that_learns(), head_that_learns()
    network.head.bias.data += 1
    storage.save_part(tmp_path / "part.safetensors", network, {"environment": "Moon"})
    assert storage.load_tensors(tmp_path / "part.safetensors")[0].keys() == {
        "head.weight",
        "head.bias",
    }
    again, card = storage.load_part(tmp_path / "part.safetensors", start)
    assert torch.equal(again.head.bias, network.head.bias) and card == {"environment": "Moon"}
    assert torch.equal(start.head.bias + 1, network.head.bias)  # a copy was changed


def test_a_part_goes_to_its_own_source_only(tmp_path):
    path = tmp_path / "part.safetensors"
    storage.save_part(path, head_that_learns(), {})
    for other in (head_that_learns(width=16), head_that_learns().requires_grad_(True)):
        with pytest.raises(ValueError, match="part.safetensors has .*, not .*: change"):
            storage.load_part(path, other)
    with pytest.raises(ValueError, match="part.safetensors belongs to another source agent"):
        storage.load_part(path, head_that_learns(seed=2))


def test_ones_own_agent_comes_first(tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "RUNS", tmp_path)
    assert storage.find_agent("cartpole.safetensors") == storage.SHIPPED / "cartpole.safetensors"
    storage.save_agent(tmp_path / "cartpole.safetensors", QNetwork(3, 4, 2), CARD)
    assert storage.find_agent("cartpole.safetensors") == tmp_path / "cartpole.safetensors"


def test_shipped_files_are_checked(tmp_path):
    (tmp_path / "a.bin").write_bytes(b"numbers")
    known = {"a.bin": {"sha256": storage.sha256(tmp_path / "a.bin")}, "b.bin": {"sha256": "0"}}
    (tmp_path / "manifest.json").write_text(json.dumps(known))
    assert storage.shipped("a.bin", tmp_path).read_bytes() == b"numbers"
    (tmp_path / "a.bin").write_bytes(b"nvmbers")
    with pytest.raises(
        ValueError, match="data/a.bin is damaged .*git checkout data/a.bin.*make data"
    ):
        storage.shipped("a.bin", tmp_path)
    with pytest.raises(FileNotFoundError, match="data/b.bin is missing: get it back"):
        storage.shipped("b.bin", tmp_path)
    with pytest.raises(ValueError, match="ships no file 'c.bin'. It ships: a.bin, b.bin"):
        storage.shipped("c.bin", tmp_path)


# ---- the disk ----


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
    storage.write_whole(path, b"whole")
    assert path.read_bytes() == b"whole"
    assert sorted(tmp_path.iterdir()) == sorted([path, left[1]])


def test_two_processes_write_to_names_of_their_own(tmp_path, monkeypatch):
    """While one is writing, another one writes the same file: both end, the last one stays."""
    path, fsync = tmp_path / "a", os.fsync

    def interrupted(number):
        monkeypatch.setattr(storage.os, "fsync", fsync)
        storage.write_whole(path, b"another")

    monkeypatch.setattr(storage.os, "fsync", interrupted)
    storage.write_whole(path, b"one")
    assert path.read_bytes() == b"one" and list(tmp_path.iterdir()) == [path]


def test_a_failed_write_leaves_nothing(tmp_path, monkeypatch):
    def full(number):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage.os, "fsync", full)
    with pytest.raises(OSError, match=r"a cannot be written \(No space left.*\): make room, or"):
        storage.write_whole(tmp_path / "a", b"one")
    assert list(tmp_path.iterdir()) == []


def test_a_file_may_be_saved_over_while_its_numbers_are_in_use(tmp_path):
    """On Windows a file that is mapped cannot be written; here its numbers would change."""
    path = tmp_path / "a.safetensors"
    storage.save_tensors(path, {"x": torch.ones(3)}, {})
    x = storage.load_tensors(path)[0]["x"]
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


def test_an_own_agent_for_another_task_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "RUNS", tmp_path)
    storage.save_agent(tmp_path / "cartpole.safetensors", QNetwork(3, 8, 4), CARD)
    with pytest.raises(ValueError, match="is for CartPole-v1 .8 obs.* not for CartPole-v1 .4 obs"):
        storage.find_agent("cartpole.safetensors")
    storage.save_agent(tmp_path / "mine.safetensors", QNetwork(3, 8, 4), CARD)
    assert storage.find_agent("mine.safetensors") == tmp_path / "mine.safetensors"

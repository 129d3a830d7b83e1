"""Demonstrations: recorded as played; damage is found; what is stored, Minari reads."""

import json
import os
import subprocess
import sys

import gymnasium as gym
import numpy as np
import pytest
import torch

from course_utils import storage
from course_utils.evaluation import Episode, record_episodes
from course_utils.teach.demonstrations import (
    damage,
    load_demonstrations,
    memory_of,
    split,
    transitions,
)

sys.path.insert(0, str(storage.SHIPPED))
import recording
from recording import save_demonstrations


def along_the_speed(observation):
    """The rule that swings the car up: push where it moves."""
    return np.where(observation[..., 1] >= 0, 2, 0)


def pushing(observation):
    """Push the cart to where its pole leans, without a look at its speed: it soon falls."""
    return (observation[..., 2] > 0).astype(int)


def played_alone(env_id, act, seed, episodes):
    """The same episodes in a plain loop; a list of vector copies seeds copy i with seed + i."""
    for copy in range(episodes):
        env = gym.make(env_id)
        observation, _ = env.reset(seed=seed + copy)
        seen, actions, rewards, over = [observation], [], [], False
        while not over:
            actions.append(int(act(observation[None])[0]))
            observation, reward, terminated, truncated, _ = env.step(actions[-1])
            seen.append(observation)
            rewards.append(reward)
            over = terminated or truncated
        yield Episode(np.array(seen), np.array(actions), np.array(rewards), terminated, truncated)


def test_what_is_recorded_is_what_a_plain_loop_plays():
    recorded = record_episodes(along_the_speed, "MountainCar-v0", seeds=2, episodes=3, seed=5)
    assert [len(own) for own in recorded] == [3, 3]
    flat = [episode for own in recorded for episode in own]
    for ours, plain in zip(
        flat, played_alone("MountainCar-v0", along_the_speed, 5, 6), strict=True
    ):
        for one, other in zip(ours, plain, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-6)


def test_nobody_plays_nothing():
    with pytest.raises(ValueError, match="must be a whole number of 1 or more"):
        record_episodes(pushing, "CartPole-v1", seeds=1, episodes=0)


@pytest.fixture(scope="module")
def episodes():
    return record_episodes(pushing, "CartPole-v1", seeds=1, episodes=6, seed=3)[0]


def test_a_sound_episode_has_no_damage(episodes):
    assert [damage(episode, 2) for episode in episodes] == [""] * 6


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda e: e._replace(action=e.action[:-1]), "actions"),
        (lambda e: e._replace(reward=e.reward[:0]), "rewards"),
        (lambda e: e._replace(observation=e.observation * [1, 1, np.nan, 1]), "NaN"),
        (lambda e: e._replace(reward=e.reward * np.inf), "infinite"),
        (lambda e: e._replace(action=e.action + 1), "does not exist"),
        (lambda e: e._replace(terminated=False), "its end is missing"),
        (lambda e: e._replace(observation=0 * e.observation + e.observation[:1]), "stands still"),
        (
            lambda e: Episode(e.observation[:1], e.action[:0], e.reward[:0], True, False),
            "0 actions",
        ),
    ],
)
def test_damage_is_named(episodes, change, words):
    assert words in damage(change(episodes[0]), 2)


def test_a_split_shares_no_episode_and_is_as_large_as_asked(episodes):
    train, validation, test = split(episodes, (3, 2, 1), np.random.default_rng(0))
    assert [len(part) for part in (train, validation, test)] == [3, 2, 1]
    assert len({id(episode) for part in (train, validation, test) for episode in part}) == 6
    other = split(episodes, (3, 2, 1), np.random.default_rng(1))[0]
    assert {id(e) for e in train} != {id(e) for e in other}


def test_a_split_of_too_few_episodes_is_refused(episodes):
    with pytest.raises(ValueError, match="parts of 5, 2 episodes need 7; there are 6"):
        split(episodes, (5, 2), np.random.default_rng(0))


def test_transitions_are_the_steps_in_order(episodes):
    columns = transitions(episodes)
    steps = sum(len(episode.action) for episode in episodes)
    assert all(len(column) == steps for column in columns.values())
    first = len(episodes[0].action)
    assert columns["done"].nonzero()[0] == first - 1
    assert columns["terminated"].sum() == sum(episode.terminated for episode in episodes)
    np.testing.assert_array_equal(
        columns["next_observation"][first - 1], episodes[0].observation[-1]
    )
    np.testing.assert_array_equal(columns["observation"][first], episodes[1].observation[0])


def test_a_truncated_episode_is_done_but_not_terminated(episodes):
    cut = episodes[0]._replace(terminated=False, truncated=True)
    columns = transitions([cut])
    assert columns["done"][-1] and not columns["terminated"].any()


def test_a_memory_of_demonstrations_draws_each_seed_from_its_own(episodes):
    memory = memory_of([episodes[:2], episodes[2:5]], spare=3)
    batch = memory.sample(80, 1, 1.0, torch.Generator().manual_seed(0))
    assert (batch.demonstrated == 1).all()
    for seed, own in enumerate((episodes[:2], episodes[2:5])):
        seen = {tuple(row) for episode in own for row in episode.observation[:-1]}
        assert {tuple(row) for row in batch.observation[seed].numpy()} <= seen
        assert memory.filled()[seed].item() == sum(len(episode.action) for episode in own)


def test_a_memory_without_episodes_is_refused():
    with pytest.raises(ValueError, match="list of one or more episodes"):
        memory_of([[]])


def test_a_memory_with_nan_is_refused(episodes):
    spoiled = episodes[0]._replace(reward=episodes[0].reward * np.nan)
    with pytest.raises(ValueError, match="reward holds what cannot be: NaN"):
        memory_of([[spoiled]])


def test_n_step_returns_of_demonstrations_against_a_loop(episodes):
    """Also of truncated episodes: the window ends at the cut, the value behind it still counts."""
    mixed = [
        e._replace(terminated=i % 2 == 0, truncated=i % 2 == 1) for i, e in enumerate(episodes)
    ]
    memory = memory_of([mixed])
    memory.reward[:] = torch.arange(memory.rows).float()
    slot, weight = torch.arange(memory.rows)[None], torch.ones(1, memory.rows)
    batch, row = memory.read(slot, 5, 0.9, weight), 0
    for episode in mixed:
        steps = len(episode.action)
        for start in range(steps):
            k = min(5, steps - start)
            by_hand = sum(0.9**i * (row + i) for i in range(k))
            assert batch.reward[0, row].item() == pytest.approx(by_hand, rel=1e-5)
            assert batch.discount[0, row].item() == pytest.approx(0.9**k)
            assert bool(batch.terminated[0, row]) == (start + k == steps and episode.terminated)
            ahead = episode.observation[start + k]
            np.testing.assert_array_equal(batch.next_observation[0, row], ahead)
            row += 1


NAME = "cart_pole/leaning-v0"


def manifest_of(folder):
    files = [path for path in (folder / "demonstrations").rglob("*") if path.is_file()]
    hashes = {path.relative_to(folder).as_posix(): storage.sha256(path) for path in files}
    known = {name: {"sha256": digest} for name, digest in hashes.items()}
    (folder / "manifest.json").write_text(json.dumps(known))


@pytest.fixture
def stored(episodes, tmp_path):
    folder = tmp_path / "demonstrations"
    save(episodes, folder)
    return folder


def save(episodes, folder):
    save_demonstrations(NAME, episodes, "CartPole-v1", {"expert": "a rule"}, folder)
    manifest_of(folder.parent)


def test_what_is_stored_comes_back(stored, episodes):
    for ours, theirs in zip(load_demonstrations(NAME, stored), episodes, strict=True):
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(one, other)


def test_minari_alone_reads_it(stored, episodes):
    """In a Python of its own that never imports course_utils."""
    code = f"import minari; d = minari.load_dataset('{NAME}'); print(d.total_episodes, "
    code += "d.total_steps, d.spec.env_spec.id, sum(e.rewards.sum() for e in d.iterate_episodes()))"
    environment = os.environ | {"MINARI_DATASETS_PATH": str(stored)}
    told = subprocess.check_output([sys.executable, "-c", code], env=environment, text=True).split()
    steps = sum(len(episode.action) for episode in episodes)
    assert told == ["6", str(steps), "CartPole-v1", str(float(steps))]


def test_writing_again_replaces_and_leaves_nothing_behind(stored, episodes):
    save(episodes[:2], stored)
    assert len(load_demonstrations(NAME, stored)) == 2
    assert {path.name for path in stored.iterdir()} <= {"cart_pole", "namespace_metadata.json"}


def test_an_interrupted_writing_leaves_the_old_one(stored, episodes, monkeypatch):
    monkeypatch.setattr(recording.minari, "create_dataset_from_buffers", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        save(episodes[:2], stored)
    assert len(load_demonstrations(NAME, stored)) == 6


@pytest.mark.parametrize("file", ["main_data.hdf5", "metadata.json"])
def test_a_damaged_or_missing_file_is_named(stored, file):
    path = stored / NAME / "data" / file
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(ValueError, match=f"leaning-v0/data/{file} is damaged.*make data"):
        load_demonstrations(NAME, stored)
    path.unlink()
    with pytest.raises(FileNotFoundError, match=f"leaning-v0/data/{file} is missing.*git checkout"):
        load_demonstrations(NAME, stored)


def test_the_setting_of_minari_is_put_back(stored, episodes, monkeypatch):
    monkeypatch.setenv("MINARI_DATASETS_PATH", "elsewhere")
    load_demonstrations(NAME, stored)
    assert os.environ["MINARI_DATASETS_PATH"] == "elsewhere"
    save(episodes[:1], stored)
    assert os.environ["MINARI_DATASETS_PATH"] == "elsewhere"
    monkeypatch.delenv("MINARI_DATASETS_PATH")
    save(episodes[:1], stored)
    assert "MINARI_DATASETS_PATH" not in os.environ

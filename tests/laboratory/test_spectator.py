"""Who watches: whole episodes, as the environment plays them."""

import gymnasium as gym
import numpy as np
import pytest
import torch

from course_utils.laboratory import spectator
from course_utils.laboratory.spectator import Spectator
from course_utils.networks import QNetwork
from course_utils.worlds import WORLDS, kit


def test_a_spectator_sees_whole_episodes():
    network = QNetwork(3, 4, 2, generator=torch.Generator().manual_seed(0))
    frames = Spectator("CartPole-v1").frames(network, 300)
    ends = [number for number, (_, _, words, _) in enumerate(frames) if "terminated" in words]
    assert ends and frames[ends[0] + 1][2] == "agent 0, greedy: step 1, return 1"
    env = gym.make("CartPole-v1")
    env.reset(seed=0)
    for observation, action, *_ in frames[: ends[0] + 1]:
        seen, *_ = env.step(action)
        assert np.allclose(observation, seen, atol=1e-3)


def test_worlds_are_known_by_their_class_and_others_have_none():
    assert Spectator("CartPole-v1").world == "cartpole"
    assert Spectator("MountainCar-v0").world == "mountaincar"
    assert Spectator("Acrobot-v1").world == ""
    with pytest.raises(ValueError, match="no 'Nowhere-v0' to play in"):
        Spectator("Nowhere-v0")
    with pytest.raises(ValueError, match="no film: Environment"):
        spectator.film("Nowhere-v0", "")


def test_a_world_of_ones_own_is_shown_by_its_numbers_whatever_it_is_called(monkeypatch):
    monkeypatch.setattr(gym.envs.registration, "registry", dict(gym.registry))
    assert Spectator("Shop-v0").world == "shop"
    for name in ("Shop", "Grid", "Lander"):  # pictures of these names expect other numbers
        kit.register(type(name, (WORLDS["Market"],), {}), f"Own{name}-v0")
        own = Spectator(f"Own{name}-v0")
        assert own.world == "bars" and own.facts["names"][0] == "price above usual"


def test_a_film_shows_the_episode_and_its_end(monkeypatch):
    shown = []
    monkeypatch.setattr(spectator, "animation", lambda *what: shown.append(what))
    right = lambda observation: np.ones(observation.shape[:2], int)  # noqa: E731
    told = "{steps} steps, return {total:.0f}"
    spectator.film("CartPole-v1", told, right, seed=3, every=4)
    spectator.film("MountainCar-v0", told, seed=3, every=2)
    (frames, sentence, slow), (others, end, fast) = shown
    assert slow < 2 and fast > 8  # few pictures are not a flicker
    assert sentence == "10 steps, return 10" and len(frames) == 4  # the first, 4, 8, the end
    assert end == "200 steps, return -200" and len(others) == 75
    assert frames[0].dtype == np.uint8 and frames[0].shape[2] == 3

"""Variants of a task are what their names say."""

import gymnasium as gym
import numpy as np
import pytest

from course_utils.envs import OBSERVATION_SCALE, make_envs
from course_utils.tune.worlds import TASKS, lunar_lander


def flight(env, actions, seed=3):
    observation, _ = env.reset(seed=seed)
    rows = [observation]
    for action in actions:
        observation, reward, terminated, _, _ = env.step(action)
        rows.append([*observation, reward])
        if terminated:
            break
    return np.concatenate(rows)


ACTIONS = np.random.default_rng(0).integers(4, size=60)


@pytest.mark.parametrize("name", TASKS)
def test_a_variant_has_the_observations_and_actions_of_its_parent(name):
    parent = TASKS[name].parent
    ours, theirs = make_envs(name, 3), make_envs(parent, 3)
    assert ours.single_observation_space == theirs.single_observation_space
    assert ours.single_action_space == theirs.single_action_space
    assert OBSERVATION_SCALE.get(name) == OBSERVATION_SCALE.get(parent)
    assert gym.spec(name).max_episode_steps == gym.spec(parent).max_episode_steps
    observation, _ = ours.reset(seed=1)
    for _ in range(5):
        following, *_ = ours.step(np.ones(3, int))
    assert following.shape == observation.shape and np.isfinite(following).all()


def test_throttled_engines_at_full_power_are_the_common_ones():
    ours, theirs = lunar_lander(main=1.0, side=1.0), gym.make("LunarLander-v3")
    assert np.array_equal(flight(ours, ACTIONS), flight(theirs, ACTIONS))


def test_swapped_engines_exchange_left_and_right():
    exchanged = np.array([0, 3, 2, 1])[ACTIONS]
    ours = gym.make("LunarLander-SwappedEngines-v0")
    assert np.array_equal(flight(ours, ACTIONS), flight(gym.make("LunarLander-v3"), exchanged))


def test_a_weak_engine_lifts_less_and_burns_less():
    names = "LunarLander-WeakEngine-v0", "LunarLander-v3"
    weak, strong = (flight(gym.make(name), [2] * 10).tolist() for name in names)
    assert weak[-6] < strong[-6]  # the vertical speed after ten steps of the main engine


def test_lower_gravity_falls_more_slowly():
    names = "LunarLander-LowGravity-v0", "LunarLander-v3"
    low, common = (flight(gym.make(name), [0] * 20) for name in names)
    assert low[-6] > common[-6]


POLES = [name for name, task in TASKS.items() if task.parent == "CartPole-v1"]


@pytest.mark.parametrize("name", POLES)
def test_one_pole_moves_like_each_of_many(name):
    one, many = gym.make(name), make_envs(name, 2)
    observation, _ = many.reset(seed=1)
    one.reset(seed=1)
    one.unwrapped.state = observation[0].astype(float)
    many.unwrapped.state = np.array([observation[0], observation[0]], float).T
    for action in (0, 1, 1):
        single, *_ = one.step(action)
        both, *_ = many.step(np.array([action, action]))
        assert np.allclose(single, both[0], atol=1e-6)


def test_the_reversed_cart_pushes_to_the_other_side():
    ours, theirs = make_envs("CartPole-Reversed-v0", 1), make_envs("CartPole-v1", 1)
    ours.reset(seed=1), theirs.reset(seed=1)
    for action in (0, 1, 1, 0):
        mirrored = theirs.step(np.array([1 - action]))[0]
        assert np.array_equal(ours.step(np.array([action]))[0], mirrored)

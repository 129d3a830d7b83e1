"""Many copies of an environment in one loop, and the tables of small ones."""

import gymnasium as gym
import numpy as np

from course_utils import envs


def test_other_environments_step_one_by_one():
    assert type(envs.make_envs("CartPole-v1", 2)).__name__ == "CartPoleVectorEnv"
    assert isinstance(envs.make_envs("MountainCar-v0", 2), gym.vector.SyncVectorEnv)


def first_steps(env_id, count, act=lambda o: np.ones(o.shape[:2], int), copies=3):
    steps = envs.play(act, env_id, 2, copies, seed=7)
    return [next(steps) for _ in range(count)]


def test_a_step_has_an_axis_for_seeds_and_one_for_environments():
    step = first_steps("CartPole-v1", 1)[0]
    assert step.observation.shape == step.next_observation.shape == (2, 3, 4)
    for column in (step.action, step.reward, step.terminated, step.truncated, step.real, step.done):
        assert column.shape == (2, 3)
    assert step.real.all() and (step.reward == 1).all()


def test_the_row_after_an_end_only_resets():
    """As Gymnasium's NEXT_STEP says: its reward is 0, its next observation begins an episode."""
    steps = first_steps("CartPole-v1", 60)
    ended = np.array([step.done for step in steps])
    real = np.array([step.real for step in steps])
    assert ended.any()
    assert np.array_equal(real[1:], ~ended[:-1])
    for step, following in zip(steps, steps[1:], strict=False):
        assert np.array_equal(following.observation, step.next_observation)
        assert (step.reward[~step.real] == 0).all()
        assert (np.abs(step.next_observation[~step.real]) <= 0.05).all()  # where CartPole begins


def test_each_transition_is_that_of_a_single_environment():
    rng = np.random.default_rng(0)
    steps = first_steps("MountainCar-v0", 20, lambda o: rng.integers(3, size=o.shape[:2]))
    one = gym.make("MountainCar-v0")
    for step in steps:
        one.reset(seed=0)
        one.unwrapped.state = step.observation[1, 2].astype(float)
        found, reward, *_ = one.step(int(step.action[1, 2]))
        assert np.allclose(found, step.next_observation[1, 2], atol=1e-5)
        assert reward == step.reward[1, 2]


def test_who_acts_may_change_on_the_way():
    lead = {"action": 0}
    steps = envs.play(lambda o: np.full(o.shape[:2], lead["action"]), "CartPole-v1", 1, 2)
    assert not next(steps).action.any()
    lead["action"] = 1
    assert next(steps).action.all()


def test_arguments_reach_the_environment():
    steps = envs.play(
        lambda o: np.zeros(o.shape[:2], int), "MountainCar-v0", 1, 1, goal_velocity=9.0
    )
    assert next(steps).reward[0, 0] == -1
    rules = envs.read_mdp("FrozenLake-v1", is_slippery=False)
    assert repr(rules) == "<the rules of FrozenLake-v1>" and rules.probability.max(-1).min() == 1

"""Probe environments: so small that the right values are known, each for one part of a learner.

The observation is (sign, step). From Andy Jones 2021, "Debugging RL, without the agonizing pain".
"""

from collections.abc import Callable
from typing import NamedTuple

import gymnasium as gym
import numpy as np

from course_utils.checks import checked, need


class Probe(NamedTuple):
    """One probe: what it tests, and the rules of its environment."""

    tests: str
    reward: Callable  # (sign, step, action) → number
    signs: tuple = (0,)  # what the first number of an observation may be
    actions: int = 1
    steps: int = 1  # of an episode, which terminates then
    endless: bool = False  # it is cut off (truncated) instead, and its observation tells no time


PROBES = {
    "one value": Probe("optimizer, terminal mask", lambda s, t, a: 1),
    "observation": Probe("rows of a batch belong together", lambda s, t, a: s, (-1, 1)),
    "action": Probe("the value of the action that was taken", lambda s, t, a: 2 * a - 1, actions=2),
    "both": Probe("observation and action together", lambda s, t, a: s * (2 * a - 1), (-1, 1), 2),
    "delay": Probe("discount, next value", lambda s, t, a: t, steps=2),
    "choice": Probe("maximum, not mean", lambda s, t, a: t * (2 * a - 1), actions=2, steps=2),
    "truncation": Probe("truncated is not terminated", lambda s, t, a: 1, steps=5, endless=True),
}
gym.register("Probe-v0", entry_point="course_utils.learn.probes:ProbeEnv")


class ProbeEnv(gym.Env):
    """The environment of one probe: `gym.make("Probe-v0", name="delay")`. ValueError for others."""

    def __init__(self, name: str):
        need(name in PROBES, f"there is no probe '{name}'. There are: {', '.join(PROBES)}.")
        self.probe = PROBES[name]
        self.observation_space = gym.spaces.Box(-1, 5, (2,), np.float32)
        self.action_space = gym.spaces.Discrete(self.probe.actions)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.sign, self.steps = self.np_random.choice(self.probe.signs), 0
        return np.array([self.sign, 0], np.float32), {}

    def step(self, action):
        reward = float(self.probe.reward(self.sign, self.steps, action))
        self.steps += 1
        over, endless = self.steps == self.probe.steps, self.probe.endless
        observation = np.array([self.sign, 0 if endless else self.steps], np.float32)
        return observation, reward, over and not endless, over and endless, {}


@checked
def right_values(name: str, discount: float) -> tuple[np.ndarray, np.ndarray]:
    """All observations [K, 2] of a probe in which one can act, and their action values [K, A]."""
    probe, observations, values = ProbeEnv(name).probe, [], []
    if probe.endless and discount == 1:
        raise ValueError("discount = 1: a reward of 1 for ever has no value, take less.")
    for sign in probe.signs:
        # backwards from the end, where nothing follows; an endless probe pays 1 a step for ever
        q = [1 / (1 - discount) if probe.endless else 0.0]
        for step in reversed(range(1 if probe.endless else probe.steps)):
            after = discount * max(q)
            q = [probe.reward(sign, step, action) + after for action in range(probe.actions)]
            observations.append([sign, step])
            values.append(q)
    return np.array(observations, np.float32), np.array(values)

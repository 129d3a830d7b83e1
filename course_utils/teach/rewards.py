"""Designing rewards: potential-based shaping, and demonstrations as reward (SQIL).

Functions of a batch get a `replay.Batch` and return rewards [S, B].
"""

import dataclasses
from collections.abc import Callable

import numpy as np

from course_utils import losses
from course_utils.envs import MDP


def shaping_reward(potential, next_potential, terminated, discount):
    """What shaping adds to a reward: F = γ (1 − terminated) Φ(s′) − Φ(s).

    All of one shape, arrays or tensors, and F too. Behind a terminal state nothing follows, so its
    potential counts 0; a truncated step keeps Φ(s′).
    Source: Ng, Harada and Russell 1999, theorem 1.
    """
    return discount * (1 - terminated) * next_potential - potential


def shaped_mdp(mdp: MDP, potential: np.ndarray, discount, shaping_reward=shaping_reward) -> MDP:
    """The same rules with shaped rewards. potential: [s]. discount: the γ that the agent will use.

    Raises ValueError for a potential of another shape, or with NaN.
    """
    if potential.shape != mdp.start.shape or not np.isfinite(potential).all():
        needed = f"{mdp.env_id} needs {len(mdp.start)} finite potentials"
        raise ValueError(f"{needed}; this has shape {potential.shape}.")
    ends = potential[:, None, None], potential[mdp.next_state]  # [s, 1, 1], [s, a, k]
    extra = shaping_reward(*ends, mdp.terminated, discount)
    return dataclasses.replace(mdp, reward=mdp.reward + extra)


def with_potential(potential: Callable, shaping_reward=shaping_reward) -> Callable:
    """A `reward` of `Parts` that shapes n steps at once: those between cancel in γ^k Φ(s′) − Φ(s).

    potential: observations [..., D] → [...], as tensors.
    """

    def reward(batch):
        ends = potential(batch.observation), potential(batch.next_observation)
        return batch.reward + shaping_reward(*ends, batch.terminated, batch.discount)

    return reward


def soft_target(temperature: float, soft_value: Callable = losses.soft_value) -> Callable:
    """A `td_target` of `Parts` with a soft maximum: y = r + γ (1 − terminated) V(s′).

    soft_value: (q [..., A], temperature) → V [...]. ValueError for a temperature of 0 or less.
    Source: Haarnoja et al. 2017 (arXiv 1702.08165); SQIL, Reddy et al. 2020 (arXiv 1905.11108).
    """
    if not temperature > 0:
        reason = "towards 0 the maximum becomes hard."
        raise ValueError(f"temperature = {temperature}: it must be above 0; {reason}")

    def target(reward, terminated, next_q, discount):
        value = soft_value(next_q, temperature)
        return (reward + discount * (1 - terminated) * value).detach()

    return target


def sqil_reward(discount: float, absorbing: bool = False) -> Callable:
    """A `reward` of `Parts` that pays 1 for each step of the expert, 0 for the agent's own.

    discount: γ; a window of k steps of the expert pays 1 + γ + … = (1 − γ^k) / (1 − γ).
    absorbing: behind the end of an expert's episode the 1 goes on for ever, as if it stayed in a
    last state; else an agent that reaches the end gives up an income.
    Raises ValueError for a γ of 1, with which k cannot be told.
    Source: Reddy et al. 2020 (arXiv 1905.11108), algorithm 1; absorbing states in Kostrikov et al.
    2019 (arXiv 1809.02925).
    """
    if not 0 <= discount < 1:
        raise ValueError(f"discount = {discount}: it must be at least 0 and under 1.")

    def reward(batch):
        behind = batch.discount * (1 - batch.terminated) if absorbing else batch.discount
        return batch.demonstrated * (1 - behind) / (1 - discount)

    return reward

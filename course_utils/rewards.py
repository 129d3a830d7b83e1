"""Designing rewards: potential-based shaping, on tables and in Q-learning, and demonstrations as reward (SQIL)."""

import dataclasses
from collections.abc import Callable

import numpy as np
from torch import Tensor

from course_utils.envs import MDP
from course_utils.replay import Batch


def shaping_reward(potential, next_potential, terminated, discount):
    """What shaping adds to a reward: F = γ (1 − terminated) Φ(s′) − Φ(s). All of one shape, arrays or tensors.

    Behind a terminal state nothing follows, so its potential counts 0; a truncated step keeps Φ(s′).
    Source: Ng, Harada and Russell 1999, theorem 1.
    """
    return discount * (1 - terminated) * next_potential - potential


def shaped_mdp(mdp: MDP, potential: np.ndarray, discount: float) -> MDP:
    """The same rules with shaped rewards. potential: [s]. discount: the γ that the agent will use.

    Raises ValueError for a potential of another shape, or with NaN.
    """
    if potential.shape != mdp.start.shape or not np.isfinite(potential).all():
        raise ValueError(f"{mdp.env_id} needs {len(mdp.start)} finite potentials; this has shape {potential.shape}.")
    extra = shaping_reward(potential[:, None, None], potential[mdp.next_state], mdp.terminated, discount)
    return dataclasses.replace(mdp, reward=mdp.reward + extra)


def with_potential(potential: Callable[[Tensor], Tensor]) -> Callable[[Batch], Tensor]:
    """The `reward` of `train_dqn` that shapes: n-step rewards with γ^k Φ(s′) − Φ(s), as the steps between cancel.

    potential: observations [..., D] → [...].
    """

    def reward(batch):
        ends = potential(batch.observation), potential(batch.next_observation)
        return batch.reward + shaping_reward(*ends, batch.terminated, batch.discount)

    return reward


def soft_target(temperature: float) -> Callable:
    """The `target` of `train_dqn` with a soft maximum: y = r + γ (1 − terminated) τ log Σ_a exp(Q⁻(s′, a) / τ).

    Raises ValueError for a temperature of 0 or less.
    Source: Haarnoja et al. 2017 (arXiv 1702.08165); in SQIL by Reddy et al. 2020 (arXiv 1905.11108), equation 1.
    """
    if not temperature > 0:
        raise ValueError(f"temperature = {temperature}: it must be above 0; towards 0 the maximum becomes hard.")

    def target(reward, terminated, next_q, discount):
        return (reward + discount * (1 - terminated) * soft_value(next_q, temperature)).detach()

    return target


def soft_value(q: Tensor, temperature: float) -> Tensor:
    """The soft maximum τ log Σ_a exp(q_a / τ): above the maximum, by at most τ log A. q: [..., A] → [...]."""
    return temperature * (q / temperature).logsumexp(-1)


def sqil_reward(discount: float, absorbing: bool = False) -> Callable[[Batch], Tensor]:
    """The `reward` of `train_dqn` that pays 1 for each step of the expert and 0 for the agent's own.

    discount: γ of the run; a window of k steps of the expert pays 1 + γ + … = (1 − γ^k) / (1 − γ).
    absorbing: behind the end of an expert's episode the 1 goes on for ever, as if it stayed in a last state; else an
    agent that reaches the end gives up an income.
    Raises ValueError for a γ of 1, with which k cannot be told.
    Source: Reddy et al. 2020 (arXiv 1905.11108), algorithm 1; absorbing states in Kostrikov et al. 2019
    (arXiv 1809.02925).
    """
    if not 0 <= discount < 1:
        raise ValueError(f"discount = {discount}: it must be at least 0 and under 1.")

    def reward(batch):
        behind = batch.discount * (1 - batch.terminated) if absorbing else batch.discount
        return batch.demonstrated * (1 - behind) / (1 - discount)

    return reward

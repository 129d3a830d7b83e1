"""Designing rewards: potential-based shaping, and demonstrations as reward (SQIL)."""

from dataclasses import replace

import numpy as np

from course_utils import losses
from course_utils.checks import check_array, check_shape, checked, need
from course_utils.envs import MDP


def shaping_reward(potential, next_potential, terminated, discount):
    """What shaping adds to a reward: F = γ (1 − terminated) Φ(s′) − Φ(s), all of one shape.

    A terminal state's potential counts 0, a truncated step keeps Φ(s′). Ng et al. 1999, theorem 1.
    """
    return discount * (1 - terminated) * next_potential - potential


@checked
def shaped_mdp(mdp: MDP, potential: np.ndarray, discount, shaping_reward=shaping_reward) -> MDP:
    """The same rules, shaped, or ValueError. potential: [s], finite. discount: the agent's."""
    if check_array("potential", potential).shape != mdp.start.shape:
        raise ValueError(f"{mdp.env_id} needs {len(mdp.start)} potentials, one a state.")
    ends = potential[:, None, None] + 0 * mdp.reward, potential[mdp.next_state]  # both [s, a, k]
    added = shaping_reward(*ends, mdp.terminated, discount)
    if check_array("`shaping_reward`", added).shape != mdp.reward.shape:
        raise ValueError(f"`shaping_reward` must return {mdp.reward.shape}, not {added!r:.60}.")
    return replace(mdp, reward=mdp.reward + added)


def with_potential(potential, shaping_reward=shaping_reward):
    """A shaped `reward` of `Parts`. potential: tensors [..., D] → [...], else a ValueError."""

    def reward(batch):
        # Also for n steps: the potentials between the two ends cancel.
        ends = map(potential, (batch.observation, batch.next_observation))
        ends = (check_shape("potential", each, batch.reward.shape) for each in ends)
        return batch.reward + shaping_reward(*ends, batch.terminated, batch.discount)

    return reward


@checked
def soft_target(temperature: float, soft_value=losses.soft_value):
    """A `td_target` of `Parts` with a soft maximum: y = r + γ (1 − terminated) V(s′).

    soft_value: (q [..., A], temperature) → V [...]. ValueError for a temperature of 0 or less.
    Source: Haarnoja et al. 2017 (arXiv 1702.08165).
    """

    def target(reward, terminated, next_q, discount):
        value = check_shape("soft_value", soft_value(next_q, temperature), reward.shape)
        return (reward + discount * (1 - terminated) * value).detach()

    return target


@checked
def sqil_reward(discount: float, absorbing: bool = False):
    """A `reward` of `Parts` that pays 1 for each step of the expert, 0 for the agent's own.

    discount: γ under 1, else ValueError; k steps pay 1 + γ + … = (1 − γ^k) / (1 − γ). absorbing:
    behind the end of an expert's episode the 1 goes on for ever; else who ends loses pay.
    Reddy et al. 2020 (arXiv 1905.11108), algorithm 1; Kostrikov et al. 2019 (arXiv 1809.02925).
    """
    need(discount < 1, "discount = 1: it must be under 1, so that pay for ever is finite.")

    def reward(batch):
        if not batch.demonstrated.any():
            raise ValueError("SQIL pays for demonstrations, and there are none in this batch.")
        behind = batch.discount * (1 - batch.terminated) if absorbing else batch.discount
        return batch.demonstrated * (1 - behind) / (1 - discount)

    return reward

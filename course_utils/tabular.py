"""Tables: exact values by dynamic programming, and Q-learning for many seeds at once.

Shapes: S seeds, s states, a actions, k outcomes of one action (what may happen when the floor is slippery).
A table of action values is `q[..., s, a]`; a policy is a table of probabilities of the same shape.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from course_utils.envs import MDP
from course_utils.settings import configuration, setting


def bellman_backup(mdp: MDP, value: np.ndarray, discount: float) -> np.ndarray:
    """Action values one step ahead: q(s, a) = Σ_k p_k [r_k + γ (1 − terminated_k) v(s′_k)].

    value: [..., s] → [..., s, a]. Raises ValueError for values of another number of states.
    Source: Sutton & Barto 2018, equation 4.10 before the maximum.
    """
    if value.shape[-1] != len(mdp.start):
        raise ValueError(f"value has shape {value.shape}; {mdp.env_id} needs [..., {len(mdp.start)}], one a state.")
    future = discount * (1 - mdp.terminated) * value[..., mdp.next_state]
    return (mdp.probability * (mdp.reward + future)).sum(-1)


def value_iteration(mdp: MDP, discount: float, tolerance: float = 1e-10, max_sweeps: int = 100_000) -> np.ndarray:
    """The optimal action values q* [s, a]: v ← max_a q(s, a) until no entry moves by `tolerance`.

    Raises ValueError for a γ outside [0, 1], RuntimeError when it takes more than `max_sweeps` (possible with γ = 1).
    Source: Sutton & Barto 2018, section 4.4.
    """
    if not 0 <= discount <= 1:
        raise ValueError(f"discount = {discount}: must be a number between 0 and 1.")
    value = np.zeros(len(mdp.start))
    for _ in range(max_sweeps):
        q = bellman_backup(mdp, value, discount)
        if np.abs(q.max(-1) - value).max() < tolerance:
            return q
        value = q.max(-1)
    raise RuntimeError(f"no fixed point within {max_sweeps} sweeps: choose a discount under 1.")


def greedy_policy(q: np.ndarray, epsilon: float = 0.0) -> np.ndarray:
    """Probabilities [..., s, a] of the ε-greedy policy; actions whose values tie (to 1e-9) share.

    Raises ValueError for an ε outside [0, 1], and for a table with NaN.
    """
    if not 0 <= epsilon <= 1:
        raise ValueError(f"epsilon = {epsilon}: must be a number between 0 and 1.")
    if np.isnan(q).any():
        raise ValueError("the table holds NaN: look at the target that it was learned from.")
    best = q >= q.max(-1, keepdims=True) - 1e-9
    return (1 - epsilon) * best / best.sum(-1, keepdims=True) + epsilon / q.shape[-1]


def policy_return(mdp: MDP, policy: np.ndarray, horizon: int) -> np.ndarray:
    """The exact expected return (undiscounted) of a policy within `horizon` steps, without sampling a single episode.

    policy: [..., s, a] → [...].
    Raises ValueError for a table of another shape, and for numbers that are no probabilities.
    """
    if policy.shape[-2:] != mdp.reward.shape[:2]:
        needed = "[..., {}, {}]".format(*mdp.reward.shape)
        raise ValueError(f"the policy has shape {policy.shape}; {mdp.env_id} needs {needed}.")
    if not (np.all(policy >= 0) and np.allclose(policy.sum(-1), 1)):
        raise ValueError("a policy's probabilities must be 0 or more and add up to 1 in each state; see greedy_policy.")
    value = np.zeros(policy.shape[:-1])
    for _ in range(horizon):
        value = (policy * bellman_backup(mdp, value, 1.0)).sum(-1)
    return value @ mdp.start


def best_return(mdp: MDP, horizon: int) -> float:
    """The highest expected return within `horizon` steps, by a policy that may look at the clock.

    Source: Sutton & Barto 2018, section 4.4, with a finite number of sweeps, backwards from the last step.
    """
    value = np.zeros(len(mdp.start))
    for _ in range(horizon):
        value = bellman_backup(mdp, value, 1.0).max(-1)
    return float(value @ mdp.start)


def discounted_return(rewards, discount: float) -> float:
    """What a sequence of rewards is worth at its start: r₁ + γ r₂ + γ² r₃ + …; 0 for an empty one.

    Source: Sutton & Barto 2018, equation 3.8.
    """
    return float(sum(discount**step * reward for step, reward in enumerate(rewards)))


def q_learning_target(reward, terminated, next_q: np.ndarray, discount: float):
    """What one step says that q(s, a) should be: r + γ (1 − terminated) max_a′ q(s′, a′).

    reward, terminated: [...]; next_q: [..., a] → [...]. A truncated step is not terminated, and still looks ahead.
    Source: Watkins & Dayan 1992, equation 1.
    """
    return reward + discount * (1 - terminated) * next_q.max(-1)


def epsilon_greedy(q: np.ndarray, epsilon: float, rng: np.random.Generator):
    """Actions [...] for action values q [..., a]: any action with probability ε, else a best one, ties at random.

    Works on many states at once: each candidate gets a random number, and the largest number wins.
    Source: Sutton & Barto 2018, section 2.2.
    """
    explore = rng.random(q.shape[:-1] + (1,)) < epsilon
    candidate = explore | (q == q.max(-1, keepdims=True))
    return (candidate * rng.random(q.shape)).argmax(-1)


@configuration
class QLearningConfig:
    """Settings of a Q-learning run. Both decays are geometric: a share of 1 keeps the setting constant."""

    discount: float = setting(0.99, 0, 1, symbol="γ", help="how much a reward one step later counts")
    learning_rate: float = setting(0.5, 0.001, 1, symbol="α", log=True, help="how far a value moves to its target")
    learning_rate_decay: float = setting(0.003, 1e-6, 1, log=True, help="share of α that is left at the end of the run")
    epsilon: float = setting(1.0, 0, 1, symbol="ε", help="probability of a random action")
    epsilon_decay: float = setting(0.1, 1e-300, 1, log=True, help="share of ε that is left at the end of the run")
    initial_value: float = setting(0.0, -1000, 1000, help="what the table says before the first step")
    steps: int = setting(100_000, 1, 10_000_000, log=True, unit="steps", help="environment steps of each seed")


class QLearningProgress(NamedTuple):
    """What `q_learning` yields: the step it has reached and a copy of the tables, q [S, s, a]."""

    step: int
    q: np.ndarray


def q_learning(
    mdp: MDP,
    config: QLearningConfig,
    seeds: int = 20,
    seed: int = 0,
    records: int = 50,
    target: Callable = q_learning_target,
    act: Callable = epsilon_greedy,
) -> Iterator[QLearningProgress]:
    """Train `seeds` independent agents side by side, each in its own copy of the environment; yield `records` times.

    q(s, a) ← q(s, a) + α [target − q(s, a)]. The config is read at every step, so it may be changed on the way.
    `target` and `act` may be replaced by a learner's own functions; they are called with all seeds at once.
    Raises ValueError if one of them returns another shape than [S], no action, or makes the table NaN or infinite.
    Source: Watkins & Dayan 1992.
    """
    if seeds < 1 or records < 1:
        raise ValueError(f"seeds = {seeds}, records = {records}: both must be 1 or more.")
    rng = np.random.default_rng(seed)
    states, actions, _ = mdp.reward.shape
    q = np.full((seeds, states, actions), config.initial_value)
    rows, entries = q.reshape(-1, actions), q.reshape(-1)  # the same numbers, seen as rows [a] and one by one
    first_row = np.arange(seeds) * states
    _check_shape("target", target(np.zeros(seeds), np.zeros(seeds, bool), q[:, 0], config.discount), seeds)
    _check_shape("act", act(q[:, 0], config.epsilon, np.random.default_rng(0)), seeds)

    state, deadline = mdp.reset(rng.random(seeds)), np.full(seeds, mdp.time_limit)
    steps = config.steps
    reports = set(np.linspace(0, steps, records + 1).astype(int)[1:])
    for step in range(1, steps + 1):
        progress = step / steps
        epsilon = config.epsilon * config.epsilon_decay**progress
        learning_rate = config.learning_rate * config.learning_rate_decay**progress

        row = first_row + state
        action = act(rows.take(row, axis=0), epsilon, rng)
        next_state, reward, terminated = mdp.step(state, action, rng.random(seeds))
        next_q = rows.take(first_row + next_state, axis=0)
        entry = row * actions + action
        old = entries.take(entry)
        error = target(reward, terminated, next_q, config.discount) - old
        entries[entry] = old + learning_rate * error

        done = terminated | (step >= deadline)
        if ended := np.count_nonzero(done):
            next_state[done] = mdp.reset(rng.random(ended))
            deadline[done] = step + mdp.time_limit
        state = next_state
        if step in reports:
            if np.min(action) < 0 or np.max(action) >= actions:
                raise ValueError(f"`act` returned an action outside 0 … {actions - 1}: {action}.")
            if not np.isfinite(q).all():
                raise ValueError(f"the table holds NaN or infinity at step {step}: look at what `target` returns.")
            yield QLearningProgress(step, q.copy())


def _check_shape(name, result, seeds):
    if np.shape(result) != (seeds,):
        raise ValueError(f"`{name}` returned shape {np.shape(result)}; it must return one number a seed, ({seeds},).")

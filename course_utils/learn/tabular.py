"""Tables: exact values by dynamic programming, and Q-learning for many seeds at once.

Shapes: S seeds, s states, a actions, k outcomes of an action. S&B is Sutton & Barto 2018.
"""

from collections import namedtuple
from collections.abc import Callable

import numpy as np

from course_utils.checks import check_actions, checked, need
from course_utils.envs import MDP
from course_utils.settings import configuration, setting

# What `q_learning` yields: the step it has reached and a copy of the tables, q [S, s, a].
QLearningProgress = namedtuple("QLearningProgress", "step q")


@checked
def bellman_backup(mdp: MDP, value: np.ndarray, discount: float) -> np.ndarray:
    """Action values one step ahead: q(s, a) = Σ_k p_k [r_k + γ (1 − terminated_k) v(s′_k)].

    value: [..., s] → [..., s, a]; ValueError for another s. S&B, equation 4.10 before the maximum.
    """
    if value.shape[-1] != len(mdp.start):
        raise ValueError(f"value has shape {value.shape}; it must be [..., {len(mdp.start)}].")
    future = discount * (1 - mdp.terminated) * value[..., mdp.next_state]  # [..., s, a, k]
    return (mdp.probability * (mdp.reward + future)).sum(-1)


@checked
def value_iteration(mdp: MDP, discount, tolerance=1e-10, max_sweeps=100_000, backup=bellman_backup):
    """The optimal action values q* [s, a]: v ← max_a q(s, a) until no entry moves by `tolerance`.

    RuntimeError after `max_sweeps` (with γ = 1), ValueError for what `backup` returns. S&B, 4.4.
    """
    value = np.zeros(len(mdp.start))
    for _ in range(max_sweeps):
        q = _returned("backup", backup(mdp, value, discount), mdp.reward.shape[:2])
        need(not np.isnan(q).any(), "`backup` returned NaN: look at what it computes.")
        if np.abs(q.max(-1) - value).max() < tolerance:
            return q
        value = q.max(-1)
    raise RuntimeError(f"no fixed point within {max_sweeps} sweeps: choose a discount under 1.")


@checked
def policy_return(mdp: MDP, policy: np.ndarray, horizon: int) -> np.ndarray:
    """The exact expected return (undiscounted) of a policy within `horizon` steps.

    policy: [..., s, a] → [...]; ValueError for another shape and for what are no probabilities.
    """
    if policy.shape[-2:] != mdp.reward.shape[:2]:
        needed = "{} needs [..., {}, {}].".format(mdp.env_id, *mdp.reward.shape)
        raise ValueError(f"the policy has shape {policy.shape}; {needed}")
    if not (np.all(policy >= 0) and np.allclose(policy.sum(-1), 1)):
        raise ValueError("the probabilities must be 0 or more and add up to 1 in each state.")
    value = np.zeros(policy.shape[:-1])  # with 0 steps to go
    for _ in range(horizon):
        value = (policy * bellman_backup(mdp, value, 1.0)).sum(-1)
    return value @ mdp.start


@checked
def best_return(mdp: MDP, horizon: int) -> float:
    """The highest expected return within `horizon` steps, by a policy that sees the clock."""
    value = np.zeros(len(mdp.start))
    for _ in range(horizon):
        value = bellman_backup(mdp, value, 1.0).max(-1)
    return float(value @ mdp.start)


@checked
def greedy_policy(q: np.ndarray, epsilon: float = 0.0) -> np.ndarray:
    """ε-greedy policy [..., s, a]; ties (to 1e-9) share. ValueError for NaN, ε outside [0, 1]."""
    best = q >= q.max(-1, keepdims=True) - 1e-9
    return (1 - epsilon) * best / best.sum(-1, keepdims=True) + epsilon / q.shape[-1]


@checked
def discounted_return(rewards: list, discount: float) -> float:
    """What rewards are worth at the start: r₁ + γ r₂ + γ² r₃ + …, 0 for none. S&B, equation 3.8."""
    return float(sum(discount**step * reward for step, reward in enumerate(rewards)))


def q_learning_target(reward, terminated, next_q: np.ndarray, discount: float):
    """What one step says that q(s, a) should be: r + γ (1 − terminated) max_a′ q(s′, a′).

    reward, terminated: [...]; next_q: [..., a]. A truncated step looks ahead. Watkins & Dayan 1992.
    """
    return reward + discount * (1 - terminated) * next_q.max(-1)


@checked
def epsilon_greedy(q: np.ndarray, epsilon: float, rng: np.random.Generator):
    """Actions [...] for values q [..., a]: any with probability ε, else a best one, ties at random.

    Many states at once: each candidate gets a random number, the largest wins. S&B, section 2.2.
    """
    explore = rng.random(q.shape[:-1] + (1,)) < epsilon
    candidate = explore | (q == q.max(-1, keepdims=True))
    return (candidate * rng.random(q.shape)).argmax(-1)


@configuration
class QLearningConfig:
    """Settings of a Q-learning run. Both decays are geometric: 1 keeps the setting constant."""

    discount: float = setting(0.99, 0, 1, "how much a reward one step later counts", symbol="γ")
    learning_rate: float = setting(
        0.5, 0.001, 1, "how far a value moves to its target", symbol="α", log=True
    )
    learning_rate_decay: float = setting(0.003, 1e-6, 1, "share of α left at the end", log=True)
    epsilon: float = setting(1.0, 0, 1, "probability of a random action", symbol="ε")
    epsilon_decay: float = setting(0.1, 1e-300, 1, "share of ε left at the end", log=True)
    initial_value: float = setting(0.0, -100, 100, "what the table holds at first", once=True)
    steps: int = setting(100_000, 1, 10_000_000, "environment steps a seed", log=True, once=True)


@checked
def q_learning(
    mdp: MDP, config: QLearningConfig, seeds=20, seed=0, records=50,
    target: Callable = q_learning_target, act: Callable = epsilon_greedy,
):  # fmt: skip
    """Train `seeds` agents side by side; yield a `QLearningProgress` `records` times.

    The config is read at every step. target, act: called with all seeds at once;
    ValueError if one returns another shape than [S], an action that does not exist, or NaN.
    Source: Watkins & Dayan 1992: q(s, a) ← q(s, a) + α [target − q(s, a)].
    """
    if act is epsilon_greedy:
        act = act.__wrapped__  # in each step its checks would cost a sixth of the time
    rng, agent, steps = np.random.default_rng(seed), np.arange(seeds), config.steps
    states, actions, _ = mdp.reward.shape
    q = np.full((seeds, states, actions), config.initial_value)
    state, deadline = mdp.reset(rng.random(seeds)), np.full(seeds, mdp.time_limit)
    reports = set(np.linspace(0, steps, records + 1).astype(int)[1:])
    for step in range(1, steps + 1):
        epsilon = config.epsilon * config.epsilon_decay ** (step / steps)
        learning_rate = config.learning_rate * config.learning_rate_decay ** (step / steps)
        action = check_actions("act", act(q[agent, state], epsilon, rng), (seeds,), actions)
        next_state, reward, terminated = mdp.step(state, action, rng.random(seeds))
        y = target(reward, terminated, q[agent, next_state], config.discount)
        y = _returned("target", y, (seeds,))
        old = q[agent, state, action]
        q[agent, state, action] = old + learning_rate * (y - old)

        done = terminated | (step >= deadline)
        if ended := np.count_nonzero(done):
            next_state[done] = mdp.reset(rng.random(ended))
            deadline[done] = step + mdp.time_limit
        state = next_state
        if step in reports and not np.isfinite(q).all():
            raise ValueError(f"NaN or infinity at step {step}: look at what `target` returns.")
        if step in reports:
            yield QLearningProgress(step, q.copy())


def _returned(part, value, shape):
    """What a function of the caller's returned, if it is numbers of this shape."""
    value = np.asarray(value)
    if value.shape != shape or value.dtype.kind not in "fiub":
        told = f"`{part}` returned shape {value.shape} of {value.dtype}"
        raise ValueError(f"{told}, not numbers of shape {shape}.")
    return value

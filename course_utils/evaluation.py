"""Playing episodes, and honest statistics: interquartile mean, bootstrap intervals, probability of improvement.

The definitions are those of Agarwal et al. 2021 (arXiv 2108.13264); SciPy does the work.
"""

from typing import NamedTuple

import gymnasium as gym
import numpy as np
from scipy import stats

from course_utils.envs import make_envs

RESAMPLES = 2000


class Estimate(NamedTuple):
    """A value and its 95 % interval: three numbers, or three arrays of the same shape."""

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def __str__(self):
        if np.ndim(self.value):
            return f"{len(self.value)} estimates"
        digits = 3 if abs(self.value) < 10 else 1
        return f"{self.value:.{digits}f} [{self.low:.{digits}f}, {self.high:.{digits}f}]"


def interquartile_mean(values, axis: int = 0):
    """The mean of the middle half: the lowest and the highest quarter of the runs are left out."""
    return stats.trim_mean(values, 0.25, axis=axis)


def interval(values, statistic=interquartile_mean, seed: int = 0) -> Estimate:
    """Statistic over the runs (first axis) with its percentile bootstrap interval.

    values: [S] or [S, ...], one row a run → an Estimate of floats, or of arrays [...].
    Raises ValueError for fewer than 2 runs, and for NaN or infinite values.
    """
    return stratified_interval([values], statistic, seed)


def stratified_interval(groups, statistic=interquartile_mean, seed: int = 0) -> Estimate:
    """The same over several groups of runs (tasks, teachers): runs are drawn again within their own group.

    groups: a list of arrays [S_i, ...], on one scale → the statistic of all runs together, with its interval.
    """
    groups = [_checked(group) for group in groups]

    def pooled(*samples, axis=-1):
        return statistic(np.concatenate(samples, axis=axis), axis=axis)

    low, high = _bootstrap(groups, pooled, seed)
    return Estimate(pooled(*groups, axis=0), low, high)


def probability_of_improvement(ours, theirs, seed: int = 0) -> Estimate:
    """How often a run of ours beats a run of theirs, ties counting one half: P(X > Y), from Mann and Whitney's U.

    ours: [S], theirs: [R] → Estimate between 0 and 1; .5 means no difference.
    """
    ours, theirs = _checked(ours), _checked(theirs)

    def share_won(x, y, axis=-1):
        wins = stats.mannwhitneyu(x, y, axis=axis, method="asymptotic").statistic
        return wins / (x.shape[axis] * y.shape[axis])

    low, high = _bootstrap([ours, theirs], share_won, seed)
    return Estimate(share_won(ours, theirs), low, high)


def area_under_curve(steps, values):
    """The mean height of a learning curve, with straight lines between its points. steps: [T], values: [..., T].

    Returns [...], in the unit of the values. Source: Taylor & Stone 2009 (JMLR 10), section 2.1, divided by the steps.
    """
    steps, values = np.asarray(steps, dtype=float), np.asarray(values)
    between = (values[..., 1:] + values[..., :-1]) / 2
    return (np.diff(steps) * between).sum(-1) / (steps[-1] - steps[0])


def forgetting(matrix: np.ndarray) -> np.ndarray:
    """What each task but the last has lost: its best return before the end, minus the one at the end; [..., K − 1].

    matrix: [..., K + 1, K], the return on each of K tasks before the first and after each of them.
    Source: Chaudhry et al. 2018 (arXiv 1801.10112), equation 3, here with the untrained network among the checkpoints.
    """
    return matrix[..., :-1, :-1].max(-2) - matrix[..., -1, :-1]


def forward_transfer(matrix: np.ndarray) -> np.ndarray:
    """What each task but the first returned before it was trained, above an untrained network; [..., K − 1].

    matrix: as in `forgetting`. Source: Lopez-Paz & Ranzato 2017 (arXiv 1706.08840), equation 4.
    """
    return np.diagonal(matrix, axis1=-2, axis2=-1)[..., 1:] - matrix[..., 0, 1:]


def _bootstrap(groups, statistic, seed):
    result = stats.bootstrap(
        groups,
        statistic,
        axis=0,
        vectorized=True,
        n_resamples=RESAMPLES,
        batch=200,  # keeps a long learning curve from filling the memory
        method="percentile",
        rng=np.random.default_rng(seed),
    )
    return result.confidence_interval


def _checked(values):
    values = np.asarray(values, dtype=float)
    if values.ndim == 0 or len(values) < 2:
        raise ValueError(f"an interval needs at least 2 runs, one a row; this has shape {values.shape}.")
    if not np.isfinite(values).all():
        raise ValueError("some runs are NaN or infinite: find out which run broke before you average it away.")
    return values


def play_episodes(act, env_id: str, seeds: int, episodes: int = 100, seed: int = 0, discount: float = 1.0, **arguments):
    """Returns [S, episodes] of S agents, each in episodes of its own; discounted if `discount` is under 1.

    act: observations [S, E, D], as an array, to actions [S, E]; see `networks.greedy`. Each of a seed's E environments
    plays the same number of episodes, so that short ones are not counted more often than long ones.
    """
    native = gym.spec(env_id).vector_entry_point is not None
    rounds = 1 if native or episodes % 10 else 10  # copies that step one by one should not wait for the longest episode
    copies = seeds * episodes // rounds
    envs = make_envs(env_id, copies, **arguments)
    observation, _ = envs.reset(seed=int(np.random.SeedSequence([seed, 1]).generate_state(1)[0]))
    returns, episode, factor = np.zeros((copies, rounds + 1)), np.zeros(copies, int), np.ones(copies)
    done = np.zeros(copies, bool)
    while (episode < rounds).any():
        action = act(observation.reshape(seeds, -1, observation.shape[-1]))
        observation, reward, terminated, truncated, _ = envs.step(np.asarray(action).reshape(-1))
        returns[np.arange(copies), episode] += factor * reward
        factor = np.where(done, 1.0, factor * discount)
        done = terminated | truncated
        episode = np.minimum(episode + done, rounds)  # what comes after the last round goes to a column of its own
    return returns[:, :rounds].reshape(seeds, episodes)

"""Playing episodes, and honest statistics: interquartile mean, intervals, comparisons.

The definitions are those of Agarwal et al. 2021 (arXiv 2108.13264); SciPy does the work.
"""

from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import NamedTuple

import numpy as np
import scipy  # its slow part, scipy.stats, loads when it is first used

from course_utils import envs
from course_utils.checks import check_array, checked, need
from course_utils.networks import QNetwork, greedy

RESAMPLES = 2000
LONGEST_EPISODE = 100_000  # steps; what has not ended then has no end
ENDLESS = "an episode does not end: register the environment with a limit, max_episode_steps."


class Estimate(NamedTuple):
    """A value and its 95 % interval: three numbers, or three arrays of the same shape."""

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def __str__(self):
        if np.ndim(self.value):
            return f"{len(self.value)} estimates"
        digits = 3 if max(map(abs, self)) < 2 else 1  # shares, and returns or their differences
        return f"{self.value:.{digits}f} [{self.low:.{digits}f}, {self.high:.{digits}f}]"


def interquartile_mean(values, axis: int = 0):
    """The mean of the middle half: the lowest and the highest quarter of the runs are left out."""
    return scipy.stats.trim_mean(check_array("values", values), 0.25, axis=axis)


@checked
def interval(
    values, statistic: Callable = interquartile_mean, seed: int = 0, resamples: int = RESAMPLES
) -> Estimate:
    """Statistic over the runs (first axis) with its percentile bootstrap interval.

    values: [S] or [S, ...], one row a run → an Estimate of floats, or of arrays [...].
    Raises ValueError for fewer than 2 runs, and for NaN or infinite values.
    """
    return stratified_interval([values], statistic, seed, resamples)


@checked
def stratified_interval(
    groups: list, statistic: Callable = interquartile_mean, seed=0, resamples: int = RESAMPLES
) -> Estimate:
    """The same for groups of runs (tasks, teachers), [S_i, ...], each resampled by itself."""
    groups = [_checked(group) for group in groups]
    if len({group.shape[1:] for group in groups}) != 1:
        raise ValueError("groups of runs must have one shape but for the number of their runs.")

    def pooled(*samples, axis=-1):
        return statistic(np.concatenate(samples, axis=axis), axis=axis)

    low, high = _bootstrap(groups, pooled, seed, resamples)
    return Estimate(pooled(*groups, axis=0), low, high)


def probability_of_improvement(ours, theirs, seed: int = 0) -> Estimate:
    """How often a run of ours beats one of theirs, P(X > Y), ties counting one half.

    ours: [S], theirs: [R] → Estimate between 0 and 1. From Mann and Whitney's U.
    """
    ours, theirs = _checked(ours), _checked(theirs)
    if ours.ndim + theirs.ndim != 2:
        raise ValueError("one number a run is compared, [S] and [R]: take means or a point first.")

    def share_won(x, y, axis=-1):
        wins = scipy.stats.mannwhitneyu(x, y, axis=axis, method="asymptotic").statistic
        return wins / (x.shape[axis] * y.shape[axis])

    low, high = _bootstrap([ours, theirs], share_won, seed)
    return Estimate(share_won(ours, theirs), low, high)


def area_under_curve(steps, values):
    """The mean height of a learning curve, with straight lines between its points.

    steps: [T], values: [..., T] → [...], in the unit of the values.
    Source: Taylor & Stone 2009 (JMLR 10), section 2.1, divided by the steps. Raises ValueError.
    """
    steps, values = check_array("steps", steps).astype(float), check_array("values", values)
    told = f"steps {list(steps.shape)} do not belong to values {list(values.shape)}: "
    told += "a curve has 2 or more of both, and steps that grow."
    right = values.shape[-1:] == steps.shape and steps.size > 1 and (np.diff(steps) > 0).all()
    need(right, told)
    between = (values[..., 1:] + values[..., :-1]) / 2
    return (np.diff(steps) * between).sum(-1) / (steps[-1] - steps[0])


@checked
def normalized_score(returns, random: float, best: float):
    """Returns on the scale where a random player has 0 and the best known 1: [...] → [...].

    Source: Bellemare et al. 2013 (arXiv 1207.4708), section 4.4. ValueError if best is not better.
    """
    check_array("returns, random and best", [*np.ravel(returns), random, best])
    need(best > random, f"best = {best}, random = {random}: such a scale has no length.")
    return (np.asarray(returns) - random) / (best - random)


def _bootstrap(groups, statistic, seed, resamples=RESAMPLES):
    # Batches of 200 keep a long learning curve from filling the memory.
    form = {"axis": 0, "vectorized": True, "n_resamples": resamples, "batch": 200}
    form |= {"method": "percentile", "rng": np.random.default_rng(seed)}
    return scipy.stats.bootstrap(groups, statistic, **form).confidence_interval


def _checked(values):
    values = check_array("runs", values).astype(float)
    right = values.ndim and len(values) > 1
    need(right, f"an interval needs 2 runs or more, one a row; this is {values.shape}.")
    return values


@checked
def play_episodes(act: Callable, env_id: str, seeds, episodes=100, seed=0, discount=1.0, **more):
    """Returns [S, episodes] of S agents, in episodes of their own; discounted if γ is under 1.

    act: observations [S, E, D], as an array, to actions [S, E]; see `networks.greedy`. Each of a
    seed's E environments plays as many episodes: short ones are not counted more often.
    """
    # Copies that step one by one should not all wait for the longest episode.
    rounds = 1 if episodes % 10 or envs.has_array_version(env_id) else 10
    reset_seed = int(np.random.SeedSequence([seed, 1]).generate_state(1)[0])
    steps = envs.play(act, env_id, seeds, episodes // rounds, reset_seed, **more)
    return episode_returns(steps, rounds, discount).reshape(seeds, episodes)


@checked
def episode_returns(steps: Iterator[envs.Step], rounds: int, discount: float = 1.0) -> np.ndarray:
    """The returns of the first `rounds` episodes of each environment, [S, N, rounds]."""
    first = next(steps)
    seed, number = np.indices(first.reward.shape)
    returns, episode, factor = np.zeros((*seed.shape, rounds + 1)), 0 * seed, np.ones(seed.shape)
    for step in islice(chain([first], steps), rounds * LONGEST_EPISODE):
        returns[seed, number, episode] += factor * step.reward
        factor = np.where(step.real, factor * discount, 1.0)
        # What comes after the last round goes to a column of its own.
        episode = np.minimum(episode + step.done, rounds)
        if (episode == rounds).all():
            return returns[..., :rounds]
    raise ValueError(ENDLESS)


@checked
def mean_returns(network: QNetwork, env_id: str, episodes=100, seed=0, task=None, **more):
    """The mean return of each network, greedy, in fresh episodes: [S]. task: whose head answers."""
    act = greedy(network, task)
    return play_episodes(act, env_id, network.seeds, episodes, seed, **more).mean(1)


class Episode(NamedTuple):
    """One episode of T steps.

    observation: [T + 1, D], also the one behind the last step. action, reward: [T].
    terminated, truncated: how the last step ended it.
    """

    observation: np.ndarray
    action: np.ndarray
    reward: np.ndarray
    terminated: bool
    truncated: bool

    def last_step(self) -> np.ndarray:
        """[T], True for the step that ended it."""
        return np.arange(1, len(self.action) + 1) == len(self.action)


@checked
def record_episodes(act: Callable, env_id: str, seeds: int, episodes: int, seed=0, **more):
    """Let S agents play, `episodes` each, and keep everything: S lists of `Episode`.

    act: observations [S, E, D] to actions [S, E], as of `networks.greedy`. ValueError for episodes
    without end. Copies begin with seed, seed + 1, …: for other episodes take a seed far away.
    """
    length, steps = np.zeros((seeds, episodes), int), []
    for step in islice(envs.play(act, env_id, seeds, episodes, seed, **more), LONGEST_EPISODE):
        steps.append(step)
        length = np.where(length == 0, len(steps) * step.done, length)
        if length.all():
            break
    else:
        raise ValueError(ENDLESS)
    seen, action, reward, terminated, truncated, behind, _ = map(np.array, zip(*steps, strict=True))
    seen = np.concatenate([seen, behind[-1:]])  # [T + 1, S, N, D], the others [T, S, N]

    def episode(s, n):
        end = length[s, n]
        ends = terminated[end - 1, s, n], truncated[end - 1, s, n]
        return Episode(seen[: end + 1, s, n], action[:end, s, n], reward[:end, s, n], *ends)

    return [[episode(s, n) for n in range(episodes)] for s in range(seeds)]

"""Probes for a world of one's own: they look for the usual mistakes before anybody learns in it."""

from itertools import islice

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor

from course_utils import envs
from course_utils.checks import checked
from course_utils.worlds.kit import ManyCopies

COPIES, STEPS = 64, 100
LARGE, NOTHING, ALL, LITTLE = 10.0, 1e-6, 0.98, 0.02


@checked
def examine(world: type, seed: int = 0, **settings) -> list[str]:
    """What is odd about a world, a sentence each: questions to think about; [] if nothing is.

    Random actions in 64 copies, for 100 steps. TypeError or ValueError for a world that cannot be
    stepped.
    """
    copies = ManyCopies(world, COPIES, **settings)
    rows, again = walk(copies, seed), walk(copies, seed)
    if not all(map(np.array_equal, rows, again)):
        return ["The same seed gave other numbers: take all that is random from rng."]
    first, second = (np.array(copies.world.observe(copies.state)) for _ in range(2))
    if not np.array_equal(first, second):
        return ["To observe changed the state: make new arrays, and leave those of the state."]
    if len(copies.world.actions) == 1:
        return ["There is one action: what could an agent learn to choose?"]
    seen, action, reward, ends, then, real = rows  # [T, n, …]
    if reward[real].std() < NOTHING:
        return ["Every step paid the same: how would an agent find out what is good?"]
    numbers, odd = copies.world.observations, []
    for name, values in zip(numbers, np.moveaxis(seen[real], -1, 0), strict=True):
        if (largest := abs(values).max()) > LARGE:
            odd.append(f"Scale: '{name}' goes up to {largest:.0f}; divide it, to be of about 1.")
        if values.std() < NOTHING:
            odd.append(f"'{name}' never changed: does the agent need it?")
        elif abs(np.corrcoef(values, reward[real])[0, 1]) > ALL:
            odd.append(f"Leak: '{name}' tells the reward, whatever is done; is it the answer?")
    scaled = abs(reward).max() * getattr(world, "dqn", {}).get("reward_scale", 1)
    if scaled > 10 * LARGE:
        odd.append(f"Scale: a reward of {scaled:.3g}, scaled; set reward_scale, for about 1.")
    if hasattr(copies.world, "expert"):
        by_rule = walk(copies, seed, copies.world.expert)
        if by_rule[2][by_rule[5]].mean() <= reward[real].mean():
            odd.append("Expert: random actions are paid no less than its own; mend the rule.")
    if ends[real].mean() > 0.5 or (not ends.any() and copies.limit > 1000):
        odd.append(f"End: {ends[real].mean():.0%} of random steps end it; limit = {copies.limit}.")
    # How each number changes, and what is paid: does the step before help to foretell it?
    known = np.concatenate([seen, np.eye(len(copies.world.actions))[action]], -1)
    given = known[1:], np.dstack([known[1:], known[1:] - known[:-1], reward[:-1]])
    goals, both = [*np.moveaxis(then - seen, -1, 0), reward], (real[1:] & real[:-1]).T
    for name, goal in zip([*numbers, "the reward"], goals, strict=True):
        # One copy after the other: what trees learn of the first half they must tell of the others.
        rows = (np.swapaxes(part, 0, 1)[both] for part in given)
        left, with_past = (unexplained(part, goal[1:].T[both]) for part in rows)
        if left > LITTLE and with_past < left / 3:
            odd.append(f"Memory: the step before helps to foretell {name}; observe what lasts.")
    return odd


def walk(copies: ManyCopies, seed: int, act=None) -> list[np.ndarray]:
    """[T, n, …] of all columns of a `Step`, but for truncated. act: at random without it."""
    rng, among = np.random.default_rng(seed), len(copies.world.actions)
    act = act or (lambda seen: rng.integers(among, size=seen.shape[:2]))
    steps = envs.play_in(copies, act, 1, seed)
    columns = map(np.array, zip(*islice(steps, STEPS), strict=True))
    return [part[:, 0] for k, part in enumerate(columns) if k != 4]  # all but truncated


def unexplained(given: np.ndarray, goal: np.ndarray) -> float:
    """The share of the goal's variance, in the second half, that trees of the first do not tell."""
    half = len(goal) // 2
    if half < 100 or min(goal[:half].std(), goal[half:].std()) < NOTHING:
        return 0.0
    trees = HistGradientBoostingRegressor(random_state=0).fit(given[:half], goal[:half])
    return 1 - trees.score(given[half:], goal[half:])

"""The best in a world of few states, by dynamic programming. Such a world has, besides,

whole: {part of a state: how many values it has, from 0 on}; chances(state) → [n, K], how probable
each of K things is; happen(state, action [n], thing [n]) → next state, reward, terminated, [n].
"""

from collections import namedtuple
from functools import partial

import numpy as np
from scipy.spatial import KDTree

from course_utils.checks import need
from course_utils.envs import MDP
from course_utils.learn.tabular import bellman_backup, best_return

# policy: observation [..., D] → action [...]; reached: its return; best: one with the day known.
Optimum = namedtuple("Optimum", "policy reached best")


def read_world(world) -> tuple[MDP, np.ndarray]:
    """A world as a table, and its states as seen, [s, D]. ValueError if two of them look alike."""
    need(hasattr(world, "whole"), f"{type(world).__name__} has no `whole`: list its states in it.")
    sizes, names = tuple(world.whole.values()), list(world.whole)
    state = dict(zip(names, np.indices(sizes).reshape(len(sizes), -1), strict=True))
    seen, chances = world.observe(state), world.chances(state)
    need(len(np.unique(seen, axis=0)) == len(seen), "two states look alike: show more of them.")
    shape = len(seen), len(world.actions), chances.shape[1]  # [s, a, k], as in any table
    s, *done = np.indices(shape).reshape(3, -1)
    after, *paid = world.happen({name: part[s] for name, part in state.items()}, *done)
    index = partial(np.ravel_multi_index, dims=sizes, mode="clip")  # an episode stays inside
    rules = [each.reshape(shape) for each in (index([after[name] for name in names]), *paid)]
    rules = np.broadcast_to(chances[:, None], shape), *rules
    first = index([world.begin(1, None)[name] for name in names])
    start = (np.arange(len(seen)) == first).astype(float)
    return MDP(type(world).__name__, *rules, start, world.limit), seen


def over_an_episode(mdp: MDP, chosen: np.ndarray) -> tuple[float, np.ndarray]:
    """The exact return of acting so, chosen [s], and what each action is worth to it, [s, a]."""
    state, met = np.arange(len(chosen)), [mdp.start]
    stays = mdp.probability[state, chosen] * ~mdp.terminated[state, chosen]
    for _ in range(mdp.time_limit - 1):
        flow = (met[-1][:, None] * stays).ravel()
        met.append(np.bincount(mdp.next_state[state, chosen].ravel(), flow, len(state)))
    value, worth = np.zeros(len(state)), 0.0
    for often in met[::-1]:  # from the last day on; what is met more often weighs more
        q = bellman_backup(mdp, value, 1.0)
        value, worth = q[state, chosen], worth + (often[:, None] + 1e-12) * q
    return float(value @ mdp.start), worth


def optimum(world) -> Optimum:
    """The best that acts by the observation alone, by policy iteration over whole episodes."""
    mdp, seen = read_world(world)
    chosen, reached = np.zeros(len(seen), int), -np.inf
    while (found := over_an_episode(mdp, chosen))[0] > reached + 1e-9:
        policy, (reached, worth) = chosen, found
        chosen = worth.argmax(-1)
    nearest = KDTree(seen).query
    return Optimum(lambda seen: policy[nearest(seen)[1]], reached, best_return(mdp, world.limit))

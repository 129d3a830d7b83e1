"""The best in a world of few states, by dynamic programming. Such a world has, besides,

whole: {part of a state: how many values it has, from 0 on}; chances(state) → [n, K], how probable
each of K things is; happen(state, action [n], thing [n]) → next state, reward, terminated, [n].
"""

from collections import namedtuple

import numpy as np
from scipy.spatial import KDTree

from course_utils.checks import need
from course_utils.envs import MDP
from course_utils.learn.tabular import bellman_backup, best_return

# policy: observation [..., D] → action [...]; reached: what it expects; best: with the days known.
Optimum = namedtuple("Optimum", "policy reached best")


def read_world(world) -> tuple[MDP, np.ndarray]:
    """A world as a table, and its states as seen, [s, D]. ValueError if two of them look alike."""
    sizes = tuple(world.whole.values())

    def index(state):  # what is beyond `whole` is not met within an episode
        return np.ravel_multi_index([state[name] for name in world.whole], sizes, mode="clip")

    state = dict(zip(world.whole, np.indices(sizes).reshape(len(sizes), -1), strict=True))
    seen, chances = world.observe(state), world.chances(state)
    need(len(np.unique(seen, axis=0)) == len(seen), "two states look alike: show more of them.")
    shape = len(seen), len(world.actions), chances.shape[1]  # [s, a, k], as in any table
    s, *done = np.indices(shape).reshape(3, -1)
    after, *paid = world.happen({name: part[s] for name, part in state.items()}, *done)
    rules = [each.reshape(shape) for each in (index(after), *paid)]
    start = np.bincount(index(world.begin(1, None)), minlength=len(seen)).astype(float)
    rules = np.broadcast_to(chances[:, None], shape), *rules, start, world.limit
    return MDP(type(world).__name__, *rules), seen


def over_an_episode(mdp: MDP, chosen: np.ndarray) -> tuple[float, np.ndarray]:
    """The exact return of a policy, chosen [s], and what it would gain by other actions, [s, a]."""
    state, met = np.arange(len(chosen)), [mdp.start]
    stays = mdp.probability[state, chosen] * ~mdp.terminated[state, chosen]
    for _ in range(mdp.time_limit - 1):
        flow = (met[-1][:, None] * stays).ravel()
        met.append(np.bincount(mdp.next_state[state, chosen].ravel(), flow, len(state)))
    value, worth = np.zeros(len(state)), 0.0
    for often in met[::-1]:  # from the last day on
        q = bellman_backup(mdp, value, 1.0)
        value, worth = q[state, chosen], worth + (often[:, None] + 1e-12) * q
    return float(value @ mdp.start), worth


def optimum(world) -> Optimum:
    """The best that acts by the observation alone: policy iteration over whole episodes.

    Backward induction needs the day's number, and gives `best`. No other action in any one state
    would help where this stops; from other beginnings it stops there too, as tests show.
    """
    mdp, seen = read_world(world)
    chosen, reached = np.zeros(len(seen), int), -np.inf
    while (found := over_an_episode(mdp, chosen))[0] > reached + 1e-9:
        policy, (reached, worth) = chosen, found
        chosen = worth.argmax(-1)
    nearest = KDTree(seen).query
    return Optimum(lambda seen: policy[nearest(seen)[1]], reached, best_return(mdp, world.limit))

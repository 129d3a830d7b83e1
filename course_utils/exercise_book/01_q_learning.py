"""Exercises of notebook 01 that need more than numbers."""

from dataclasses import replace

import numpy as np

from course_utils import envs
from course_utils.exercise_book.examination import Exercise
from course_utils.exercise_book.trial import WrongAnswer, brief
from course_utils.learn import tabular

RNG, SAMPLES = np.random.default_rng(1), 4000
ICE, TAXI, CLIFF = map(envs.read_mdp, ("FrozenLake-v1", "Taxi-v4", "CliffWalking-v1"))
SLIPPERY = envs.read_mdp("FrozenLake-v1", success_rate=0.6)
ELSEWHERE = replace(ICE, start=np.array([0.7, 0.2, 0.1] + [0.0] * 13))
CHANCE, START, MIXED = (
    RNG.dirichlet(np.ones(n), size) for n, size in [(2, (5, 3)), (5, ()), (3, 5)]
)
REWARD, ENDS = RNG.normal(size=(5, 3, 2)), RNG.random((5, 3, 2)) < 0.3
NEXT = RNG.integers(4, size=(5, 3, 2))  # none leads to the last state
RANDOM = envs.MDP("random", CHANCE, NEXT, REWARD, ENDS, np.ones(5) / 5, np.inf)
CAREFUL = tabular.greedy_policy(tabular.value_iteration(ICE, 0.9), epsilon=0.1)
DRIVER = tabular.greedy_policy(tabular.value_iteration(TAXI, 0.99))  # arrives: else paid twice
VALUES = {  # some values of four actions or less, and ε
    (0.0, 0.0, 0.0, 0.0): (0.0, 0.9),
    (0.0, 1.0, 1.0, -1.0): (0.0, 0.4),
    (0.5, 0.499, 0.5, 0.2): (0.0,),
    (3.0, -1.0, 2.0): (0.3,),
    (2.0, 1.0): (0.5, 1.0),
    (-0.5, -0.7, -0.9, -0.1): (0.0, 0.7),
}


def action_shares(act, q, epsilon):
    """Each action's share of what is sampled, then 1; what is no action raises WrongAnswer."""
    rng, twin = np.random.default_rng(3), np.random.default_rng(3)
    sampled = [act(q, epsilon, rng) for _ in range(SAMPLES)]
    for action in sampled:
        whole = isinstance(action, int | np.integer) and not isinstance(action, bool)
        if not whole or not 0 <= action < len(q):
            told = f"0 to {len(q) - 1}, as an int; this is {type(action).__name__}, {brief(action)}"
            raise WrongAnswer(f"Return the number of an action, {told}.")
    if [act(q, epsilon, twin) for _ in range(50)] != sampled[:50]:
        told = "sample all random numbers from `rng`"
        raise WrongAnswer(f"The same rng does not give the same actions: {told}.")
    return np.append(np.bincount(sampled, minlength=len(q)) / SAMPLES, 1)


def shares_differ(case, found, wanted):
    action = np.abs(found - wanted).argmax()
    told = f"{found[action]:.1%} of {SAMPLES:,} sampled actions are action {action}"
    return f"With q = {case[0]} and ε = {case[1]}, {told}; right is about {wanted[action]:.0%}."


EXERCISES = [
    Exercise(
        tabular.bellman_backup,
        cases=[
            (SLIPPERY, 9 * RNG.normal(size=16), 0.9),
            (CLIFF, RNG.normal(size=48), 0.5),
            (SLIPPERY, np.ones(16), 1.0),
            (RANDOM, RNG.normal(size=5), 0.7),
        ],
    ),
    Exercise(
        tabular.epsilon_greedy,
        cases=[(np.array(q), epsilon) for q, several in VALUES.items() for epsilon in several],
        probe=action_shares,
        tell=shares_differ,
        tolerance=0.04,
    ),
    Exercise(
        tabular.policy_return,
        cases=[
            (ICE, np.full((16, 4), 0.25), 20),
            (ELSEWHERE, CAREFUL, 150),
            (TAXI, DRIVER, 30),
            *((RANDOM, MIXED, horizon) for horizon in (1, 7)),
        ],
    ),
]

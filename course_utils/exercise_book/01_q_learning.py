"""The exercises of notebook 01."""

from dataclasses import replace
from operator import index

import numpy as np

from course_utils import envs
from course_utils.exercise_book.examination import Exercise, WrongAnswer
from course_utils.learn import tabular

RNG = np.random.default_rng(1)
ICE, TAXI, CLIFF = map(envs.read_mdp, ("FrozenLake-v1", "Taxi-v4", "CliffWalking-v1"))
SLIPPERY = envs.read_mdp("FrozenLake-v1", success_rate=0.6)
ELSEWHERE = replace(ICE, start=np.array([0.7, 0.2, 0.1] + [0.0] * 13))
CAREFUL = tabular.greedy_policy(tabular.value_iteration(ICE, 0.9), epsilon=0.1)
DRIVER = tabular.greedy_policy(tabular.value_iteration(TAXI, 0.99))  # arrives: else paid twice
TIE = np.array([0.0, 1.0, 1.0, -1.0])


def steps(*shape):
    """Rewards, terminal flags and next values of steps, drawn."""
    return RNG.normal(size=shape), RNG.random(shape) < 0.5, RNG.normal(size=(*shape, 4)), 0.9


def action_shares(act, q, epsilon, draws=4000):
    """How often each action is drawn; an answer with its own randomness raises WrongAnswer."""
    rng, twin = np.random.default_rng(3), np.random.default_rng(3)
    actions = [index(act(q, epsilon, rng)) for _ in range(draws)]
    if actions[:50] != [index(act(q, epsilon, twin)) for _ in range(50)]:
        raise WrongAnswer(
            "The same rng does not give the same actions: draw all random numbers from `rng`."
        )
    if min(actions) < 0 or max(actions) >= len(q):
        raise ValueError(
            f"an action must be a number from 0 to {len(q) - 1}, not {min(actions)} "
            f"or {max(actions)}"
        )
    return np.bincount(actions, minlength=len(q)) / draws


def unmasked(mdp, policy, horizon):
    return tabular.policy_return(replace(mdp, terminated=0 * mdp.terminated), policy, horizon)


EXERCISES = [
    Exercise(
        tabular.bellman_backup,
        cases=[
            (SLIPPERY, RNG.normal(size=16), 0.9),
            (CLIFF, RNG.normal(size=48), 0.5),
            (SLIPPERY, np.ones(16), 1.0),
        ],
    ),
    Exercise(
        tabular.q_learning_target,
        cases=[
            (1.0, True, np.array([1.0, 2.0]), 0.9),
            (1.0, False, np.array([1.0, 2.0]), 0.9),
            (-1.0, False, np.array([-3.0, -2.0]), 0.5),
            steps(6),
            steps(2, 3),
        ],
    ),
    Exercise(
        tabular.epsilon_greedy,
        cases=[
            (np.zeros(4), 0.0),
            (TIE, 0.0),
            (TIE, 0.4),
            (np.array([0.5, 0.49, 0.5, 0.2]), 0.0),
            (np.array([-3.0, -1.0, -2.0]), 0.3),
            (TIE, 1.0),
        ],
        probe=action_shares,
        tolerance=0.035,
    ),
    Exercise(
        tabular.policy_return,
        cases=[(ICE, np.full((16, 4), 0.25), 20), (ELSEWHERE, CAREFUL, 150), (TAXI, DRIVER, 30)],
        mistakes={
            unmasked: "The future behind a terminal step is counted: the episode has ended there. "
            "bellman_backup has the mask."
        },
    ),
]

"""The exercises of notebook 01."""

from dataclasses import replace
from operator import index

import numpy as np

from course_utils import envs
from course_utils.exercises import Exercise, WrongAnswer
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
    """A policy's return if episodes went on behind their end."""
    return tabular.policy_return(replace(mdp, terminated=0 * mdp.terminated), policy, horizon)


EXERCISES = [
    Exercise(
        tabular.bellman_backup,
        cases=[
            (SLIPPERY, RNG.normal(size=16), 0.9),
            (CLIFF, RNG.normal(size=48), 0.5),
            (SLIPPERY, np.ones(16), 1.0),
        ],
        hints=[
            "All arrays of the MDP have the shape [s, a, k]; so has value[mdp.next_state], the "
            "values looked up.",
            "For each outcome k: reward + γ · (1 − terminated) · value of the next state.",
            "Multiply by mdp.probability and add up over the last axis.",
        ],
        mistakes={
            "discount * (1 - mdp.terminated) ⇒ discount": "The value behind a terminal step is "
            "counted: an episode that has ended earns nothing, so multiply the next value by (1 − "
            "terminated).",
            "discount * (1 ⇒ (1": "γ is missing: the next state's value comes one step later.",
            "mdp.reward + ⇒ discount * mdp.reward +": "γ also shrinks the reward: the reward "
            "comes now, only the next state's value is discounted.",
            "mdp.probability * (mdp.reward ⇒ (mdp.reward": "The outcomes are added up without "
            "their probabilities.",
            "sum(-1) ⇒ sum(-1).max(-1)": "This is already the maximum over the actions: return "
            "one number for each action, shape [s, a].",
        },
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
        hints=[
            "Two parts: the reward of this step, and the discounted value of the best next action.",
            "The second part must vanish when the episode has terminated: multiply it by (1 - "
            "terminated).",
            "next_q.max(-1) takes the best action whatever axes stand before.",
        ],
        mistakes={
            "discount * (1 - terminated) ⇒ discount": "The terminal mask is missing: after a "
            "terminal step nothing more can be earned.",
            "return reward ⇒ return (1 - terminated) * reward": "The mask also removes the "
            "reward: the last reward was really paid, only the future is gone.",
            "(1 - terminated) ⇒ terminated": "The mask is upside down: the future counts when the "
            "episode goes on, thus 1 - terminated.",
            "(1 - terminated) ⇒ ~terminated": "`~` does not negate Python's True: ~True is −2. "
            "Write 1 - terminated.",
            "discount * (1 ⇒ (1": "γ is missing in front of the next value.",
            "max(-1) ⇒ mean(-1)": "This averages over the next actions: Q-learning takes the best "
            "one.",
            "max(-1) ⇒ max()": "The maximum runs over everything at once: take it over the last "
            "axis only, max(-1).",
        },
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
        hints=[
            "Draw rng.random() once: below ε, take any action with rng.integers(len(q)).",
            "Otherwise list the best actions, np.flatnonzero(q == q.max()), and let rng.choice "
            "pick one.",
        ],
        mistakes={
            "q == q.max(-1, keepdims=True) ⇒ np.arange(len(q)) == q.argmax()": "Ties go to the "
            "lowest index: several best actions must share, or an empty table only moves one way.",
            "< epsilon ⇒ < 1 - epsilon": "ε and 1 − ε are exchanged: ε is the probability of the "
            "random action.",
            "< epsilon ⇒ < 0": "It never explores: with probability ε any action must be possible.",
            "< epsilon ⇒ < 1": "It always explores: with probability 1 − ε take a best action.",
            "explore | ⇒ explore ^": "The random action leaves out the best one: draw it from all "
            "actions.",
        },
    ),
    Exercise(
        tabular.policy_return,
        cases=[(ICE, np.full((16, 4), 0.25), 20), (ELSEWHERE, CAREFUL, 150), (TAXI, DRIVER, 30)],
        hints=[
            "Go backwards: with 0 steps left every state is worth 0.",
            "With one step more: average bellman_backup(mdp, value, 1.0) over the actions, "
            "weighted by the policy.",
            "At the end weight the states by mdp.start: value @ mdp.start.",
        ],
        mistakes={
            "(policy * q).sum(-1) ⇒ q.max(-1)": "This takes the best action; the policy may "
            "choose another. Weight the actions by its probabilities.",
            ", horizon) ⇒ , horizon, 0.99)": "The rewards are discounted: the return is their "
            "plain sum, thus γ = 1 here.",
            ", horizon) ⇒ , horizon - 1)": "One step is missing: repeat the backup exactly "
            "`horizon` times.",
            unmasked: "The future behind a terminal step is counted: the episode has ended there. "
            "bellman_backup has the mask.",
            " @ mdp.start ⇒ [0]": "This is the value of state 0: an episode may begin elsewhere. "
            "Average with mdp.start.",
            " @ mdp.start ⇒ ": "This is the value of each state: average with the start "
            "probabilities, value @ mdp.start.",
        },
    ),
]

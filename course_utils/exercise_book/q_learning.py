"""The exercises of notebook 01."""

from dataclasses import replace
from operator import index

import numpy as np

from course_utils import envs, tabular
from course_utils.exercises import Exercise, WrongAnswer


def _backup_cases():
    rng = np.random.default_rng(1)
    slippery = envs.read_mdp("FrozenLake-v1", success_rate=0.6)
    cliff = envs.read_mdp("CliffWalking-v1")
    return [(slippery, rng.normal(size=16), 0.9), (cliff, rng.normal(size=48), 0.5), (slippery, np.ones(16), 1.0)]


def _target_cases():
    rng = np.random.default_rng(2)

    def case(*shape):
        return rng.normal(size=shape), rng.random(shape) < 0.5, rng.normal(size=(*shape, 4)), 0.9

    return [
        (1.0, True, np.array([1.0, 2.0]), 0.9),
        (1.0, False, np.array([1.0, 2.0]), 0.9),
        (-1.0, False, np.array([-3.0, -2.0]), 0.5),
        case(6),
        case(2, 3),
    ]


def _epsilon_cases():
    tie = np.array([0.0, 1.0, 1.0, -1.0])
    near_tie, negative = np.array([0.5, 0.49, 0.5, 0.2]), np.array([-3.0, -1.0, -2.0])
    return [(np.zeros(4), 0.0), (tie, 0.0), (tie, 0.4), (near_tie, 0.0), (negative, 0.3), (tie, 1.0)]


def _action_shares(act, q, epsilon, draws=4000):
    rng, twin = np.random.default_rng(3), np.random.default_rng(3)
    actions = [index(act(q, epsilon, rng)) for _ in range(draws)]
    if actions[:50] != [index(act(q, epsilon, twin)) for _ in range(50)]:
        raise WrongAnswer("The same rng does not give the same actions: draw all random numbers from `rng`.")
    if min(actions) < 0 or max(actions) >= len(q):
        raise ValueError(f"an action must be a number from 0 to {len(q) - 1}, not {min(actions)} or {max(actions)}")
    return np.bincount(actions, minlength=len(q)) / draws


def _index_ties(q, epsilon, rng):
    return rng.integers(len(q)) if rng.random() < epsilon else q.argmax()


def _never_the_best(q, epsilon, rng):
    others = np.flatnonzero(q < q.max()) if (q < q.max()).any() else np.arange(len(q))
    return rng.choice(others) if rng.random() < epsilon else tabular.epsilon_greedy(q, 0, rng)


def _policy_cases():
    slippery = envs.read_mdp("FrozenLake-v1")
    taxi = envs.read_mdp("Taxi-v4")
    uniform = np.full((16, 4), 0.25)
    careful = tabular.greedy_policy(tabular.value_iteration(slippery, 0.9), epsilon=0.1)
    driver = tabular.greedy_policy(tabular.value_iteration(taxi, 0.99))  # arrives, so it would be paid twice
    elsewhere = replace(slippery, start=np.array([0.7, 0.2, 0.1] + [0.0] * 13))
    return [(slippery, uniform, 20), (elsewhere, careful, 150), (taxi, driver, 30)]


def _backward(mdp, policy, horizon, backup=tabular.bellman_backup, discount=1.0, best=False):
    value = np.zeros(len(mdp.start))
    for _ in range(horizon):
        q = backup(mdp, value, discount)
        value = q.max(-1) if best else (policy * q).sum(-1)
    return value


def _unmasked_backup(mdp, value, discount):
    return (mdp.probability * (mdp.reward + discount * value[mdp.next_state])).sum(-1)


EXERCISES = {
    "bellman_backup": Exercise(
        answer=tabular.bellman_backup,
        cases=_backup_cases,
        hints=[
            "All arrays of the MDP have the shape [s, a, k]; so has value[mdp.next_state], the values looked up.",
            "For each outcome k: reward + γ · (1 − terminated) · value of the next state.",
            "Multiply by mdp.probability and add up over the last axis.",
        ],
        mistakes={
            "The value behind a terminal step is counted: an episode that has ended earns nothing, so multiply the "
            "next value by (1 − terminated).": _unmasked_backup,
            "γ is missing: the next state's value comes one step later.": (
                lambda m, v, d: tabular.bellman_backup(m, v, 1)
            ),
            "γ also shrinks the reward: the reward comes now, only the next state's value is discounted.": (
                lambda m, v, d: d * tabular.bellman_backup(m, v, 1)
            ),
            "The outcomes are added up without their probabilities.": (
                lambda m, v, d: (m.reward + d * ~m.terminated * v[m.next_state]).sum(-1)
            ),
            "The outcomes are averaged as if they were equally likely: weight them by mdp.probability.": (
                lambda m, v, d: (m.reward + d * ~m.terminated * v[m.next_state]).mean(-1)
            ),
            "This is already the maximum over the actions: return one number for each action, shape [s, a].": (
                lambda m, v, d: tabular.bellman_backup(m, v, d).max(-1)
            ),
        },
    ),
    "q_learning_target": Exercise(
        answer=tabular.q_learning_target,
        cases=_target_cases,
        hints=[
            "Two parts: the reward of this step, and the discounted value of the best next action.",
            "The second part must vanish when the episode has terminated: multiply it by (1 - terminated).",
            "next_q.max(-1) takes the best action whatever axes stand before.",
        ],
        mistakes={
            "The terminal mask is missing: after a terminal step nothing more can be earned.": (
                lambda r, t, q, d: r + d * q.max(-1)
            ),
            "The mask also removes the reward: the last reward was really paid, only the future is gone.": (
                lambda r, t, q, d: (1 - t) * (r + d * q.max(-1))
            ),
            "The mask is upside down: the future counts when the episode goes on, thus 1 - terminated.": (
                lambda r, t, q, d: r + d * t * q.max(-1)
            ),
            "`~` does not negate Python's True: ~True is −2. Write 1 - terminated.": (
                lambda r, t, q, d: r + d * ~t * q.max(-1)
            ),
            "γ also shrinks the reward: it is paid now, only the next value comes later.": (
                lambda r, t, q, d: d * (r + (1 - t) * q.max(-1))
            ),
            "γ is missing in front of the next value.": lambda r, t, q, d: tabular.q_learning_target(r, t, q, 1),
            "This averages over the next actions: Q-learning takes the best one.": (
                lambda r, t, q, d: r + d * (1 - t) * q.mean(-1)
            ),
            "The maximum runs over everything at once: take it over the last axis only, max(-1).": (
                lambda r, t, q, d: r + d * (1 - t) * q.max()
            ),
        },
    ),
    "epsilon_greedy": Exercise(
        answer=tabular.epsilon_greedy,
        cases=_epsilon_cases,
        probe=_action_shares,
        tolerance=0.045,
        hints=[
            "Draw rng.random() once: below ε, take any action with rng.integers(len(q)).",
            "Otherwise list the best actions, np.flatnonzero(q == q.max()), and let rng.choice pick one.",
        ],
        mistakes={
            "Ties go to the lowest index: several best actions must share, or an empty table only moves one way.": (
                _index_ties
            ),
            "ε and 1 − ε are exchanged: ε is the probability of the random action.": (
                lambda q, e, rng: tabular.epsilon_greedy(q, 1 - e, rng)
            ),
            "It never explores: with probability ε any action must be possible.": (
                lambda q, e, rng: tabular.epsilon_greedy(q, 0, rng)
            ),
            "It always explores: with probability 1 − ε take a best action.": (
                lambda q, e, rng: tabular.epsilon_greedy(q, 1, rng)
            ),
            "The random action leaves out the best one: draw it from all actions.": _never_the_best,
        },
    ),
    "policy_return": Exercise(
        answer=tabular.policy_return,
        cases=_policy_cases,
        hints=[
            "Go backwards: with 0 steps left every state is worth 0.",
            "With one step more: average bellman_backup(mdp, value, 1.0) over the actions, weighted by the policy.",
            "At the end weight the states by mdp.start: value @ mdp.start.",
        ],
        mistakes={
            "This takes the best action; the policy may choose another. Weight the actions by its probabilities.": (
                lambda m, p, h: _backward(m, p, h, best=True) @ m.start
            ),
            "The rewards are discounted: the return is their plain sum, thus γ = 1 here.": (
                lambda m, p, h: _backward(m, p, h, discount=0.99) @ m.start
            ),
            "One step is missing: repeat the backup exactly `horizon` times.": (
                lambda m, p, h: _backward(m, p, h - 1) @ m.start
            ),
            "One step is too much: repeat the backup exactly `horizon` times.": (
                lambda m, p, h: _backward(m, p, h + 1) @ m.start
            ),
            "The future behind a terminal step is counted: the episode has ended there. bellman_backup has the mask.": (
                lambda m, p, h: _backward(m, p, h, _unmasked_backup) @ m.start
            ),
            "This is the value of state 0: an episode may begin elsewhere. Average with mdp.start.": (
                lambda m, p, h: _backward(m, p, h)[0]
            ),
            "This is the value of each state: average with the start probabilities, value @ mdp.start.": _backward,
            "All states are averaged alike: an episode begins only where mdp.start says so.": (
                lambda m, p, h: _backward(m, p, h).mean()
            ),
        },
    ),
    "what_the_equation_is": Exercise(
        answer="c",
        hints=["Ask what stands on the left before any learning has happened, and whether s′ is always the same."],
        mistakes={
            "A network or a table is defined by its parameters; this equation says nothing of them. It is a condition "
            "that the finished values meet.": "a",
            "As an assignment it is Q-learning with α = 1: each sample wipes out the one before. You have just seen "
            "what that does on the ice.": "b",
            "One sampled s′ is one draw. The condition holds for the average over all s′, not for each of them.": "d",
        },
    ),
    "loss_for_the_expert": Exercise(
        answer="c",
        hints=[
            "Which of the four makes the expert's action likelier when it is minimised, and exists for negative q too?"
        ],
        mistakes={
            "Minimising it makes q of the expert's action small: the sign is wrong, and there is no logarithm of a "
            "negative value.": "a",
            "The sign is right now, but q is no probability: it can be negative, and nothing holds the other actions "
            "down.": "b",
            "It is a probability now, but minimising its logarithm makes the expert's action less likely.": "d",
        },
    ),
    "continuous_actions": Exercise(
        answer="b",
        hints=["Look for the step of the update that goes through all actions."],
        mistakes={
            "A continuous state is no obstacle: a network takes it as input. Look at the actions.": "a",
            "Exploration can draw from a continuous range without trouble. Look at the target.": "c",
            "More outputs do not help: between any two actions there are others. The maximum has no end.": "d",
        },
    ),
}

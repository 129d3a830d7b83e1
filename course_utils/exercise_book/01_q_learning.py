"""The exercise of notebook 01 whose answer is random."""

import numpy as np

from course_utils.exercise_book.examination import Exercise
from course_utils.exercise_book.trial import WrongAnswer, brief
from course_utils.learn import tabular

SAMPLES = 4000
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


CASES = [(np.array(q), epsilon) for q, several in VALUES.items() for epsilon in several]
ASKED = {"cases": CASES, "probe": action_shares, "tell": shares_differ, "tolerance": 0.04}
EXERCISES = [Exercise(tabular.epsilon_greedy, **ASKED)]

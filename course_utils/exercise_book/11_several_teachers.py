"""The exercises of notebook 11."""

from functools import partial

import torch
from torch.nn.functional import cross_entropy

from course_utils.distil.teachers import trembling_policy
from course_utils.exercise_book import finite_loss, two_policies
from course_utils.exercises import Exercise, WrongAnswer
from course_utils.losses import annealed, kickstart_loss, kl_loss, nll_loss

BY_ZERO = {  # what a division by 0 tells, by the value of `until`
    0: "your function divides by `until`, which may be 0. The weight never falls then: return it "
    "before you divide.",
    1: "your function divides by 1 − `until`, which may be 0. The weight falls before `until`: "
    "divide by `until`.",
}


def where_it_divides(function, weight, progress, until):
    try:
        return function(weight, progress, until)
    except ZeroDivisionError as error:
        if until not in BY_ZERO:
            raise
        raise WrongAnswer(f"Your function raised ZeroDivisionError: {BY_ZERO[until]}") from error


LINES = {  # other ways from `weight` to 0, all defined where `until` is 0, and what is said
    "(1 - progress)": "The weight falls over the whole run: it must be 0 from `until` on.",
    "(1 if progress <= until else (1 - progress) / (1 - until))": "The weight stays, and falls "
    "after `until`: it must fall before, and be 0 from there on.",
    "(progress < until)": "This is a step at `until`: the weight must fall in a line from the "
    "start.",
    "(progress <= until)": "This is a step: the weight must fall in a line, and at `until` itself "
    "it is 0.",
}
LINE, UNLESS_ZERO = "max(0.0, 1 - progress / until)", " if until else weight"

randn = partial(torch.randn, generator=torch.Generator().manual_seed(2))

EXERCISES = [
    Exercise(
        kickstart_loss,
        cases=two_policies(),
        probe=finite_loss,
        hints=[
            "Two policies: of π_T, the teacher's, you need the softmax, of π_S its logarithm. "
            "Divide the values by τ.",
            "(teacher / temperature).softmax(-1) is π_T, (student / temperature).log_softmax(-1) "
            "is log π_S.",
            "Multiply the two, add up over the actions with .sum(-1), and turn the sign round.",
        ],
        mistakes={
            "(student / temperature) ⇒ student": "Only the teacher is divided by τ: both are.",
            " / above_zero(temperature) ⇒ ": "Only the student is divided by τ: both are.",
            lambda s, t, tau: kickstart_loss(s, t): "τ is missing: divide both by it.",
            lambda s, t, tau: kickstart_loss(s, t, 1 / tau): "The values are multiplied by τ: "
            "divide them.",
            lambda s, t, tau: kickstart_loss(t, s, tau): "The two are exchanged: the logarithm is "
            "that of the student.",
            lambda s, t, tau: kl_loss(s / tau, t, tau): "This is the KL: the teacher's entropy is "
            "subtracted. The gradient is the same, but H has log π_S alone.",
            "return -( ⇒ return (": "The sign is turned round: a cross-entropy is never below 0.",
            "sum(-1) ⇒ mean(-1)": "The mean over the actions: the formula has a sum.",
            lambda s, t, tau: nll_loss(s / tau, t): "This is the surprise at the teacher's best "
            "action only: all actions count, by the teacher's softmax.",
            "log_softmax ⇒ softmax": "The logarithm is missing.",
            lambda s, t, tau: cross_entropy(s / tau, (t / tau).softmax(-1)): "torch's own "
            "cross_entropy takes the actions on axis 1, and the mean: write the sum out.",
        },
    ),
    Exercise(
        annealed,
        cases=[
            *(
                (1.0, 0.25, 0.5),
                (2.0, 0.0, 0.5),
                (2.0, 0.1, 0.5),
                (2.0, 0.5, 0.5),
                (2.0, 0.8, 0.5),
                (3.0, 0.2, 0.25),
            ),
            *((3.0, 1.0, 0.25), (0.5, 0.3, 1.0), (0.5, 1.0, 1.0), (0.5, 0.5, 0.0), (3.0, 1.0, 0.0)),
        ],
        probe=where_it_divides,
        hints=[
            "All of the weight at progress 0, nothing from `until` on, and a straight line "
            "between the two.",
            "progress / until is the part of the fall that is over. After `until` it is above 1: "
            "max(0, …) helps.",
            "weight * max(0, 1 - progress / until); but if until is 0, return weight before "
            "anything is divided by it.",
        ],
        mistakes={
            "else weight ⇒ else 0": "`until` = 0 is read as a fall that is over: it means that "
            "the weight never falls.",
            "max(0.0, 1 - progress / until) ⇒ (1 - progress / until)": "The weight goes below 0 "
            "after `until`: let it stay at 0.",
            "max(0.0, 1 - progress / until) ⇒ min(1, progress / until)": "The weight rises: it "
            "must be whole at the start, and 0 from `until` on.",
            "weight * max(0.0, 1 - progress / until) ⇒ max(0, weight - progress / until)": "Multiply: the line is `weight` times (1 − progress / until). You subtract.",
            **{f"{LINE} ⇒ {line}": told for line, told in LINES.items()},
            **{
                f"{LINE}{UNLESS_ZERO} ⇒ {line}": f"{told} Where `until` is 0, it never falls."
                for line, told in LINES.items()
            },
        },
    ),
    Exercise(
        trembling_policy,
        cases=[
            (torch.tensor([1.0, 3.0, 2.0]), 0.3),
            (randn(4), 0.0),
            (randn(3, 4), 0.5),
            (randn(2, 3, 4), 0.2),
            (randn(2, 2), 1.0),
            (randn(2, 5), 0.7),
        ],
        hints=[
            "An action is taken on purpose (the best one, in 1 − share of the steps) or by chance "
            "(any one, in share).",
            "Chance gives share / A to each action, the best one included. The best one gets 1 − "
            "share on top.",
            "torch.nn.functional.one_hot(q.argmax(-1), q.shape[-1]) is 1 at the best action and 0 "
            "elsewhere.",
        ],
        mistakes={
            "share / q.shape[-1] ⇒ share / (q.shape[-1] - 1) * (1 - best)": "The random action is "
            "never the best one here: chance gives share / A to all A actions.",
            "share / q.shape[-1] ⇒ share / q.shape[-1] * (1 - best)": "The sum is below 1: the "
            "best action is drawn by chance, too, and gets share / A on top of 1 − share.",
            "(1 - share) * best ⇒ best": "The sum is above 1: the best action is taken on purpose "
            "in 1 − share of the steps only.",
            "share / q.shape[-1] ⇒ share": "The sum is above 1: chance divides its share among "
            "all A actions.",
            lambda q, share: trembling_policy(q, 1 - share): "share and 1 − share are exchanged: "
            "`share` belongs to chance.",
            "* best ⇒ * q.softmax(-1)": "This is a softmax: the teacher takes its best action, "
            "however small the lead is.",
            "* best ⇒ * (q == q.amax(0, keepdim=True))": "This finds the best state for each "
            "action: the actions are on the last axis, argmax(-1).",
            "argmax(-1) ⇒ argmax(0)": "argmax(0) runs over the states: the actions are on the "
            "last axis, argmax(-1).",
            "(q.argmax(-1), q.shape[-1]) ⇒ (q.argmax(-1))": "one_hot makes only as many columns "
            "as it needs: tell it the number of actions, q.shape[-1].",
        },
    ),
]

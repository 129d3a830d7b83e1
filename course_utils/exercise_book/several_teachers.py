"""The exercises of notebook 11."""

import torch
from torch.nn import functional as F

from course_utils.distillation import kl_loss, nll_loss
from course_utils.exercise_book.distillation import finite_loss
from course_utils.exercises import Exercise, WrongAnswer
from course_utils.losses import annealed
from course_utils.teachers import kickstart_loss, trembling_policy


def _two_policies():
    stream = torch.Generator().manual_seed(1)
    shapes = {(3,): 1.0, (5, 4): 0.5, (2, 3, 4): 5.0, (6, 2): 2.0, (4, 3): 0.01}
    *several, (student, teacher, low) = (
        (*(3 * torch.randn(2, *shape, generator=stream)), temperature) for shape, temperature in shapes.items()
    )
    certain = torch.tensor([[0.0, 200.0], [200.0, 0.0]]), torch.tensor([[0.0, 1.0], [0.0, 2.0]]), 1.0
    return [*several, (student.double(), teacher.double(), low), certain]


def _moments():
    return [
        *((1.0, 0.25, 0.5), (2.0, 0.0, 0.5), (2.0, 0.1, 0.5), (2.0, 0.5, 0.5), (2.0, 0.8, 0.5), (3.0, 0.2, 0.25)),
        *((3.0, 1.0, 0.25), (0.5, 0.3, 1.0), (0.5, 1.0, 1.0), (0.5, 0.5, 0.0), (3.0, 1.0, 0.0)),
    ]


BY_ZERO = {  # what a division by 0 tells, by the value of `until`
    0: "your function divides by `until`, which may be 0. The weight never falls then: return it before you divide.",
    1: "your function divides by 1 − `until`, which may be 0. The weight falls before `until`: divide by `until`.",
}


def _where_it_divides(function, weight, progress, until):
    try:
        return function(weight, progress, until)
    except ZeroDivisionError as error:
        if until not in BY_ZERO:
            raise
        raise WrongAnswer(f"Your function raised ZeroDivisionError: {BY_ZERO[until]}") from error


LINES = {  # wrong ways from `weight` to 0, and what is said
    "The weight goes below 0 after `until`: let it stay at 0.": lambda w, p, u: w * (1 - p / u),
    "The weight rises: it must be whole at the start, and 0 from `until` on.": lambda w, p, u: w * min(1, p / u),
    "Multiply: the line is `weight` times (1 − progress / until). You subtract.": lambda w, p, u: max(0, w - p / u),
}
ALWAYS_DEFINED = {  # those that are computed without an error where `until` is 0
    "The weight falls over the whole run: it must be 0 from `until` on.": lambda w, p, u: w * (1 - p),
    "The weight stays, and falls after `until`: it must fall before, and be 0 from there on.": (
        lambda w, p, u: w if p <= u else w * (1 - p) / (1 - u)
    ),
    "This is a step at `until`: the weight must fall in a line from the start.": lambda w, p, u: w * (p < u),
    "This is a step: the weight must fall in a line, and at `until` itself it is 0.": lambda w, p, u: w * (p <= u),
}


def _unless_zero(line):
    return lambda weight, progress, until: line(weight, progress, until) if until else weight


def _values():
    stream = torch.Generator().manual_seed(2)
    shapes = {(4,): 0.0, (3, 4): 0.5, (2, 3, 4): 0.2, (2, 2): 1.0, (2, 5): 0.7}
    drawn = [(torch.randn(shape, generator=stream), share) for shape, share in shapes.items()]
    return [(torch.tensor([1.0, 3.0, 2.0]), 0.3), *drawn]


def _best(q):
    return F.one_hot(q.argmax(-1), q.shape[-1])


EXERCISES = {
    "kickstart_loss": Exercise(
        answer=kickstart_loss,
        cases=_two_policies,
        probe=finite_loss,
        tolerance=1e-4,
        hints=[
            "Two policies: of π_T, the teacher's, you need the softmax, of π_S its logarithm. Divide the values by τ.",
            "(teacher / temperature).softmax(-1) is π_T, (student / temperature).log_softmax(-1) is log π_S.",
            "Multiply the two, add up over the actions with .sum(-1), and turn the sign round.",
        ],
        mistakes={
            "Only the teacher is divided by τ: both are.": lambda s, t, tau: kickstart_loss(s, t / tau, 1),
            "Only the student is divided by τ: both are.": lambda s, t, tau: kickstart_loss(s / tau, t, 1),
            "τ is missing: divide both by it.": lambda s, t, tau: kickstart_loss(s, t, 1),
            "The values are multiplied by τ: divide them.": lambda s, t, tau: kickstart_loss(s, t, 1 / tau),
            "The two are exchanged: the logarithm is that of the student.": lambda s, t, tau: kickstart_loss(t, s, tau),
            "This is the KL: the teacher's entropy is subtracted. The gradient is the same, but H has log π_S alone.": (
                lambda s, t, tau: kl_loss(s / tau, t, tau)
            ),
            "The sign is turned round: a cross-entropy is never below 0.": lambda s, t, tau: -kickstart_loss(s, t, tau),
            "The mean over the actions: the formula has a sum.": (
                lambda s, t, tau: kickstart_loss(s, t, tau) / s.shape[-1]
            ),
            "The mean over the batch: return one loss for each state.": (
                lambda s, t, tau: kickstart_loss(s, t, tau).mean()
            ),
            "This is the surprise at the teacher's best action only: all actions count, by the teacher's softmax.": (
                lambda s, t, tau: nll_loss(s / tau, t)
            ),
            "Only the teacher's best action counts here, and τ is missing: use the teacher's softmax of values / τ.": (
                lambda s, t, tau: nll_loss(s, t)
            ),
            "The logarithm is missing.": lambda s, t, tau: -((t / tau).softmax(-1) * (s / tau).softmax(-1)).sum(-1),
            "The softmax runs over the wrong axis: the actions are on the last one, -1.": (
                lambda s, t, tau: -((t / tau).softmax(0) * (s / tau).log_softmax(0)).sum(-1)
            ),
            "torch's own cross_entropy takes the actions on axis 1, and the mean: write the sum out.": (
                lambda s, t, tau: F.cross_entropy(s / tau, (t / tau).softmax(-1))
            ),
            "There is no τ² here: it belongs to Hinton's form.": lambda s, t, tau: tau**2 * kickstart_loss(s, t, tau),
        },
    ),
    "annealed": Exercise(
        answer=annealed,
        cases=_moments,
        probe=_where_it_divides,
        hints=[
            "All of the weight at progress 0, nothing from `until` on, and a straight line between the two.",
            "progress / until is the part of the fall that is over. After `until` it is above 1: max(0, …) helps.",
            "weight * max(0, 1 - progress / until); but if until is 0, return weight before anything is divided by it.",
        ],
        mistakes={
            "`until` = 0 is read as a fall that is over: it means that the weight never falls.": (
                lambda w, p, u: annealed(w, p, u) if u else 0
            ),
            **{told: _unless_zero(line) for told, line in (LINES | ALWAYS_DEFINED).items()},
            **{f"{told} Where `until` is 0, it never falls.": line for told, line in ALWAYS_DEFINED.items()},
        },
    ),
    "trembling_policy": Exercise(
        answer=trembling_policy,
        cases=_values,
        hints=[
            "An action is taken on purpose (the best one, in 1 − share of the steps) or by chance (any one, in share).",
            "Chance gives share / A to each action, the best one included. The best one gets 1 − share on top.",
            "torch.nn.functional.one_hot(q.argmax(-1), q.shape[-1]) is 1 at the best action and 0 elsewhere.",
        ],
        mistakes={
            "The random action is never the best one here: chance gives share / A to all A actions.": (
                lambda q, share: (1 - share) * _best(q) + share / (q.shape[-1] - 1) * (1 - _best(q))
            ),
            "The sum is below 1: the best action is drawn by chance, too, and gets share / A on top of 1 − share.": (
                lambda q, share: (1 - share) * _best(q) + share / q.shape[-1] * (1 - _best(q))
            ),
            "The sum is above 1: the best action is taken on purpose in 1 − share of the steps only.": (
                lambda q, share: _best(q) + share / q.shape[-1]
            ),
            "The sum is above 1: chance divides its share among all A actions.": (
                lambda q, share: (1 - share) * _best(q) + share
            ),
            "The share is divided by the number of states: divide it by the number of actions, q.shape[-1].": (
                lambda q, share: (1 - share) * _best(q) + share / len(q)
            ),
            "share and 1 − share are exchanged: `share` belongs to chance.": (
                lambda q, share: trembling_policy(q, 1 - share)
            ),
            "This is a softmax: the teacher takes its best action, however small the lead is.": (
                lambda q, share: (1 - share) * q.softmax(-1) + share / q.shape[-1]
            ),
            "Nothing trembles: `share` is not used.": lambda q, share: _best(q),
            "This finds the best state for each action: the actions are on the last axis, argmax(-1).": (
                lambda q, share: (1 - share) * (q == q.amax(0, keepdim=True)) + share / q.shape[-1]
            ),
            "argmax(0) runs over the states: the actions are on the last axis, argmax(-1).": (
                lambda q, share: (1 - share) * F.one_hot(q.argmax(0), q.shape[-1]) + share / q.shape[-1]
            ),
            "One best action of all states together: each state has its own, argmax(-1).": (
                lambda q, share: (1 - share) * (q == q.max()) + share / q.shape[-1]
            ),
            "one_hot makes only as many columns as it needs: tell it the number of actions, q.shape[-1].": (
                lambda q, share: (1 - share) * F.one_hot(q.argmax(-1)) + share / q.shape[-1]
            ),
        },
    ),
    "better_than_its_teachers": Exercise(
        answer="b",
        hints=[
            "In one state two colleagues do the same, and the third does something else. What will the student do?",
            "Which kind of mistake was outgrown above, and which was copied? Of which kind are those of three people?",
        ],
        mistakes={
            "Size decides how exactly the student copies them, mistakes included. What makes a mistake disappear?": "a",
            "NLL is told states and actions, but no rewards: it cannot know which episodes went well.": "c",
            "Nothing lies between two of the four actions. NLL learns how often each was taken.": "d",
        },
    ),
}

"""The exercises of notebook 10."""

from operator import index

import torch

from course_utils.distillation import advantage_loss, hinton_loss, kl_loss, mse_loss, nll_loss
from course_utils.exercise_book.imitation import with_gradient
from course_utils.exercises import Exercise, WrongAnswer


def wrong_lines():
    """The six lines that must be changed or removed.

    1: the teacher is a fresh network; nobody has trained it or loaded it.
    13: the drawn batch takes the names of the running episode, whose observation and `done` are lost.
    14: a target of Q-learning, with reward and next state; the teacher's answer to the same state is wanted.
    15: only the value of the action that was taken is kept; all four answers are to be learned.
    21: it was the teacher that flew, so `total` is the teacher's return and not the student's.
    23: a new student forgets everything, and the optimizer still holds the parameters of the old one.
    """
    return [1, 13, 14, 15, 21, 23]


LAST_LINE = 23
DEFENDED = {  # the other lines of that listing, and why they are right
    (2, 3): "distilling begins with a fresh, smaller network, and an optimizer that holds its parameters.",
    (4, 5, 6, 7): "so an episode begins, and goes on until it is over.",
    (8,): "the plan says that the teacher flies, and this is the teacher's decision.",
    (9, 10, 11): "this is a step in Gymnasium: done when terminated or truncated, and each reward is added.",
    (12,): "it keeps more than distilling needs, which does no harm.",
    (16,): "it compares the student with the teacher. Whether both answers are the right ones, other lines decide.",
    (17, 18, 19): "these three are a step of the optimizer, in the right order.",
    (20,): "the episode goes on from here. Whether the name still holds what it should, another line decides.",
    (22,): "the plan ends here when the number is above 200. Where the number comes from, another line decides.",
}
LIKELY = {  # five right lines and a wrong one, and what is said
    "Line 8 is right: by the plan the teacher flies. Which later line forgets it?": [1, 8, 13, 14, 15, 23],
    "Line 8 is right: by the plan the teacher flies. How many answers does the student give?": [1, 8, 13, 14, 21, 23],
    "Line 16 compares what it is given. Is each of the two what the plan asks for?": [1, 13, 14, 16, 21, 23],
    "Line 20 is right, if the name still holds the state behind the step. Who changed it?": [1, 14, 15, 20, 21, 23],
    "Line 22 is right, if the number is the student's return. Is it?": [1, 13, 14, 15, 22, 23],
    "Line 3 is right: it holds the student of line 2. Is that one always the student?": [1, 3, 13, 14, 15, 21],
}


def _named(attempt):
    """1 for each line that is named, else 0. Raises WrongAnswer for all but the right lines and the likely ones."""
    named = attempt()
    try:
        lines = sorted(set(map(index, named)))
    except TypeError:
        raise WrongAnswer("Return six line numbers in a list, as in [1, 2, 3, 4, 5, 6].") from None
    for line in lines:
        if not 1 <= line <= LAST_LINE:
            raise WrongAnswer(f"There is no line {line}: the lines are numbered from 1 to {LAST_LINE}.")
    if len(lines) != 6:
        raise WrongAnswer(f"Six different lines are asked for; you name {len(lines)}.")
    if lines != wrong_lines() and lines not in LIKELY.values():
        told, innocent = next((why, line) for line in lines for some, why in DEFENDED.items() if line in some)
        hits = len({*lines} & {*wrong_lines()})
        raise WrongAnswer(f"{hits} of the six lines that you name are errors. Line {innocent} is right: {told}")
    return [line in lines for line in range(1, LAST_LINE + 1)]


def _cases(*rest):
    """Answers of a student and a teacher in several shapes; `rest` holds the further arguments of each case."""
    stream = torch.Generator().manual_seed(1)
    shapes = [(3,), (5, 4), (2, 3, 4), (6, 2), (4, 3)]
    return [(*(3 * torch.randn(2, *shape, generator=stream)), *more) for shape, more in zip(shapes, rest, strict=True)]


def _kl_cases():
    *several, (student, teacher, low) = _cases((1.0,), (0.5,), (5.0,), (2.0,), (0.01,))
    certain = torch.tensor([[0.0, 200.0], [200.0, 0.0]]), torch.tensor([[0.0, 1.0], [0.0, 2.0]]), 1.0
    return [*several, (student.double(), teacher.double(), low), certain]


def finite_loss(loss, *arguments):
    """The probe of a loss: it must keep the gradient, and be a number."""
    result = with_gradient(loss, *arguments)
    if isinstance(result, torch.Tensor) and not result.isfinite().all():
        raise WrongAnswer("NaN or infinity: a softmax has become 0, and its logarithm is −∞. Use log_softmax instead.")
    return result


def _hinton(factors=lambda tau, w: (1 - w, w * tau**2), soft=lambda s, t, tau: kl_loss(s / tau, t, tau)):
    def loss(s, t, tau, w):
        hard_factor, soft_factor = factors(tau, w)
        return hard_factor * nll_loss(s, t) + soft_factor * soft(s, t, tau)

    return loss


def _centred(q, axis=-1):
    return q - q.mean(axis, keepdim=True)


EXERCISES = {
    "kl_loss": Exercise(
        answer=kl_loss,
        cases=_kl_cases,
        probe=finite_loss,
        tolerance=1e-4,
        hints=[
            "Two logarithms: log p of the teacher, whose values are divided by τ first, and log q of the student.",
            "log_p = (teacher / temperature).log_softmax(-1), and log_p.exp() is p.",
            "(log_p.exp() * (log_p - student.log_softmax(-1))).sum(-1)",
        ],
        mistakes={
            "This is the KL the other way round: p is the teacher's.": lambda s, t, tau: kl_loss(t / tau, s, 1),
            "The student is divided by τ, too: only the teacher is.": lambda s, t, tau: kl_loss(s / tau, t, tau),
            "τ divides the student instead of the teacher.": lambda s, t, tau: kl_loss(s / tau, t, 1),
            "τ is missing: divide the teacher's values by it.": lambda s, t, tau: kl_loss(s, t, 1),
            "The teacher's values are multiplied by τ: divide them.": lambda s, t, tau: kl_loss(s, t, 1 / tau),
            "This is the cross-entropy: its gradient is right, but it is not 0 where both agree. Add p log p.": (
                lambda s, t, tau: -((t / tau).softmax(-1) * s.log_softmax(-1)).sum(-1)
            ),
            "The mean over the actions: the formula has a sum.": lambda s, t, tau: kl_loss(s, t, tau) / s.shape[-1],
            "The mean over the batch: return one loss for each state.": lambda s, t, tau: kl_loss(s, t, tau).mean(),
            "The sign is turned round: a KL is never below 0.": lambda s, t, tau: -kl_loss(s, t, tau),
            "The softmax runs over the wrong axis: the actions are on the last one, -1.": (
                lambda s, t, tau: ((t / tau).softmax(0) * ((t / tau).log_softmax(0) - s.log_softmax(0))).sum(-1)
            ),
            "There is no τ² here: it belongs to Hinton's form.": lambda s, t, tau: tau**2 * kl_loss(s, t, tau),
        },
    ),
    "hinton_loss": Exercise(
        answer=hinton_loss,
        cases=lambda: _cases((2.0, 0.9), (0.5, 0.3), (4.0, 0.7), (1.0, 0.5), (3.0, 0.2)),
        probe=finite_loss,
        tolerance=1e-4,
        hints=[
            "kl_loss divides the teacher by τ itself; the student you must divide before you hand it over.",
            "The hard part: (1 - weight) * nll_loss(student, teacher).",
            "The soft part: weight * temperature**2 * kl_loss(student / temperature, teacher, temperature).",
        ],
        mistakes={
            "The factor τ² is missing.": _hinton(lambda tau, w: (1 - w, w)),
            "τ² stands before both: it belongs to the KL.": _hinton(lambda tau, w: ((1 - w) * tau**2, w * tau**2)),
            "λ and 1 − λ are exchanged: `weight` belongs to the KL.": _hinton(lambda tau, w: (w, (1 - w) * tau**2)),
            "The factor is τ: it must be τ².": _hinton(lambda tau, w: (1 - w, w * tau)),
            "This is the soft part only: the NLL is missing.": _hinton(lambda tau, w: (0, w * tau**2)),
            "The NLL has a factor as well: 1 − λ.": _hinton(lambda tau, w: (1, w * tau**2)),
            "The student is not divided by τ: both are.": _hinton(soft=kl_loss),
            "The teacher is not divided by τ: both are.": _hinton(soft=lambda s, t, tau: kl_loss(s / tau, t, 1)),
            "The teacher is divided by τ twice: kl_loss does it already.": _hinton(
                soft=lambda s, t, tau: kl_loss(s / tau, t / tau, tau)
            ),
        },
    ),
    "advantage_loss": Exercise(
        answer=advantage_loss,
        cases=lambda: _cases((1.0,), (0.5,), (5.0,), (2.0,), (0.1,)),
        probe=finite_loss,
        tolerance=1e-4,
        hints=[
            "Two steps: take from each of the two its own mean over the actions, then compare by the MSE of 10.1.",
            "q - q.mean(-1, keepdim=True) is what is left of q.",
        ],
        mistakes={
            "Only the teacher's mean is taken away, not the student's.": lambda s, t, tau: mse_loss(s, _centred(t)),
            "Only the student's mean is taken away, not the teacher's.": lambda s, t, tau: mse_loss(_centred(s), t),
            "The maximum is taken away: take the mean.": lambda s, t, tau: mse_loss(
                s - s.amax(-1, keepdim=True), t - t.amax(-1, keepdim=True)
            ),
            "This is the plain MSE: nothing is taken away.": lambda s, t, tau: mse_loss(s, t),
            "The sum over the actions: take the mean.": lambda s, t, tau: advantage_loss(s, t) * s.shape[-1],
            "This takes away the mean over the batch, axis 0.": lambda s, t, tau: mse_loss(
                _centred(s, 0), _centred(t, 0)
            ),
            "This takes away the mean of everything.": lambda s, t, tau: mse_loss(s - s.mean(), t - t.mean()),
            "The distance must be squared.": lambda s, t, tau: (_centred(s) - _centred(t)).abs().mean(-1),
        },
    ),
    "begin_again": Exercise(
        answer="b",
        hints=[
            "How many updates does the new student get after round 1, after round 2, and after round k?",
            "Add them: 1 + 2 + … + k rounds' worth. And what does a student that goes on have that a new one has not?",
        ],
        mistakes={
            "The states are kept, but the updates are not: each time all of them are done again.": "a",
            "A new start can be luckier or unluckier; choosing the luckiest one is the selection of notebook 03.": "c",
            "The updates can be counted without a trial: round by round, add them.": "d",
        },
    ),
    "wrong_lines": Exercise(
        answer=wrong_lines,
        cases=lambda: [()],
        probe=_named,
        hints=[
            "Ask of each name what it holds in that line, and whose it is: teacher, observation, done, total, student.",
            "Write the loop of 10.4 beside lines 13 to 19. What is here that distilling does not need?",
            "One error stands before the loop, three between the draw of a batch and the loss, two behind the episode.",
        ],
        mistakes={f"Five of the six. {told}": lambda lines=lines: lines for told, lines in LIKELY.items()},
    ),
}

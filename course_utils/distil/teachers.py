"""Teachers: a `QNetwork`, or any function from observations [n, D] to action values [n, A]."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from course_utils.checks import check_array, check_shape, checked
from course_utils.losses import annealed, kickstart_loss
from course_utils.networks import QNetwork


@checked
@torch.no_grad()
def teacher_values(teacher: QNetwork | Callable, observation: Tensor) -> Tensor:
    """A teacher's action values for the states of S students, [S, B, D] → [S, B, A].

    Raises ValueError for answers of another shape, and for answers that are NaN or infinite.
    """
    flat, size = observation.flatten(0, 1), observation.shape[-1]  # [S · B, D]
    if not isinstance(teacher, QNetwork):
        q = check_array("of the teacher's answers", teacher(flat.clone()))
        q = torch.as_tensor(q, dtype=torch.float32)
    elif (own := teacher.arguments["observations"]) != size:
        raise ValueError(f"a teacher takes {own} numbers as an observation, this task has {size}.")
    else:
        q = teacher(flat[None] if teacher.seeds == 1 else observation).flatten(0, 1)
    if q.dim() != 2 or len(q) != len(flat):
        raise ValueError(f"an answer of shape {tuple(q.shape)} must be [{len(flat)}, actions].")
    if not torch.isfinite(q).all():
        raise ValueError("the teacher's answers hold NaN or infinite values: find what broke it.")
    return q.view(*observation.shape[:2], -1)


@checked
def policy_teacher(policy: Callable) -> Callable:
    """A teacher whose values are the log-probabilities of a policy, [n, D] → [n, A].

    Learn from it with τ = 1 and without standardizing. It raises ValueError for no probabilities.
    """

    def teacher(observation):
        p = check_array("probabilities", policy(observation))
        p = torch.as_tensor(p, dtype=torch.float32)
        if p.min() < 0 or not ((p.sum(-1) - 1).abs() < 1e-3).all():
            raise ValueError("a policy must give probabilities: none below 0, and their sum is 1.")
        return p.clamp(min=1e-6).log()

    return teacher


def trembling_policy(q: Tensor, share: float) -> Tensor:
    """What an agent does that acts by q, [..., A], but at random in a share of steps: [..., A]."""
    best = F.one_hot(q.argmax(-1), q.shape[-1])
    return (1 - share) * best + share / q.shape[-1]


@checked
def visit_states(steps: Iterator, states: int) -> Tensor:
    """The next states of S players, none behind an end: [S, states, D]. ValueError if too few."""
    visited, counts = [], np.zeros(1)
    while counts.min() < states:
        if (step := next(steps, None)) is None:
            raise ValueError(f"the steps end after {len(visited)}, before {states} states are met.")
        visited.append(step)
        counts = counts + step.real.sum(-1)  # [S]
    seen, *_, real = (np.stack(column, 1) for column in zip(*visited, strict=True))  # [S, T, N, …]
    return torch.tensor(np.stack([own[ok][:states] for own, ok in zip(seen, real, strict=True)]))


@checked
def kickstart(teacher, weight=1, until=0.5, temperature=1, loss=kickstart_loss, schedule=annealed):
    """An `extra_loss` that pulls a new learner to a teacher: λ · loss(q, teacher's values, τ).

    schedule: (weight, progress, until) → λ; by default it falls from `weight` to 0 in a share
    `until` of the run, or never, if that is 0. τ: in scaled rewards. Raises ValueError for τ ≤ 0.
    """

    def extra_loss(learner, q, batch):
        now = schedule(weight, learner.progress(), until)
        if not check_array("schedule", now):  # then the teacher need not be asked
            return torch.zeros(len(q))
        values = teacher_values(teacher, batch.observation)
        check_shape("teacher", values, q.shape, "must answer")
        return now * check_shape("loss", loss(q, values, temperature), q.shape[:2]).mean(-1)

    return extra_loss

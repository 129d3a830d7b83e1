"""The exercises of notebook 02."""

from functools import partial

import numpy as np
import torch

from course_utils import losses, networks, replay
from course_utils.exercise_book.examination import Exercise, WrongAnswer

STREAM = torch.Generator().manual_seed(1)
randn, rand = partial(torch.randn, generator=STREAM), partial(torch.rand, generator=STREAM)
REWARD, DONE = randn(2, 5, 4), rand(2, 5, 4) < 0.3
ENDS = torch.tensor([[0, 0, 0], [1, 0, 0], [0, 1, 1], [0, 0, 1]], dtype=torch.bool)


def steps(discount, *shape):
    terminated = (rand(shape) < 0.5).float()
    return randn(shape), terminated, randn(*shape, 3).requires_grad_(), discount


def without_gradient(target, *arguments):
    y = target(*arguments)
    if getattr(y, "requires_grad", False):
        raise WrongAnswer(
            "The target carries a gradient, so it would be pulled towards Q: end with `.detach()`."
        )
    return y


def refreshed(update_target, rate):
    """The target network's numbers after the update of a pair of small networks."""
    with torch.random.fork_rng(devices=[]):  # the same pair each time, and torch's stream untouched
        torch.manual_seed(2)
        target, online = (
            torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 1)) for _ in range(2)
        )
    before = numbers_of(online)
    update_target(target, online, rate)
    if not torch.equal(before, numbers_of(online)):
        raise WrongAnswer("The online network has changed: only the target network may move.")
    if any(parameter.grad_fn for parameter in target.parameters()):
        raise WrongAnswer(
            "The target network became part of a computation: update inside `torch.no_grad()`."
        )
    moved = numbers_of(target)
    online[0].weight.data += 1  # would a shared tensor show it?
    if not torch.equal(moved, numbers_of(target)):
        raise WrongAnswer(
            "Target and online network now share their numbers: copy the values, not the tensors."
        )
    return moved.numpy()


def numbers_of(network):
    return torch.nn.utils.parameters_to_vector(network.parameters()).detach().clone()


def both(n_step_return, *arguments):
    answer = n_step_return(*arguments)
    try:
        total, steps = answer
    except (TypeError, ValueError):
        raise WrongAnswer(
            "Return two tensors: the discounted sum, and the number of rewards in it."
        ) from None
    return np.stack([np.asarray(total, float), np.asarray(steps, float)])


EXERCISES = [
    Exercise(
        losses.td_target,
        cases=[
            (
                torch.tensor([1.0, 1.0]),
                torch.tensor([0.0, 1.0]),
                torch.tensor([[3.0, 5.0], [3.0, 5.0]]),
                0.9,
            ),
            (torch.tensor([-1.0]), torch.tensor([0.0]), torch.tensor([[-3.0, -2.0]]), 0.5),
            steps(0.9, 6),
            steps(0.5, 2, 3),
            steps(torch.tensor([0.9, 0.81, 0.5, 0.0]), 4),
        ],
        probe=without_gradient,
    ),
    Exercise(
        networks.update_target,
        cases=[(1.0,), (0.25,), (0.01,)],  # rates
        probe=refreshed,
        in_place=True,
    ),
    Exercise(
        replay.n_step_return,
        cases=[
            (torch.tensor([[1.0, 2.0, 4.0]] * 4), ENDS, 0.5),
            (REWARD, DONE, 0.9),
            (REWARD[0, :, :1], DONE[0, :, :1], 0.9),
        ],
        probe=both,
    ),
]

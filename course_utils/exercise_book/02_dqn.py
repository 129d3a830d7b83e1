"""The exercises of notebook 02."""

import torch

from course_utils import losses, networks, replay
from course_utils.exercise_book import streams
from course_utils.exercise_book.examination import Exercise
from course_utils.exercise_book.trial import NotAttempted, WrongAnswer

randn, rand, _ = streams()
ENDS = torch.tensor([[0, 0, 0], [1, 0, 0], [0, 1, 1], [0, 0, 1]], dtype=torch.bool)


def steps(discount, *shape):
    return 6 * randn(shape), (rand(shape) < 0.5).float(), 9 * randn(*shape, 3) - 3, discount


def rewards(*shape):
    return 6 * randn(shape), rand(shape) < 0.3, 0.9


def refreshed(update_target, rate):
    """The target network's numbers after the update of a pair of small networks."""
    with torch.random.fork_rng(devices=[]):  # the same pair each time, and torch's stream untouched
        torch.manual_seed(2)
        target, online = (
            torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 1)) for _ in range(2)
        )
    before = [numbers_of(target), numbers_of(online)]
    result = update_target(target, online, rate)
    moved = numbers_of(target)
    if result is ... and torch.equal(before[0], moved):
        raise NotAttempted
    if not torch.equal(before[1], numbers_of(online)):
        raise WrongAnswer("The online network has changed: only the target network may move.")
    if any(parameter.grad_fn or not parameter.requires_grad for parameter in target.parameters()):
        told = "update inside `torch.no_grad()`, in place"
        raise WrongAnswer(f"The target network became part of a computation: {told}.")
    online[0].weight.data += 1  # would a shared tensor show it?
    if not torch.equal(moved, numbers_of(target)):
        told = "copy the values, not the tensors"
        raise WrongAnswer(f"Target and online network now share their numbers: {told}.")
    return moved.numpy()


def numbers_of(network):
    return torch.nn.utils.parameters_to_vector(network.parameters()).detach().clone()


ENDING = torch.tensor([1.0, 1.0]), torch.tensor([0.0, 1.0]), torch.tensor([[3.0, 5.0]] * 2), 0.9
EXERCISES = [
    Exercise(
        losses.td_target,
        cases=[
            ENDING,
            steps(0.9, 6),
            steps(0.5, 2, 3),
            steps(1.0, 1),
            steps(0.7, 3, 1),
            steps(torch.tensor([0.9, 0.81, 0.5, 0.0]), 4),
        ],
        learns=3,  # that is, nothing through it: the reference carries no gradient
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
            *(rewards(*shape) for shape in [(2, 5, 4), (5, 1), (1, 3), (4,), (6, 6), (3, 1, 4)]),
            (torch.ones(5), torch.zeros(5, dtype=torch.bool), 1.0),
        ],
    ),
]

"""An exercise of notebook 02 whose answer works in place."""

import torch

from course_utils import networks
from course_utils.exercise_book.examination import Exercise
from course_utils.exercise_book.trial import NotAttempted, WrongAnswer


def refreshed(update_target, rate):
    """The target network's numbers after the update of a pair of small networks."""
    target, online = (torch.nn.Sequential(*map(torch.nn.Linear, (2, 2), (2, 1))) for _ in range(2))
    for number, parameter in enumerate([*target.parameters(), *online.parameters()]):
        parameter.data = torch.arange(parameter.numel()).reshape(parameter.shape).sin() + number
    before = [numbers_of(target), numbers_of(online)]
    result = update_target(target, online, rate)
    moved = numbers_of(target)
    if result is ... and torch.equal(before[0], moved):
        raise NotAttempted
    if not torch.equal(before[1], numbers_of(online)):
        raise WrongAnswer("The online network has changed: only the target network may move.")
    if any(parameter.grad_fn or not parameter.requires_grad for parameter in target.parameters()):
        told = "became part of a computation: update inside `torch.no_grad()`, in place."
        raise WrongAnswer(f"The target network {told}")
    online[0].weight.data += 1  # would a shared tensor show it?
    if not torch.equal(moved, numbers_of(target)):
        told = "now share their numbers: copy the values, not the tensors."
        raise WrongAnswer(f"Target and online network {told}")
    return moved.numpy()


def numbers_of(network):
    return torch.nn.utils.parameters_to_vector(network.parameters()).detach().clone()


EXERCISES = [
    Exercise(
        networks.update_target,
        cases=[(1.0,), (0.25,), (0.01,)],  # rates
        probe=refreshed,
        in_place=True,
    )
]
